"""Dropout."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.delayed import Delayed, delayed_or, resolved
from ..plain.number import is_number
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor


class Dropout(Op):
    """Entries set to 0 at random in training, the others scaled up (Srivastava et al. 2014)."""

    name = "dropout"
    is_random = True

    def __init__(self, x: Tensor, rate: float | Delayed):
        self.rate = rate
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        self.require_float(self.inputs[0])
        self.set_output(self.inputs[0].known_dims)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """The input itself outside of training."""
        return dropped(run, x, self.rate)

    def form(self) -> Form:
        """``dropout``."""
        return Form("dropout", {"from": self.inputs[0], "dropout": self.rate})


def dropped(run: Arrays, x: numpy.ndarray, rate: float | Delayed | None) -> numpy.ndarray:
    """An array with entries dropped in training; itself elsewhere, and without a rate."""
    if rate is None or not run.train:
        return x
    share: float = resolved(rate)
    kept = run.random.random(x.shape) >= share
    return (x * kept / (1.0 - share)).astype(x.dtype)


def dropout(x: Tensor, rate: Any) -> Tensor:
    """
    Entries set to 0 with probability ``rate`` in training, the others divided by ``1 - rate``; same dims.

    :raises NetworkError: if the rate is not in [0, 1)
    """
    rate = delayed_or(rate, "the dropout rate", _is_rate, "at least 0 and below 1")
    x = as_tensor(x)
    return Dropout(x, rate).output if isinstance(rate, Delayed) or rate else x


def _is_rate(value: Any) -> bool:
    return is_number(value) and 0.0 <= value < 1.0
