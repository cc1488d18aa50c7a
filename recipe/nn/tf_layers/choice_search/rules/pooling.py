"""``pool``."""

from __future__ import annotations

from typing import Any

from ....ops.pooling import LOWEST, Pool
from ....plain.dim import Dim
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(Pool)
def pool(op: Pool, lower: OpLowering) -> Layer:
    """
    ``pool`` of the frames and, after each sequence's last, as many as the last group may lack.

    RETURNN's own padding stands after the longest sequence of the batch only, or on both sides of it.
    """
    x = op.inputs[0]
    filled_dim = Dim(None, f"{op.axis.name}_filled")
    filling = {"axis": op.axis, "out_dim": filled_dim, "repeat": op.size - 1}
    filling["postfix"] = LOWEST if op.mode == "max" else 0.0
    filled = lower.add(op, "postfix_in_time", {"from": lower.reference(x), **filling}, name="pool_filled")
    options: dict[str, Any] = {**op.form().options, "from": filled, "in_spatial_dims": [filled_dim]}
    if op.mode == "max":
        return lower.add(op, "pool", options)
    mean = lower.add(op, "pool", options, name="pool_of_filled")
    length = lower.add(op, "length", {"from": lower.reference(x), "axis": op.axis}, name="pool_length")
    count = lower.add(op, "range_in_axis", {"from": mean, "axis": op.out_dim}, name="pool_range")
    there = f"tf.clip_by_value(source(1) - {op.size} * source(2), 1, {op.size})"
    formula = f"source(0) * {op.size} / tf.cast({there}, source(0).dtype)"
    return lower.add(op, "eval", {"from": [mean, length, count], "eval": formula})
