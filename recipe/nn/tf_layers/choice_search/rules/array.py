"""Joining and parting of axes."""

from __future__ import annotations

from typing import Any

from ....ops.array import Concat, Slice
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(Concat)
def concat(op: Concat, lower: OpLowering) -> Layer:
    """``concat``; it may broadcast where one part lacks an axis, and where RETURNN may move it out of its loop."""
    options: dict[str, Any] = dict(op.form().options)
    options["from"] = [(lower.in_steps(op, tensor, where_moved=True), axis) for tensor, axis in options["from"]]
    return lower.add(op, "concat", options)


@rule(Slice)
def slice_(op: Slice, lower: OpLowering) -> Layer:
    """``slice``, with the end, which RETURNN does not take from the new dim."""
    options = {**op.form().options, "from": lower.reference(op.inputs[0])}
    return lower.add(op, "slice", {**options, "slice_end": op.start + op.out_dim.size})
