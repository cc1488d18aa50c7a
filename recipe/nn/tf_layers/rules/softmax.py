"""Softmax."""

from __future__ import annotations

from ...ops.softmax import Softmax
from ..layers import Reference
from ..op_lowering import OpLowering
from ..rule import as_written, rule


@rule(Softmax)
def softmax(op: Softmax, lower: OpLowering) -> Reference:
    """``activation`` for features, that of a ``linear`` before it where there is one; else ``softmax_over_spatial``."""
    form = op.form()
    return lower.activation(op, op.name) if form.kind == "activation" else as_written(form, op, lower)
