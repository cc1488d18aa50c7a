"""Shift: each frame as it was in the step before."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim
from ..record.arrays import Arrays
from ..record.common_dims import all_dims
from ..record.form import Form
from ..record.graph import Op, Tensor


class Shift(Op):
    """
    The frame before along an axis; for the first frame, another value. All steps of a state that is not fed back.

    :param x: has the axis
    :param first: the value for the first frame, without the axis
    """

    name = "shift"

    def __init__(self, x: Tensor, first: Tensor, axis: Dim):
        self.axis = axis
        super().__init__(x, first)

    def infer(self) -> None:
        """Those of both."""
        self.set_output(all_dims(self.inputs), sparse_dim=self.inputs[0].sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray, first: numpy.ndarray) -> numpy.ndarray:
        """``numpy.roll`` with another first frame."""
        dims = self.output.dims
        x, first = (run.aligned(array, tensor.dims, dims) for array, tensor in zip((x, first), self.inputs))
        axis = dims.index(self.axis)
        is_first = run.aligned(numpy.arange(x.shape[axis]) == 0, (self.axis,), dims)
        return numpy.where(is_first, first, numpy.roll(x, 1, axis=axis))

    def form(self) -> Form:
        """A kind of our own."""
        x, first = self.inputs
        return Form("shift", {"from": x, "first": first, "axis": self.axis})
