"""Expand: a value repeated along one more axis."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, batch_dim
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor


class Expand(Op):
    """
    The same value at each place of one more axis.

    :param like: has that axis
    """

    name = "expand"

    def __init__(self, x: Tensor, like: Tensor, axis: Dim):
        self.axis = axis
        super().__init__(x, like)

    def infer(self) -> None:
        """Those of ``x``, with the axis after the batch dim."""
        x = self.inputs[0]
        dims = list(x.dims)
        dims.insert(dims.index(batch_dim) + 1 if batch_dim in dims else 0, self.axis)
        self.set_output(dims, sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray, like: numpy.ndarray) -> numpy.ndarray:
        """``numpy.broadcast_to``."""
        aligned = run.aligned(x, self.inputs[0].dims, self.output.dims)
        return numpy.broadcast_to(aligned, run.shape(self.output.dims))

    def form(self) -> Form:
        """A kind of our own."""
        x, like = self.inputs
        return Form("expand", {"from": x, "like": like, "axis": self.axis})
