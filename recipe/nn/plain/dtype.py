"""Types of values."""

from __future__ import annotations

from .errors import NetworkError

DTYPES = ("float32", "float64", "float16", "int32", "int64", "int16", "int8", "uint8", "bool")


def as_dtype(dtype: str) -> str:
    """
    The name of a type of values.

    :raises NetworkError: if it is none: names of Python and of NumPy's classes say too little about bits
    """
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise NetworkError(f"a dtype is one of {', '.join(map(repr, DTYPES))}, not {dtype!r}")
    return dtype
