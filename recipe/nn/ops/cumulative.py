"""Sums of what came before, along an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from ..plain.dim import Dim, DimLike
from ..record.op import Op
from ..record.recording import as_tensor
from ..record.tensor import Tensor

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering

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

    def numpy(self, run: Run, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.cumsum``; padding comes after all frames, and so changes none of them."""
        return x.cumsum(axis=self.inputs[0].dims.index(self.axis), dtype=x.dtype)

    def layer(self, lower: Lowering) -> Reference:
        """``cumsum``."""
        return lower.add(self, "cumsum", {"from": lower.reference(self.inputs[0]), "axis": self.axis})


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

    def numpy(self, run: Run, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.logaddexp.accumulate``; padding comes after all frames, and so changes none of them."""
        axis = self.inputs[0].dims.index(self.axis)
        sums: numpy.ndarray = numpy.logaddexp.accumulate(x.astype("float64"), axis=axis)
        if self.exclusive:
            sums = numpy.roll(sums, 1, axis=axis)
            numpy.moveaxis(sums, axis, 0)[:1] = _LOG_OF_ZERO
        return numpy.maximum(sums, _LOG_OF_ZERO).astype(x.dtype)

    def layer(self, lower: Lowering) -> Reference:
        """``eval``."""
        axis = "self.output.get_axis_from_description(axis)"
        formula = f"tf.math.cumulative_logsumexp(source(0), axis={axis}, exclusive={self.exclusive})"
        options: dict[str, Any] = {
            "from": lower.reference(self.inputs[0]),
            "eval": f"tf.maximum({formula}, {_LOG_OF_ZERO})",
            "eval_locals": {"axis": self.axis},
        }
        return lower.add(self, "eval", options)


def cum_sum(x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
    """
    The sum of all entries up to each one.

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
