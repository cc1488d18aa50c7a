"""Axes along which a whole batch may have nothing: those of loops that may end before their first step."""

from __future__ import annotations

from typing import Any

from ..ops.array import PostfixInTime
from ..plain.dim import Dim
from ..program.program import Program
from ..record.graph import Op
from ..record.loops import LoopOp, ResultOp


def may_make_no_step(build: Any, loop: LoopOp) -> bool:
    """Whether a loop may make no step in a whole batch."""
    if (loop.end is not None and not loop.include_eos) or loop.inputs:
        return True
    return loop.axis_is_known and may_be_empty(build, loop.input_axis)


def may_be_empty(build: Any, dim: Dim) -> bool:
    """Whether an axis is that of such a loop, or made of one. Those of the network's inputs are never empty."""
    maker = build.once("makers of axes", lambda: _makers(build.program)).get(dim)
    if isinstance(maker, ResultOp) and dim is maker.result_of.get_axis():
        return may_make_no_step(build, maker.result_of)
    if maker is None or isinstance(maker, PostfixInTime):
        return False
    return any(may_be_empty(build, axis) for x in maker.inputs for axis in x.dims)


def _makers(program: Program) -> dict[Dim, Op]:
    """The first op that has each axis with lengths."""
    makers: dict[Dim, Op] = {}
    for op in program.ops_in_order():
        for tensor in op.outputs:
            for dim in tensor.dims:
                if dim.is_dynamic:
                    makers.setdefault(dim, op)
    return makers
