"""How often Python looks for garbage while a graph is made: seldom, as nearly all that is made stays."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_SELDOM = (20_000, 50, 100)
"""Thresholds of the three generations; Python's own cost a third of the time in which a graph is made."""


@contextlib.contextmanager
def seldom_collected() -> Iterator[None]:
    """For code that makes many objects and drops few. What is there at its end is never looked through again."""
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.freeze()  # else each of them is visited again, last when the process ends
        gc.set_threshold(*before)
