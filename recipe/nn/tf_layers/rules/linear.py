"""``linear``."""

from __future__ import annotations

from typing import Any

from ...ops.inputs import ParameterOp, updater_options
from ...ops.linear import LinearOp
from ...plain.initializer import Uniform
from ..build import Build
from ..labels_in_range import labels_in_range
from ..layers import Layer
from ..rule import rule


@rule(LinearOp)
def linear(op: LinearOp, build: Build) -> Layer:
    """``linear``, which owns the parameters where it can, under the name of their module; else they are variables."""
    x, weight, *bias = op.inputs
    options: dict[str, Any] = {} if op.activation is None else {"activation": op.activation}
    options |= {"from": labels_in_range(op, x, build), **build.dropout(op.dropout), "out_dim": op.out_dim}
    if not bias:
        options["with_bias"] = False
    owned = _owned_parameters(op, build)
    if owned is None:
        options["reuse_params"] = build.parameter_map(W=weight, **({"b": bias[0]} if bias else {}))
        return build.add(op, "linear", options)
    layer = build.add(op, "linear", {**options, **owned})
    build.parameter_holders |= {x.op.path: layer for x in (weight, *bias) if isinstance(x.op, ParameterOp)}
    return layer


def _owned_parameters(op: LinearOp, build: Build) -> dict[str, Any] | None:
    """
    The options of a layer that owns its parameters; None where it cannot.

    It can outside of loops, if nothing else uses the parameters, and one scope holds them under RETURNN's names for
    them.

    RETURNN (1.20261022, ``RecLayer`` in tf/layers/rec.py) does not train parameters that layers in a loop make under
    other names than those of the loop. So they are layers ``variable`` of the network itself.
    Test: discussion/test_first_example.py::test_two_loops_one_after_the_other
    """
    tensors = op.inputs[1:]
    parameters = [x.op for x in tensors if isinstance(x.op, ParameterOp)]
    scopes = {parameter.path.rpartition("/")[0] for parameter in parameters}
    names = [parameter.path.rpartition("/")[2] for parameter in parameters]
    held = [parameter.parameter for parameter in parameters]
    if (
        not build.owns_parameters
        or build.unit is not build.root
        or len(held) != len(tensors)
        or any(build.uses[x] != 1 for x in tensors)
    ):
        return None
    if len(scopes) != 1 or scopes == {""} or names != ["W", "b"][: len(names)]:
        return None
    options_of_training = {(one.trainable, one.dtype, one.weight_decay, one.learning_rate_factor) for one in held}
    if len(options_of_training) != 1 or held[0].dtype != "float32":
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
    if held[0].learning_rate_factor != 1.0:
        options["updater_opts"] = updater_options(held[0].learning_rate_factor)
    return options
