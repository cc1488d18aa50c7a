"""Case: a program that needs a work-around."""

from __future__ import annotations

from typing import Any, NamedTuple


class Case(NamedTuple):
    """
    A program that needs a work-around.

    :ivar quirk: its name
    :ivar model: the program; RETURNN must give what NumPy gives
    :ivar failure: what is said without the work-around, by RETURNN or by the comparison: a regular expression
    """

    quirk: str
    model: Any
    failure: str
