"""Sums and maxima of what came before, along an axis."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, DimLike
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor

_LOG_OF_ZERO = -1e30
"""What stands for ``log 0``: no infinity, of which differences would be no numbers."""


class CumSum(Op):
    """The sum of all entries up to each one."""

    name = "cum_sum"

    def __init__(self, x: Tensor, axis: Dim):
        self.axis = axis
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        self.require_float(self.inputs[0])
        self.set_output(self.inputs[0].dims)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.cumsum``; padding comes after all frames, and so changes none of them."""
        return x.cumsum(axis=self.inputs[0].dims.index(self.axis), dtype=x.dtype)

    def form(self) -> Form:
        """``cumsum``."""
        return Form("cumsum", {"from": self.inputs[0], "axis": self.axis})


class CumLogSumExp(Op):
    """``log(sum(exp(x)))`` of all entries up to each one."""

    name = "cum_log_sum_exp"

    def __init__(self, x: Tensor, axis: Dim, exclusive: bool):
        self.axis, self.exclusive = axis, exclusive
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        self.require_float(self.inputs[0])
        self.set_output(self.inputs[0].dims)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.logaddexp.accumulate``; padding comes after all frames, and so changes none of them."""
        axis = self.inputs[0].dims.index(self.axis)
        sums: numpy.ndarray = numpy.logaddexp.accumulate(x.astype("float64"), axis=axis)
        if self.exclusive:
            sums = numpy.roll(sums, 1, axis=axis)
            numpy.moveaxis(sums, axis, 0)[:1] = _LOG_OF_ZERO
        return numpy.maximum(sums, _LOG_OF_ZERO).astype(x.dtype)

    def form(self) -> Form:
        """``eval``."""
        axis = "self.output.get_axis_from_description(axis)"
        formula = f"tf.math.cumulative_logsumexp(source(0), axis={axis}, exclusive={self.exclusive})"
        evaluated = f"tf.maximum({formula}, {_LOG_OF_ZERO})"
        return Form("eval", {"from": self.inputs[0], "eval": evaluated, "eval_locals": {"axis": self.axis}})


class CumMax(Op):
    """The greatest of all entries up to each one."""

    name = "cum_max"

    def __init__(self, x: Tensor, axis: Dim):
        self.axis = axis
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        self.require_float(self.inputs[0])
        self.set_output(self.inputs[0].dims)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.maximum.accumulate``; padding comes after all frames, and so changes none of them."""
        greatest: numpy.ndarray = numpy.maximum.accumulate(x, axis=self.inputs[0].dims.index(self.axis))
        return greatest

    def form(self) -> Form:
        """``cum_max``, which is no layer of RETURNN: each engine has a rule for it."""
        return Form("cum_max", {"from": self.inputs[0], "axis": self.axis})


def cum_max(x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
    """
    The greatest of all entries up to each one; the dims are those of ``x``.

    :param axis: default: the only axis with lengths
    """
    x = as_tensor(x)
    return CumMax(x, x.resolve_axis(axis)).output


def cum_sum(x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
    """
    The sum of all entries up to each one; the dims are those of ``x``.

    :param axis: default: the only axis with lengths
    """
    x = as_tensor(x)
    return CumSum(x, x.resolve_axis(axis)).output


def cum_log_sum_exp(x: Tensor, *, axis: DimLike | str | None = None, exclusive: bool = False) -> Tensor:
    """
    ``log(sum(exp(x)))`` of all entries up to each one: sums of probabilities in log space.

    :param axis: default: the only axis with lengths
    :param exclusive: whether the entry itself is left out; that of nothing is -1e30
    """
    x = as_tensor(x)
    return CumLogSumExp(x, x.resolve_axis(axis), exclusive).output
