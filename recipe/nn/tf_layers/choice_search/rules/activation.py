"""Functions of one value: ``activation``, that of a ``linear`` before it, or ``eval``."""

from __future__ import annotations

from ....ops.activation import ACTIVATIONS, Activation
from ....ops.chain import Chain
from ....ops.elementwise import ARITHMETIC
from ....plain.delayed import resolved
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule
from .elementwise import number_text

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
"""What TensorFlow has a function of; with brackets of its own, or as an operator."""


@rule(Activation)
def activation(op: Activation, lower: OpLowering) -> Layer:
    """``activation``; ``eval`` for what RETURNN has no activation of."""
    source = lower.reference(op.inputs[0])
    if op.kind in ACTIVATIONS:
        return lower.add(op, "activation", {"from": source, "activation": op.kind})
    return lower.add(op, "eval", {"from": source, "eval": _FORMULAS[op.kind].format("source(0)")})


@rule(Chain)
def chain(op: Chain, lower: OpLowering) -> Layer:
    """``eval`` of one formula."""
    formula = "source(0)"
    for link in op.links:
        if link.number is not None:
            inner, number = _in_brackets(formula), number_text(resolved(link.number))
            formula = ARITHMETIC[link.kind][1].format(*((number, inner) if link.is_left else (inner, number)))
        else:
            function = _FORMULAS[link.kind]
            formula = function.format(formula if "(" in function else _in_brackets(formula))
    return lower.add(op, "eval", {"from": lower.reference(op.inputs[0]), "eval": formula})


def _in_brackets(formula: str) -> str:
    return formula if formula == "source(0)" else f"({formula})"
