"""Functions of one value: ``activation``, that of a ``linear`` before it, or ``eval``."""

from __future__ import annotations

from ...ops.activation import ACTIVATIONS, Activation
from ..layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule

_FORMULAS = {
    "negative": "-{0}",
    "logical_not": "tf.logical_not({0})",
    "sqrt": "tf.sqrt({0})",
    "exp": "tf.exp({0})",
    "tanh": "tf.tanh({0})",
    "sigmoid": "tf.sigmoid({0})",
    "log_sigmoid": "tf.math.log_sigmoid({0})",
    "softplus": "tf.math.softplus({0})",
}


@rule(Activation)
def activation(op: Activation, lower: OpLowering) -> Layer:
    """``activation``; ``eval`` for what RETURNN has no activation of, and where it takes over that of its input."""
    if op.kind in _FORMULAS:
        source, formula = lower.formula(op.inputs[0])
        if formula != "source(0)" or op.kind not in ACTIVATIONS:
            inner = formula if formula == "source(0)" or "(" in _FORMULAS[op.kind] else f"({formula})"
            return lower.add(op, "eval", {"from": source, "eval": _FORMULAS[op.kind].format(inner)})
    return lower.activation(op, op.kind)
