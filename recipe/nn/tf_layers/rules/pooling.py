"""``pool``."""

from __future__ import annotations

from typing import Any

from ...ops.pooling import LOWEST, Pool
from ...plain.dim import Dim
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(Pool)
def pool(op: Pool, build: Build) -> Layer:
    """
    ``pool`` of the frames and more.

    RETURNN (1.20261022, ``PoolLayer`` in tf/layers/basic.py) pads after the longest sequence of the batch only, or on
    both sides of it. So as many frames as the last group may lack are put after the last one of each sequence.
    Test: ops/test_pooling.py::test_each_group_of_frames
    """
    x = op.inputs[0]
    filled_dim = Dim(None, f"{op.axis.name}_filled")
    filling = {"axis": op.axis, "out_dim": filled_dim, "repeat": op.size - 1}
    filling["postfix"] = LOWEST if op.mode == "max" else 0.0
    filled = build.add(op, "postfix_in_time", {"from": build.reference(x), **filling}, name="pool_filled")
    options: dict[str, Any] = {**op.form().options, "from": filled, "in_spatial_dims": [filled_dim]}
    if op.mode == "max":
        greatest = build.add(op, "pool", options, name="pool_of_filled")
        # of groups that are padding nothing is left whose square is infinite, which would spoil gradients
        formula = f"tf.where(source(0) > {LOWEST / 2}, source(0), 0.0)"
        return build.add(op, "eval", {"from": greatest, "eval": formula})
    mean = build.add(op, "pool", options, name="pool_of_filled")
    length = build.add(op, "length", {"from": build.reference(x), "axis": op.axis}, name="pool_length")
    count = build.add(op, "range_in_axis", {"from": mean, "axis": op.out_dim}, name="pool_range")
    there = f"tf.clip_by_value(source(1) - {op.size} * source(2), 1, {op.size})"
    formula = f"source(0) * {op.size} / tf.cast({there}, source(0).dtype)"
    return build.add(op, "eval", {"from": [mean, length, count], "eval": formula})
