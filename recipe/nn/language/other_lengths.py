"""Axes with other lengths in each step of a loop: what has one has no value for all steps together."""

from __future__ import annotations

from collections.abc import Iterator

from ..ops.history import CumConcat
from ..ops.lengths import Length
from ..ops.new_axis import RangeFromLength
from ..plain.dim import Dim
from ..plain.errors import NetworkError
from ..record.graph import Op, Tensor
from ..record.loops import LoopIndex, LoopOp, PreviousOp, ResultOp, UnstackOp


def check_lengths(result: ResultOp) -> None:
    """
    :raises NetworkError: if a value that leaves a loop has other lengths in each step
    """
    for dim in result.inner.known_dims or ():
        maker = differing(result.result_of, dim)
        if maker is not None:
            value = result.inner.seen_from(result.source)
            raise NetworkError(
                f"{value} has other lengths along {dim} in each step of the loop, {_reason(maker, result)}, so it has "
                "no value for all steps together. Reduce it in the step, by nn.reduce_max(x, axis), by attention or "
                "the like, or take inner.last(y) in place of inner.stack(y)",
                result.source,
            )


def differing(loop: LoopOp, dim: Dim) -> Op | None:
    """What makes an axis in the steps of a loop, if its lengths may differ from step to step; else None."""
    if not dim.is_dynamic:
        return None
    known = [x.op for x in loop.body.recording.with_lengths.get(dim, ()) if dim in x.dims]
    having = [op for op in known if not (isinstance(op, ResultOp) and op.result_of is loop)]
    inside = [op for op in having if op.body.is_inside(loop.body_of_steps)]
    if not inside or any(loop.body.is_inside(op.body) for op in having):
        return None
    maker = inside[0]
    if isinstance(maker, CumConcat):
        return maker
    if isinstance(maker, ResultOp) and dim is maker.result_of.get_axis():
        return maker if _makes_other_numbers_of_steps(maker.result_of, loop) else None
    if isinstance(maker, RangeFromLength):
        return maker if _depends_on_step(maker.inputs[0], loop) else None
    of_inputs = (differing(loop, axis) for x in maker.inputs for axis in x.dims)
    return next((found for found in of_inputs if found is not None), None)


def _makes_other_numbers_of_steps(inner: LoopOp, loop: LoopOp) -> bool:
    """Whether a loop inside may make another number of steps in each step of the loop around."""
    if inner.axis is not None and inner.axis_is_known and differing(loop, inner.axis) is not None:
        return True
    return any(_depends_on_step(x, loop) for x in _controls(inner))


def _controls(loop: LoopOp) -> list[Tensor]:
    """What the number of steps of a loop depends on, beside the lengths of its input."""
    return [*loop.inputs, *([loop.end] if loop.end is not None else [])]


def _depends_on_step(tensor: Tensor, loop: LoopOp) -> bool:
    """Whether a value differs from step to step."""
    todo, seen = [tensor.op], {tensor.op}
    while todo:
        op = todo.pop()
        if not op.body.is_inside(loop.body_of_steps):
            continue
        if isinstance(op, Length):
            if differing(loop, op.dim) is not None:
                return True
            continue
        if op.is_random or _is_of_step(op, loop):
            return True
        new = {read.op for read in _read(op)} - seen
        seen |= new
        todo += new
    return False


def _is_of_step(op: Op, loop: LoopOp) -> bool:
    if isinstance(op, PreviousOp):
        return op.loop is loop and not op.is_constant
    return isinstance(op, (UnstackOp, LoopIndex)) and op.loop is loop


def _read(op: Op) -> Iterator[Tensor]:
    yield from op.inputs
    if isinstance(op, PreviousOp):
        yield from (x for x in (op.initial, op.final) if x is not None)
    elif isinstance(op, ResultOp):
        yield op.inner
        yield from _controls(op.result_of)


def _reason(maker: Op, result: ResultOp) -> str:
    if isinstance(maker, ResultOp):
        line = maker.result_of.source.seen_from(result.source)
        return f"as the loop inside ({line}) makes another number of steps in each"
    if isinstance(maker, RangeFromLength):
        return "as the axis is made of lengths that each step computes"
    return "as the axis is made of what came so far"
