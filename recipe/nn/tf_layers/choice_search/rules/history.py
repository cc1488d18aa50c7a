"""``cum_concat``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....ops.history import CumConcat
from ....ops.reduce import Reduce
from ....plain.dim import Dim
from ....record.graph import Op
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(CumConcat)
def cum_concat(op: CumConcat, lower: OpLowering) -> Layer:
    """``cum_concat``; it stays in its loop where something is reduced over the steps so far."""
    loop = op.body.loop
    x = op.inputs[0]
    inside = x.op.body.is_inside(loop.body_of_steps)
    source = lower.with_known_shape(x) if inside else lower.in_each_step(lower.unit, x)
    options: dict[str, Any] = {"from": source, "out_spatial_dim": loop.history_dim}
    if lower.once(("is_reduced", loop.history_dim), lambda: _is_reduced(loop.history_dim, lower.network.needed)):
        options["collocate_with"] = [lower.stays_in_loop(lower.unit, is_needed=True)]
    return lower.add(op, "cum_concat", options)


def _is_reduced(dim: Dim, ops: Iterable[Op]) -> bool:
    return any(isinstance(op, Reduce) and dim in op.axes for op in ops)
