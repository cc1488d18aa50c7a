"""Formula: a text with values in it, which may be known later."""

from __future__ import annotations

from typing import Any

from .delayed import resolved


class Formula:
    """
    A text with values in it, which may be such that a job gives later.

    :param template: with ``{0!r}`` and so on for the values
    :param values: numbers, texts, or :class:`recipe.nn.plain.delayed.Delayed`
    """

    def __init__(self, template: str, *values: Any):
        self.template = template
        self.values = values

    def text(self) -> str:
        """The text.

        :raises NetworkError: if a value is not there yet
        """
        return self.template.format(*(resolved(value) for value in self.values))

    def __repr__(self) -> str:
        return f"Formula({self.template!r}, {', '.join(map(repr, self.values))})"
