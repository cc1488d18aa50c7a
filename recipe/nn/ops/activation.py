"""Functions of one value: activation functions and the like."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..plain.errors import NetworkError
from ..record.form import Form
from ..record.graph import Tensor
from ..record.operators import operator
from ..record.unknown_start import wrong_type
from .as_tensor import as_tensor
from .elementwise import Elementwise


def _sigmoid(x: numpy.ndarray) -> numpy.ndarray:
    return 0.5 * (1.0 + numpy.tanh(0.5 * x))


def _softplus(x: numpy.ndarray) -> numpy.ndarray:
    return numpy.logaddexp(x, 0.0)


def _erf(x: numpy.ndarray) -> numpy.ndarray:
    values: numpy.ndarray = numpy.vectorize(math.erf, otypes=["float64"])(x)
    return values


def _gelu(x: numpy.ndarray) -> numpy.ndarray:
    return (0.5 * x * (1.0 + _erf(x / math.sqrt(2.0)))).astype(x.dtype)


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
    "softsign": lambda x: x / (1.0 + numpy.abs(x)),
    "elu": lambda x: numpy.where(x > 0, x, numpy.expm1(numpy.minimum(x, 0))),
    "erf": lambda x: _erf(x).astype(x.dtype),
    "square": numpy.square,
    "rsqrt": lambda x: 1.0 / numpy.sqrt(x),
    "sign": numpy.sign,
    "round": numpy.round,
    "floor": numpy.floor,
    "ceil": numpy.ceil,
    "sin": numpy.sin,
    "cos": numpy.cos,
    "tan": numpy.tan,
    "atan": numpy.arctan,
}
_OF_INTEGERS = ("negative", "abs", "square", "sign")
"""What integers have, too."""
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
                raise wrong_type(x, "bool", f"logical_not is for conditions (bool), but {x} is {x.dtype}")
        elif self.kind not in _OF_INTEGERS:
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


def silu(x: Tensor) -> Tensor:
    """Another name of :func:`swish` (Elfwing et al. 2018)."""
    return swish(x)


def softsign(x: Tensor) -> Tensor:
    """``x / (1 + |x|)``."""
    return Activation("softsign", as_tensor(x)).output


def elu(x: Tensor) -> Tensor:
    """``x`` where it is greater than 0, else ``exp(x) - 1`` (Clevert et al. 2016)."""
    return Activation("elu", as_tensor(x)).output


def erf(x: Tensor) -> Tensor:
    """The error function: ``2 / sqrt(pi)`` times the integral of ``exp(-t * t)`` from 0 to ``x``."""
    return Activation("erf", as_tensor(x)).output


def square(x: Tensor) -> Tensor:
    """``x * x``, of numbers or integers."""
    return Activation("square", as_tensor(x)).output


def rsqrt(x: Tensor) -> Tensor:
    """``1 / sqrt(x)``."""
    return Activation("rsqrt", as_tensor(x)).output


def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1, of numbers or integers; its gradient is 0."""
    return Activation("sign", as_tensor(x)).output


def round(x: Tensor) -> Tensor:
    """The nearest whole number, a float; of two, the even one, as in Python and NumPy. Its gradient is 0."""
    return Activation("round", as_tensor(x)).output


def floor(x: Tensor) -> Tensor:
    """The greatest whole number that is not above it, a float; its gradient is 0."""
    return Activation("floor", as_tensor(x)).output


def ceil(x: Tensor) -> Tensor:
    """The smallest whole number that is not below it, a float; its gradient is 0."""
    return Activation("ceil", as_tensor(x)).output


def sin(x: Tensor) -> Tensor:
    """Sine, of an angle in radians."""
    return Activation("sin", as_tensor(x)).output


def cos(x: Tensor) -> Tensor:
    """Cosine, of an angle in radians."""
    return Activation("cos", as_tensor(x)).output


def tan(x: Tensor) -> Tensor:
    """Tangent, of an angle in radians."""
    return Activation("tan", as_tensor(x)).output


def atan(x: Tensor) -> Tensor:
    """The angle in radians, between ``-pi / 2`` and ``pi / 2``, of which ``x`` is the tangent."""
    return Activation("atan", as_tensor(x)).output


def arctan(x: Tensor) -> Tensor:
    """NumPy's name of :func:`atan`."""
    return atan(x)
