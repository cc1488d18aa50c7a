"""Names of variables in a text of Python: each of one thing."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection


class VariableNames:
    """
    The variables of one text.

    :param taken: names that the text has a meaning for
    """

    def __init__(self, taken: Collection[str] = ()):
        self._taken = set(taken)

    def new(self, stem: str) -> str:
        """A variable that nothing else is called, such as ``linear`` or ``linear_2``."""
        name = re.sub(r"\W", "_", stem)
        name = f"_{name}" if not name.isidentifier() or keyword.iskeyword(name) else name
        name = unique(name, self._taken)
        self._taken.add(name)
        return name


def unique(name: str, taken: Collection[str]) -> str:
    """The name, or the name with a number, that is not taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
