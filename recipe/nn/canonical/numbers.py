"""Numbers in a canonical form."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..plain.delayed import Delayed
from ..plain.errors import NetworkError
from ..plain.number import plain_number

_EXACT = 2**53
"""From here on not every whole number is a float64."""


def canonical_number(value: Any) -> Any:
    """A number; equal numbers are equal, whatever type they are of."""
    value = plain_number(value)
    if isinstance(value, (bool, int)):
        return value
    if not isinstance(value, float):
        raise NetworkError(f"an option of a layer cannot be hashed: {value!r} ({type(value).__name__})")
    if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
        return {"float": repr(value)}
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def in_dtype(value: Any, dtype: str) -> Any:
    """A constant, as its dtype holds it: of float32 the shortest decimal that is this float32."""
    if isinstance(value, Delayed) or not dtype.startswith("float") or dtype == "float64":
        return value
    return plain_number(numpy.dtype(dtype).type(value))
