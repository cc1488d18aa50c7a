"""Lengths of sequences, and positions along an axis, as tensors."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, batch_dim
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from ..record.operators import operator


class Length(Op):
    """How long each sequence is along a dim."""

    name = "length"

    def __init__(self, dim: Dim, like: Tensor):
        self.dim = dim
        super().__init__(like)

    def infer(self) -> None:
        """int32 [batch]; a scalar for a static dim, and for the batch."""
        self.set_output([batch_dim] if self.dim.is_dynamic else [], dtype="int32")

    def numpy(self, run: Arrays, like: numpy.ndarray) -> numpy.ndarray:
        """The lengths; of the batch, the number of sequences, also where each has hypotheses."""
        if self.dim.is_batch:
            return numpy.array(run.batch_size, "int32")
        return numpy.array(self.dim.size, "int32") if self.dim.is_static else run.lengths(self.dim)

    def form(self) -> Form:
        """``length``."""
        return Form("length", {"from": self.inputs[0], "axis": self.dim})


class RangeInAxis(Op):
    """0, 1, 2, ... along a dim."""

    name = "range"

    def __init__(self, dim: Dim, like: Tensor):
        self.dim = dim
        super().__init__(like)

    def infer(self) -> None:
        """int32 over the dim alone."""
        self.set_output([self.dim], dtype="int32")

    def numpy(self, run: Arrays, like: numpy.ndarray) -> numpy.ndarray:
        """``numpy.arange``."""
        return numpy.arange(run.size(self.dim), dtype="int32")

    def form(self) -> Form:
        """``range_in_axis``."""
        return Form("range_in_axis", {"from": self.inputs[0], "axis": self.dim})


@operator("length")
def length(dim: Dim, *, like: Tensor) -> Tensor:
    """
    How long each sequence is along a dim: int32 [batch]. Of ``nn.batch_dim``, how many sequences there are: a scalar.

    :param like: a tensor that has the dim
    """
    return Length(like.resolve_axis(dim), like).output


def range_over(dim: Dim, *, like: Tensor) -> Tensor:
    """
    0, 1, 2, ... along a dim: int32 [dim].

    :param like: a tensor that has the dim
    """
    return RangeInAxis(like.resolve_axis(dim), like).output
