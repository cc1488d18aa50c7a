"""Sums of probabilities in log space: of two values, place by place."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.number import is_number, plain_number
from ..record.form import Form
from ..record.graph import Tensor
from .as_tensor import TensorLike, as_tensor
from .elementwise import Elementwise
from .operands import check_alike


class LogAddExp(Elementwise):
    """``log(exp(a) + exp(b))``."""

    name = "logaddexp"

    def __init__(self, left: Tensor, right: Tensor, broadcast: bool = False):
        self.broadcast = broadcast
        super().__init__(left, right)

    def infer(self) -> None:
        """The dims of the larger one, or those of both; dtypes must agree."""
        self.require_float(*self.inputs)
        check_alike(self.name, *self.inputs)
        self.set_output(self.result_dims())

    def compute(self, *arrays: Any) -> Any:
        """``numpy.logaddexp``; of two that are -inf it is -inf."""
        with numpy.errstate(invalid="ignore"):  # padding may be no number
            return numpy.logaddexp(*arrays)

    def form(self) -> Form:
        """``logaddexp``, which is no layer of RETURNN: each engine has a rule for it."""
        return Form("logaddexp", {"from": list(self.inputs), **self.broadcast_option()})


def logaddexp(left: TensorLike, right: TensorLike) -> Tensor:
    """
    ``log(exp(left) + exp(right))`` without overflow: the sum of two probabilities in log space.

    :param left: a tensor, or a number
    :param right: the same; its dims are those of the other one, or some of them
    """
    numbers = [is_number(plain_number(x)) for x in (left, right)]
    dtype = next((as_tensor(x).dtype for x, is_one in zip((left, right), numbers) if not is_one), "float32")
    one, other = (as_tensor(x, dtype=dtype) if is_one else as_tensor(x) for x, is_one in zip((left, right), numbers))
    return LogAddExp(one, other).output
