"""Numbers: what may stand for one, and NumPy's as Python's."""

from __future__ import annotations

from typing import Any

import numpy


def plain_number(value: Any) -> Any:
    """A number of NumPy as one of Python, of float32 the shortest decimal that is this float32; others as they are."""
    if not isinstance(value, numpy.generic):
        return value
    if value.dtype.kind == "f" and value.dtype.itemsize < 8:
        return float(str(value))
    return value.item()


def is_number(value: Any) -> bool:
    """Whether it is an int or a float, and no bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_size(value: Any) -> bool:
    """Whether it is a whole number of at least 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
