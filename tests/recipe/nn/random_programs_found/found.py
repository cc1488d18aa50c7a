"""Found: a program that failed, written down by what it has besides few statements."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..random_programs.program import Program


class Found(NamedTuple):
    """
    A program that failed.

    :ivar what: what is in it
    :ivar program: the program
    :ivar quirk: the work-around that it needs; with several, the last one
    :ivar failure: what is said without it: a regular expression
    """

    what: str
    program: Program
    quirk: str = ""
    failure: str = ""


FEW: dict[str, Any] = {
    "lengths": ((2, 1), (3, 2)),
    "features": 3,
    "over": "time",
    "end": None,
    "max_seq_len": "",
    "around": "",
    "initial": ("number",) * 3,
    "beam_size": 0,
    "length_normalization": 0.0,
    "before": (),
    "after": (),
    "body": (),
    "outputs": "last",
}
"""What most of the programs have."""


def program(**changes: Any) -> Program:
    """A program with few statements."""
    return Program(**{**FEW, **changes})
