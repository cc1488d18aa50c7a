"""
The lengths of constants: which tensors have their axes.

A constant is a number over any dims, so that it can be written without a tensor that has them. But that its axis over
the frames of a pooled sequence, for example, is as long as these are, is known only once that sequence is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..ops.constants import Constant
from ..plain.dim import Dim
from ..plain.errors import NetworkError, user_source_line
from ..record.graph import Body, Op, Tensor
from ..record.loops import LoopOp, ResultOp
from ..record.recording import Recording
from .program import Program


def settle_lengths(recording: Recording) -> None:
    """
    Says of each constant that is computed which tensors have its axes: of several such as are computed anyway.

    :raises NetworkError: if none that stands before it has one of them
    """
    ops = list(_all_ops(recording.root_body))
    constants = [op for op in ops if isinstance(op, Constant) and any(dim.is_dynamic for dim in op.dims)]
    for constant in constants:
        constant.inputs = ()
    position = {op: number for number, op in enumerate(ops)}
    done: set[Constant] = set()
    while len(done) < len(constants):
        needed = Program(recording.root_body, recording.losses, recording.outputs).needed
        more = [constant for constant in constants if constant in needed and constant not in done]
        if not more:
            return
        for constant in more:
            dims = [dim for dim in constant.dims if dim.is_dynamic]
            having = [_with_axis(recording, constant, dim, position, needed) for dim in dims]
            constant.inputs = tuple(dict.fromkeys(having))
        done.update(more)


def _all_ops(body: Body) -> Iterator[Op]:
    """All ops in the order in which they are computed first."""
    for op in body.ops:
        yield op
        if isinstance(op, LoopOp):
            yield from _all_ops(op.body_of_steps)


def _with_axis(
    recording: Recording, constant: Constant, dim: Dim, position: dict[Op, int], needed: Collection[Op]
) -> Tensor:
    makers = [x for x in recording.with_lengths.get(dim, ()) if dim in x.dims and x.op in position]
    before = [x for x in makers if constant.body.is_inside(x.op.body) and position[x.op] < position[constant]]
    if before:
        return next((x for x in before if x.op in needed), before[0])
    line = constant.source or user_source_line()
    maker = next((x for x in makers if not isinstance(x.op, ResultOp) or dim is x.op.result_of.get_axis()), None)
    hint = (
        "Give it an axis that a tensor has, such as x.spatial_dim"
        if maker is None
        else f"It is an axis of {maker.seen_from(line)}: write this after it, in the same loop"
    )
    raise NetworkError(
        f"{constant.output.seen_from(line)} has the axis {dim}, but no tensor has it here, so it is not known how long "
        f"each sequence is along it. {hint}",
        line,
    )
