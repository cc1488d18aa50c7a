"""LastFrame: each sequence's last frame."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, batch_dim
from ..record.arrays import Arrays
from ..record.common_dims import all_dims
from ..record.form import Form
from ..record.graph import Op, Tensor


class LastFrame(Op):
    """
    Each sequence's last frame along an axis; for a sequence without frames, another value.

    :param x: has the axis
    :param other: the value where there is no frame
    """

    name = "last_frame"

    def __init__(self, x: Tensor, other: Tensor, axis: Dim):
        self.axis = axis
        super().__init__(x, other)

    def infer(self) -> None:
        """Those of both without the axis, and the batch dim if sequences have their own lengths."""
        dims = [dim for dim in all_dims(self.inputs) if dim is not self.axis]
        if self.axis.is_dynamic and batch_dim not in dims:
            dims = [batch_dim, *dims]
        self.set_output(dims, sparse_dim=self.inputs[0].sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray, other: numpy.ndarray) -> numpy.ndarray:
        """``x[..., length - 1, ...]``."""
        dims = self.output.dims
        frames = run.aligned(x, self.inputs[0].dims, (self.axis, *dims))
        other = numpy.broadcast_to(run.aligned(other, self.inputs[1].dims, dims), run.shape(self.output.dims))
        if not len(frames):
            return other
        if self.axis.is_static:
            return numpy.broadcast_to(frames[-1], other.shape)
        lengths = run.lengths_along(self.axis, dims)
        position = numpy.broadcast_to(numpy.maximum(lengths - 1, 0), other.shape)
        frames = numpy.broadcast_to(frames, (len(frames), *other.shape))
        return numpy.where(lengths > 0, numpy.take_along_axis(frames, position[None], axis=0)[0], other)

    def form(self) -> Form:
        """A kind of our own."""
        x, other = self.inputs
        return Form("last_frame", {"from": x, "other": other, "axis": self.axis})
