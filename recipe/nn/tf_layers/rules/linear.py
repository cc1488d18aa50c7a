"""``linear``."""

from __future__ import annotations

from typing import Any

from ...ops.linear import LinearOp
from ...ops.loss import ArgMax
from ...record.graph import Tensor
from ...record.loops import PreviousOp, ResultOp
from ..layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(LinearOp)
def linear(op: LinearOp, lower: OpLowering) -> Layer:
    """``linear`` with the parameters of the module."""
    x, weight, *bias = op.inputs
    options: dict[str, Any] = {} if op.activation is None else {"activation": op.activation}
    options |= {"from": lower.reference(x), **lower.dropout(op.dropout), "out_dim": op.out_dim}
    if not bias:
        options["with_bias"] = False
    if _is_from_argmax(x, set()):
        # such labels are declared to have no feature axis, and RETURNN would take over that for the vectors
        options["out_type"] = {"dim": op.out_dim.dimension}
    options["reuse_params"] = lower.parameter_map(W=weight, **({"b": bias[0]} if bias else {}))
    return lower.add(op, "linear", options)


def _is_from_argmax(labels: Tensor, seen: set[Tensor]) -> bool:
    """Whether labels are or may become those of an argmax, also by a state of a loop."""
    if labels.sparse_dim is None or labels in seen:
        return False
    seen.add(labels)
    op = labels.op
    sources = [*op.inputs]
    if isinstance(op, PreviousOp):
        sources += [tensor for tensor in (op.initial, op.final) if tensor is not None]
    elif isinstance(op, ResultOp):
        sources.append(op.inner)
    return isinstance(op, ArgMax) or any(_is_from_argmax(source, seen) for source in sources)
