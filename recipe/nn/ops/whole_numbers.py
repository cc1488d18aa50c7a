"""What whole numbers cannot do: be divided by 0, have negative exponents, be labels of a dim beyond its size."""

from __future__ import annotations

import numpy

from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.graph import Op, Tensor
from .constants import constant_value


def check_whole_numbers(kind: str, left: Tensor, right: Tensor) -> None:
    """
    :raises NetworkError: if whole numbers are divided by the number 0, or have a negative number as exponent
    """
    number = constant_value(right)
    if number is None or left.dtype.startswith("float"):
        return
    if kind in ("floordiv", "mod") and number == 0:
        sign = "//" if kind == "floordiv" else "%"
        raise NetworkError(f"{left} {sign} 0 of whole numbers ({left.dtype}) is not defined")
    if kind == "pow" and number < 0:
        raise NetworkError(
            f"{left} ** {number}: a power of whole numbers ({left.dtype}) has no negative exponent. Write "
            f"nn.cast(x, 'float32') ** {float(number)}"
        )


def check_exponents(op: Op, exponents: numpy.ndarray, counts: numpy.ndarray) -> None:
    """
    :param counts: which of the exponents are no padding
    :raises NetworkError: if one of them is negative
    """
    wrong = (exponents < 0) & counts
    if wrong.any():
        raise NetworkError(
            f"{op.inputs[0]} ** {op.inputs[1]} are whole numbers, but an exponent is {exponents[wrong].min()}. Write "
            "nn.cast(x, 'float32') ** nn.cast(y, 'float32')",
            op.source,
        )


def labels_in_range(run: Arrays, op: Op, labels: Tensor, array: numpy.ndarray, size: int) -> numpy.ndarray:
    """
    Labels that an op reads entries by: in padding any one will do.

    :param size: how many labels there are
    :raises NetworkError: if one is no label of its dim, such as one of ``labels + 1``
    """
    outside = (array < 0) | (array >= size)
    if not outside.any():
        return array
    wrong = outside & run.counts(labels)
    if wrong.any():
        raise NetworkError(
            f"{array[wrong][0]} is no label of {labels.sparse_dim}, 0 to {size - 1}, but one of "
            f"{labels.seen_from(op.source)}. In arithmetic labels stay those of their dim: with a dim of more labels, "
            "write nn.cast(x, 'int32', sparse_dim=dim)",
            op.source,
        )
    return numpy.clip(array, 0, size - 1)
