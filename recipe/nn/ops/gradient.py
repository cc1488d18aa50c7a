"""What changes gradients alone."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.delayed import Delayed, delayed_or
from ..plain.number import is_number
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor


class ScaleGradient(Op):
    """
    The same values, with the gradient times a factor.

    :param factor: of the gradient; 0 to stop it, below 0 to reverse it
    """

    name = "scale_gradient"

    def __init__(self, x: Tensor, factor: float | Delayed):
        self.factor = factor
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input; of integers there is no gradient but none."""
        x = self.inputs[0]
        if self.factor != 0.0:
            self.require_float(x)
        self.set_output(x.known_dims, sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """The array as it is: NumPy computes no gradients."""
        return x

    @property
    def gradient_factor(self) -> float | Delayed:  # type: ignore[override]
        """The factor."""
        return self.factor

    def form(self) -> Form:
        """``scaled_grad``."""
        return Form("scaled_grad", {"from": self.inputs[0], "scale": self.factor})


def stop_gradient(x: Tensor) -> Tensor:
    """The same values as if they were constants: what they depend on gets no gradient by way of them."""
    return ScaleGradient(as_tensor(x), 0.0).output


def scale_gradient(x: Tensor, factor: Any) -> Tensor:
    """
    The same values, with the gradient times a factor: RETURNN's ``scaled_grad``.

    :param x: numbers of a float type
    :param factor: a number, or what gives one later; -1 reverses the gradient (Ganin and Lempitsky 2015)
    :raises NetworkError: if ``x`` is of integers, which have no gradient, or the factor is no number
    """
    factor = delayed_or(factor, "the factor of scale_gradient", is_number, "a number")
    return ScaleGradient(as_tensor(x), factor if isinstance(factor, Delayed) else float(factor)).output
