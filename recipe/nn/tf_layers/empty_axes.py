"""Axes along which a whole batch may have nothing: those of loops that may end before their first step."""

from __future__ import annotations

from typing import Any

from ..ops.array import PostfixInTime
from ..plain.dim import Dim
from ..record.loops import LoopOp, ResultOp
from .made_axes import makers_of_axes


def may_make_no_step(build: Any, loop: LoopOp) -> bool:
    """Whether a loop may make no step in a whole batch."""
    if (loop.end is not None and not loop.include_eos) or loop.inputs:
        return True
    return loop.axis_is_known and may_be_empty(build, loop.input_axis)


def may_be_empty(build: Any, dim: Dim) -> bool:
    """Whether an axis is that of such a loop, or made of one. Those of the network's inputs are never empty."""
    maker = build.once("makers of axes", lambda: makers_of_axes(build.program)).get(dim)
    if isinstance(maker, ResultOp) and dim is maker.result_of.get_axis():
        return may_make_no_step(build, maker.result_of)
    if maker is None or isinstance(maker, PostfixInTime):
        return False
    return any(may_be_empty(build, axis) for x in maker.inputs for axis in x.dims)
