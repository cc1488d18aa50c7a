"""``gather``."""

from __future__ import annotations

from ....ops.indexing import Gather
from ....plain.dim import batch_dim
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(Gather)
def gather(op: Gather, lower: OpLowering) -> Layer:
    """``gather``; in a loop, positions are made such that RETURNN knows that they are per sequence."""
    x, position = op.inputs
    at = lower.reference(position)
    if op.body.loop is not None and op.axis.is_dynamic and batch_dim in x.dims and not position.dims:
        # RETURNN may move this out of the loop, and then needs to know that positions are per sequence, too
        length = lower.add(op, "length", {"from": lower.reference(x), "axis": op.axis}, name="gather_length")
        at = lower.add(op, "eval", {"from": [at, length], "eval": "source(0) + 0 * source(1)"}, name="position")
    options = {"from": lower.reference(x), "position": at, "axis": op.axis, "clip_to_valid": True}
    return lower.add(op, "gather", options)
