"""Functions of one value after one another, with numbers in them, such as ``tanh(2 * x + 1)``."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..plain.delayed import Delayed, resolved
from ..record.form import Form
from ..record.graph import Op, Tensor
from .activation import Activation, activated
from .constants import Constant
from .elementwise import ARITHMETIC, Combine, Elementwise

CHAINED = frozenset({"negative", "logical_not", "sqrt", "exp", "tanh", "sigmoid", "log_sigmoid", "softplus"})
"""Activation functions that can be part of a chain: what a formula of TensorFlow has a function of."""


class Link(NamedTuple):
    """
    One function of a chain.

    :ivar kind: of :class:`~recipe.nn.ops.activation.Activation`, or of arithmetic with a number
    :ivar number: the number, if it is arithmetic
    :ivar is_left: whether the number stands on the left
    """

    kind: str
    number: bool | int | float | Delayed | None = None
    is_left: bool = False

    def compute(self, x: Any) -> Any:
        """The function of an array."""
        if self.number is None:
            return activated(self.kind, x)
        number = x.dtype.type(resolved(self.number))
        return ARITHMETIC[self.kind][0](*((number, x) if self.is_left else (x, number)))


class Chain(Elementwise):
    """
    Functions of one value after one another.

    :param x: the value
    :param links: the functions, the one that is computed first at the beginning
    """

    name = "chain"

    def __init__(self, x: Tensor, links: tuple[Link, ...]):
        self.links = links
        self.name = links[-1].kind
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        self.set_output(self.inputs[0].known_dims, sparse_dim=self.inputs[0].sparse_dim)

    def compute(self, *arrays: Any) -> Any:
        """One after another."""
        (x,) = arrays
        for link in self.links:
            x = link.compute(x)
        return x

    def form(self) -> Form:
        """``eval``."""
        return Form("eval", {"from": self.inputs[0], "links": [list(link) for link in self.links]})


def link_of(op: Op) -> Link | None:
    """What an op would be in a chain; None if it is no function of one value."""
    if isinstance(op, Activation):
        return Link(op.kind) if op.kind in CHAINED else None
    if not isinstance(op, Combine) or op.broadcast:
        return None
    left, right = (number_of(tensor) for tensor in op.inputs)
    if (left is None) == (right is None):
        return None
    return Link(op.kind, left if right is None else right, is_left=right is None)


def value_of(op: Op) -> Tensor:
    """What an op that :func:`link_of` knows is a function of."""
    return next(tensor for tensor in op.inputs if number_of(tensor) is None)


def number_of(tensor: Tensor) -> bool | int | float | Delayed | None:
    """The number of a scalar constant; None for other tensors."""
    return tensor.op.value if isinstance(tensor.op, Constant) and not tensor.dims else None
