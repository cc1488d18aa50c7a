"""Functions of one value: activation functions and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from ..plain.errors import NetworkError
from ..record.recording import as_tensor
from ..record.tensor import Tensor
from .elementwise import Elementwise

if TYPE_CHECKING:
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering


def _sigmoid(x: numpy.ndarray) -> numpy.ndarray:
    return 0.5 * (1.0 + numpy.tanh(0.5 * x))


def _softplus(x: numpy.ndarray) -> numpy.ndarray:
    return numpy.logaddexp(x, 0.0)


_ACTIVATIONS = {
    "tanh": numpy.tanh,
    "sigmoid": _sigmoid,
    "relu": lambda x: numpy.maximum(x, 0),
    "exp": numpy.exp,
    "log": numpy.log,
    "sqrt": numpy.sqrt,
    "abs": numpy.abs,
    "swish": lambda x: x * _sigmoid(x),
    "log_sigmoid": lambda x: -_softplus(-x),
    "softplus": _softplus,
}
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


class Activation(Elementwise):
    """A function of one value."""

    def __init__(self, kind: str, x: Tensor):
        self.kind = kind
        self.name = kind
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        x = self.inputs[0]
        if self.kind == "logical_not":
            if x.dtype != "bool":
                raise NetworkError(f"logical_not is for conditions (bool), but {x} is {x.dtype}")
        elif self.kind not in ("negative", "abs"):
            self.require_float(x)
        elif x.dtype == "bool":
            raise NetworkError(
                f"{self.kind} is for numbers, but {x} is bool: ~x, or nn.logical_not(x), is its opposite"
            )
        self.set_output(x.known_dims)

    def compute(self, *arrays: Any) -> Any:
        """The function of that name."""
        if self.kind == "negative":
            return -arrays[0]
        if self.kind == "logical_not":
            return ~arrays[0]
        return _ACTIVATIONS[self.kind](arrays[0])

    def layer(self, lower: Lowering) -> Reference:
        """``activation``, that of a ``linear`` before it, or ``eval`` for what RETURNN has no activation of."""
        source, formula = lower.formula(self.inputs[0]) if self.kind in _FORMULAS else (None, "source(0)")
        if source is not None and (formula != "source(0)" or self.kind not in _ACTIVATIONS):
            inner = formula if formula == "source(0)" or "(" in _FORMULAS[self.kind] else f"({formula})"
            return lower.add(self, "eval", {"from": source, "eval": _FORMULAS[self.kind].format(inner)})
        return lower.activation(self, self.kind)


def logical_not(x: Tensor) -> Tensor:
    """Whether it does not hold."""
    return Activation("logical_not", as_tensor(x)).output


def negative(x: Tensor) -> Tensor:
    """``-x``."""
    return Activation("negative", as_tensor(x)).output


def absolute(x: Tensor) -> Tensor:
    """``|x|``."""
    return Activation("abs", as_tensor(x)).output


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return Activation("tanh", as_tensor(x)).output


def sigmoid(x: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return Activation("sigmoid", as_tensor(x)).output


def log_sigmoid(x: Tensor) -> Tensor:
    """``-log(1 + exp(-x))``."""
    return Activation("log_sigmoid", as_tensor(x)).output


def relu(x: Tensor) -> Tensor:
    """``max(x, 0)``."""
    return Activation("relu", as_tensor(x)).output


def swish(x: Tensor) -> Tensor:
    """``x * sigmoid(x)`` (Ramachandran et al. 2017)."""
    return Activation("swish", as_tensor(x)).output


def softplus(x: Tensor) -> Tensor:
    """``log(1 + exp(x))``."""
    return Activation("softplus", as_tensor(x)).output


def exp(x: Tensor) -> Tensor:
    """``e ** x``."""
    return Activation("exp", as_tensor(x)).output


def log(x: Tensor) -> Tensor:
    """Natural logarithm."""
    return Activation("log", as_tensor(x)).output


def sqrt(x: Tensor) -> Tensor:
    """Square root."""
    return Activation("sqrt", as_tensor(x)).output
