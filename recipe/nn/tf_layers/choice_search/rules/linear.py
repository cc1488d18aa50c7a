"""``linear``."""

from __future__ import annotations

from typing import Any

from ....ops.inputs import ParameterOp
from ....ops.linear import LinearOp
from ....ops.loss import ArgMax
from ....plain.initializer import Uniform
from ....record.graph import Tensor
from ....record.loops import PreviousOp, ResultOp
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(LinearOp)
def linear(op: LinearOp, lower: OpLowering) -> Layer:
    """``linear``, which owns the parameters where it can, under the name of their module; else they are variables."""
    x, weight, *bias = op.inputs
    options: dict[str, Any] = {} if op.activation is None else {"activation": op.activation}
    options |= {"from": lower.reference(x), **lower.dropout(op.dropout), "out_dim": op.out_dim}
    if not bias:
        options["with_bias"] = False
    if _is_from_argmax(x, set()):
        # such labels are declared to have no feature axis, and RETURNN would take over that for the vectors
        options["out_type"] = {"dim": op.out_dim.dimension}
    owned = _owned_parameters(op, lower)
    if owned is None:
        options["reuse_params"] = lower.parameter_map(W=weight, **({"b": bias[0]} if bias else {}))
    return lower.add(op, "linear", options if owned is None else {**options, **owned})


def _owned_parameters(op: LinearOp, lower: OpLowering) -> dict[str, Any] | None:
    """
    The options of a layer that owns its parameters; None where it cannot.

    It can outside of loops (in them RETURNN would not train what is not named after the loop), if nothing else uses the
    parameters, and one scope holds them under RETURNN's names for them.
    """
    tensors = op.inputs[1:]
    parameters = [x.op for x in tensors if isinstance(x.op, ParameterOp)]
    scopes = {parameter.path.rpartition("/")[0] for parameter in parameters}
    names = [parameter.path.rpartition("/")[2] for parameter in parameters]
    held = [parameter.parameter for parameter in parameters]
    if (
        not lower.owns_parameters
        or lower.unit is not lower.root
        or len(held) != len(tensors)
        or any(lower.uses[x] != 1 for x in tensors)
    ):
        return None
    if len(scopes) != 1 or scopes == {""} or names != ["W", "b"][: len(names)]:
        return None
    if len({(one.trainable, one.dtype, one.weight_decay) for one in held}) != 1 or held[0].dtype != "float32":
        return None
    options: dict[str, Any] = {"name_scope": scopes.pop()}
    if held[0].initial != Uniform.glorot():
        options["forward_weights_init"] = held[0].initial.returnn()
    if len(held) > 1 and held[1].initial.returnn() != 0.0:
        options["bias_init"] = held[1].initial.returnn()
    if not held[0].trainable:
        options["trainable"] = False
    if held[0].weight_decay:
        options["L2"] = held[0].weight_decay
    return options


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
