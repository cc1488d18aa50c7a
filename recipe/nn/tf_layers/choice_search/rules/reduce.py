"""``reduce``."""

from __future__ import annotations

from typing import Any

from ....ops.reduce import Reduce
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(Reduce)
def reduce(op: Reduce, lower: OpLowering) -> Layer:
    """``reduce``; over the steps so far of a loop it stays in the loop."""
    options: dict[str, Any] = {**op.form().options, "from": lower.reference(op.inputs[0])}
    loop = op.body.loop
    if loop is not None and any(axis is loop.history_dim for axis in op.axes):
        # outside of the loop RETURNN does not know where the frames of each step's history end; in it, all count
        options["use_time_mask"] = False
        options["collocate_with"] = [lower.stays_in_loop(lower.unit, is_needed=True)]
    return lower.add(op, "reduce", options)
