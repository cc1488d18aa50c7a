"""What leaves a loop, of values that are computed for all steps at once."""

from __future__ import annotations

from ...ops.array import ReplaceDim
from ...ops.constants import constant
from ...ops.elementwise import Compare, Where
from ...ops.last_frame import LastFrame
from ...ops.lengths import Length
from ...plain.dim import batch_dim
from ...record.graph import Tensor
from ...record.loops import FinalState, ResultOp, StackOp
from ..without_batch import without_batch
from .whole_values import WholeValues


def whole_result(whole: WholeValues, op: ResultOp) -> Tensor:
    """The new value of a result of the loop: all steps of a value, its last one, or the last one of a state."""
    if isinstance(op, StackOp):
        return _all_steps(whole, op)
    if not isinstance(op, FinalState):
        return _last(whole, op.inner, _zero(op.inner))
    cell = op.inner.op
    if cell in whole.sequences and any(x is op.previous.output for x in cell.inputs):
        return whole.sequences[cell].outputs[1 + op.inner.index]
    assert op.previous.initial is not None
    return _last(whole, op.inner, whole.read(op.previous.initial))


def _all_steps(whole: WholeValues, op: StackOp) -> Tensor:
    steps = whole.ordered(whole.full(whole.get(op.inner)), op.inner)
    axis = op.result_of.get_axis()
    return steps if axis is whole.axis else ReplaceDim(steps, whole.axis, axis).output


def _last(whole: WholeValues, inner: Tensor, other: Tensor) -> Tensor:
    """The last step of each sequence, or the other value where it has none."""
    steps = whole.get(inner)
    if not whole.graph.has_known_steps:
        steps = whole.full(steps)
    if whole.axis in steps.dims:
        last = LastFrame(steps, other, whole.axis).output
        if batch_dim in last.dims and batch_dim not in inner.dims:
            last = without_batch(last)  # the loop ends at once for all sequences
        return whole.ordered(last, inner)
    if whole.axis.is_static:
        return steps
    length = Length(whole.axis, whole.like()).output
    return Where(Compare("greater", length, constant(0)).output, steps, other).output


def _zero(like: Tensor) -> Tensor:
    """What a value is after a loop without a step."""
    return constant(False if like.dtype == "bool" else 0, dtype=like.dtype, sparse_dim=like.sparse_dim)
