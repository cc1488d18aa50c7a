"""Functions of TensorFlow that are written into a config, for what RETURNN has no layer of."""

from __future__ import annotations

import textwrap


class ConfigFunction:
    """
    A function that an ``eval`` layer calls: written into the config where it is used.

    :param text: its definition in Python, with its imports, so that reading a config imports no TensorFlow
    :param needs: functions that it calls
    """

    def __init__(self, text: str, needs: tuple[ConfigFunction, ...] = ()):
        self.text = textwrap.dedent(text).strip()
        self.name = self.text.removeprefix("def ").partition("(")[0]
        self.needs = needs

    def with_needed(self) -> tuple[ConfigFunction, ...]:
        """Those that it calls, and itself."""
        return (*(one for needed in self.needs for one in needed.with_needed()), self)

    def __repr__(self) -> str:
        return self.name
