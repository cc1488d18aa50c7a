"""Functions of one value: activation functions and the like."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..plain.errors import NetworkError
from ..record.form import Form
from ..record.graph import Tensor
from ..record.operators import operator
from .as_tensor import as_tensor
from .elementwise import Elementwise


def _sigmoid(x: numpy.ndarray) -> numpy.ndarray:
    return 0.5 * (1.0 + numpy.tanh(0.5 * x))


def _softplus(x: numpy.ndarray) -> numpy.ndarray:
    return numpy.logaddexp(x, 0.0)


def _gelu(x: numpy.ndarray) -> numpy.ndarray:
    return (0.5 * x * (1.0 + numpy.vectorize(math.erf, otypes=["float64"])(x / math.sqrt(2.0)))).astype(x.dtype)


ACTIVATIONS = {
    "tanh": numpy.tanh,
    "sigmoid": _sigmoid,
    "relu": lambda x: numpy.maximum(x, 0),
    "exp": numpy.exp,
    "log": numpy.log,
    "sqrt": numpy.sqrt,
    "abs": numpy.abs,
    "swish": lambda x: x * _sigmoid(x),
    "gelu": _gelu,
    "log_sigmoid": lambda x: -_softplus(-x),
    "softplus": _softplus,
}
_EVALUATED = {"negative": "-source(0)", "logical_not": "tf.logical_not(source(0))"}
"""What RETURNN has no activation of."""


def activated(kind: str, x: numpy.ndarray, axis: int = -1) -> numpy.ndarray:
    """
    A function of an array.

    :param kind: one of :data:`ACTIVATIONS`, "negative", "logical_not", or "softmax" and "log_softmax" along ``axis``
    """
    if kind == "negative":
        return -x
    if kind == "logical_not":
        return ~x
    if kind.endswith("softmax"):
        return softmax_of(x, axis, log=kind == "log_softmax")
    y: numpy.ndarray = ACTIVATIONS[kind](x)
    return y


def softmax_of(x: numpy.ndarray, axis: int, *, log: bool) -> numpy.ndarray:
    """``exp(x) / sum(exp(x))`` along an axis, or its logarithm."""
    x = x - x.max(axis=axis, keepdims=True, initial=-1e30)
    log_sum = numpy.log(numpy.exp(x).sum(axis=axis, keepdims=True))
    return x - log_sum if log else numpy.exp(x - log_sum)


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
        return activated(self.kind, arrays[0])

    def form(self) -> Form:
        """``activation``, or ``eval`` of what RETURNN has no activation of."""
        if self.kind in _EVALUATED:
            return Form("eval", {"from": self.inputs[0], "eval": _EVALUATED[self.kind]})
        return Form("activation", {"from": self.inputs[0], "activation": self.kind})


@operator("logical_not")
def logical_not(x: Tensor) -> Tensor:
    """Whether it does not hold."""
    return Activation("logical_not", as_tensor(x)).output


@operator("negative")
def negative(x: Tensor) -> Tensor:
    """``-x``."""
    return Activation("negative", as_tensor(x)).output


@operator("absolute")
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


def gelu(x: Tensor) -> Tensor:
    """``0.5 x (1 + erf(x / sqrt(2)))`` (Hendrycks and Gimpel 2016)."""
    return Activation("gelu", as_tensor(x)).output


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
