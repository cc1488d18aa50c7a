"""``constant``."""

from __future__ import annotations

from typing import Any

from ....ops.constants import Constant
from ...axis_order import batch_first
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(Constant)
def constant(op: Constant, lower: OpLowering) -> Layer:
    """``constant``; none at all where it is only the initial value of states, one for all that are alike."""
    if lower.unit is lower.root:
        return lower.constant_at_root(op.value, op.dims, op.dtype, op.sparse_dim)
    options: dict[str, Any] = {"value": op.value, "shape": batch_first(op.dims), "dtype": op.dtype}
    if not op.dims:
        del options["shape"]
    if op.sparse_dim is not None:
        options["sparse_dim"] = op.sparse_dim
    same = ("constant", lower.unit, repr(op.value), op.dims, op.dtype, op.sparse_dim)
    return lower.once(same, lambda: lower.add(op, "constant", options))
