"""
RETURNN (1.20261022, ``LinearLayer`` in tf/layers/basic.py) picks rows of a variable by TensorFlow's op for variables.
Where this stands in a loop inside of another one, its gradient fails: TensorFlow (2.21,
``WhileContext.AddBackpropIndexedSlicesAccumulator`` in control_flow_ops.py) takes the shape of the variable's handle,
which is a scalar, for that of the variable.

So there the rows are picked of the variable's value, which is read outside of all loops.
"""

from __future__ import annotations

from typing import Any

from ...ops.linear import LinearOp
from ...record.graph import Op
from ..layers import Layer
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    loop = op.body.loop
    if not isinstance(op, LinearOp) or op.inputs[0].sparse_dim is None or loop is None or loop.body.loop is None:
        return
    weight = layer.options["reuse_params"]["map"]["W"]
    parameter, variable = op.inputs[1].op, weight["layer_output"]
    options = {"from": variable, "eval": "tf.identity(source(0))"}
    weight["layer_output"] = build.once(
        ("value", parameter), lambda: build.add_at_root(parameter, "eval", options, name="value")
    )


QUIRK = Quirk("rows_of_variables", layer=_layer)
