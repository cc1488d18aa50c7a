"""Transpose: the same axes in another order."""

from __future__ import annotations

from collections.abc import Iterable

import numpy

from ..plain.dim import Dim
from ..record.arrays import Arrays
from ..record.form import AnyForm
from ..record.graph import Op, Tensor


class Transpose(Op):
    """
    The same values with the axes in another order.

    Axes have names, so an order means little; but the last one of fixed size is that of the features, and of a loss
    the first one with lengths counts the frames.

    :param dims: those of ``x``
    """

    name = "transpose"

    def __init__(self, x: Tensor, dims: Iterable[Dim]):
        self.dims = tuple(dims)
        super().__init__(x)

    def infer(self) -> None:
        """As given; axes over hypotheses stand after the batch, also those that a search gave the value."""
        x = self.inputs[0]
        order = [dim for dim in self.dims if not dim.is_beam]
        self.set_output([*order, *(dim for dim in x.dims if dim.is_beam)], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.transpose``."""
        return run.aligned(x, self.inputs[0].dims, self.output.dims)

    def form(self) -> AnyForm:
        """What it reads: axes are found by their dims."""
        return self.inputs[0]
