"""The frames that came so far in each step, as all frames under a mask."""

from __future__ import annotations

import numpy

from ...ops.array import ReplaceDim
from ...ops.constants import constant
from ...ops.dot import Dot
from ...ops.dropout import Dropout
from ...ops.elementwise import Cast, Combine, Where
from ...ops.history import CumConcat
from ...ops.indexing import Gather
from ...ops.lengths import Length
from ...ops.reduce import Reduce
from ...ops.softmax import Softmax
from ...plain.dim import Dim, batch_dim
from ...record.graph import Op, Tensor
from .whole_values import WholeValues

Outputs = tuple[Tensor, ...]


def cum_concat(whole: WholeValues, op: CumConcat) -> Outputs:
    """All frames, along the axis of which each step sees those so far."""
    frames = whole.full(whole.get(op.inputs[0]))
    return ReplaceDim(frames, whole.axis, _all_frames(whole, op)).outputs


def softmax(whole: WholeValues, op: Softmax) -> Outputs:
    """Later frames have the probability 0."""
    x = whole.get(op.inputs[0])
    return whole.rebuilt(op, [_so_far(whole, x, float("-inf")) if _is_over_history(whole, op) else x])


def reduce(whole: WholeValues, op: Reduce) -> Outputs:
    """Later frames do not count."""
    x = whole.get(op.inputs[0])
    if not _is_over_history(whole, op):
        return whole.rebuilt(op, [x])
    if op.mode == "mean":
        return (_mean(whole, op, x),)
    return whole.rebuilt(op, [_so_far(whole, x, _neutral(op.mode, x.dtype))])


def dot(whole: WholeValues, op: Dot) -> Outputs:
    """Later frames do not count."""
    a, b = (whole.get(x) for x in op.inputs)
    if _is_over_history(whole, op) and not any(_is_zero_later(whole, x) for x in op.inputs):
        a = _so_far(whole, a, 0.0)
    return whole.rebuilt(op, [a, b])


def gather(whole: WholeValues, op: Gather) -> Outputs:
    """The last entry of those so far is that of the step."""
    x, position = (whole.get(x) for x in op.inputs)
    if _is_over_history(whole, op):
        position = Combine("minimum", position, whole.numbers(), broadcast=True).output
    return whole.rebuilt(op, [x, position])


def length(whole: WholeValues, op: Length) -> Outputs:
    """One frame more in each step."""
    if op.dim in whole.dims:
        return Combine("add", constant(1, [batch_dim]), whole.numbers(), broadcast=True).outputs
    return whole.rebuilt(op, [whole.get(op.inputs[0])])


def _all_frames(whole: WholeValues, op: CumConcat) -> Dim:
    loop = op.body.loop
    assert loop is not None
    return whole.dims[loop.history_dim]


def _is_over_history(whole: WholeValues, op: Op) -> bool:
    return any(dim in whole.dims for dim in op.held_dims)


def _so_far(whole: WholeValues, x: Tensor, later: float) -> Tensor:
    """All steps of a value over the frames so far: ``later`` where a frame comes after the step."""
    return Where(whole.seen(x), x, constant(later, dtype=x.dtype), broadcast=True).output


def _neutral(mode: str, dtype: str) -> float:
    """What changes no sum, maximum or minimum."""
    if mode == "sum":
        return 0
    if dtype.startswith("float"):
        return float("inf") if mode == "min" else float("-inf")
    limits = numpy.iinfo(dtype)
    return int(limits.min if mode == "max" else limits.max)


def _mean(whole: WholeValues, op: Reduce, x: Tensor) -> Tensor:
    """The sum of the frames so far by their number, which is that of the step and one; before, the mean of the rest."""
    (history,) = whole.dims.values()
    others = tuple(dim for dim in op.axes if dim not in whole.dims)
    if others:
        x = Reduce("mean", x, others).output
    total = Reduce("sum", _so_far(whole, x, 0.0), (history,)).output
    count = Combine("add", whole.numbers(), constant(1)).output
    return Combine("truediv", total, Cast(count, total.dtype, None).output, broadcast=True).output


def _is_zero_later(whole: WholeValues, x: Tensor) -> bool:
    """Whether a value over the frames so far is 0 for later ones: probabilities of them."""
    op = x.op
    if isinstance(op, Dropout):
        return _is_zero_later(whole, op.inputs[0])
    return isinstance(op, Softmax) and not op.log and _is_over_history(whole, op)
