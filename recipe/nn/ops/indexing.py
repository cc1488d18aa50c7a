"""Picking frames or features by position."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, DimLike, batch_dim
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from ..record.operators import operator
from ..record.unknown_start import wrong_type
from .as_tensor import TensorLike, as_tensor
from .lengths import length


class Gather(Op):
    """
    The entries at given positions along an axis.

    :param of_entries: whether what it gives for a sequence without any entry is not read
    """

    name = "gather"

    def __init__(self, x: Tensor, position: Tensor, axis: Dim, *, of_entries: bool = False):
        self.axis, self.of_entries = axis, of_entries
        super().__init__(x, position)

    def infer(self) -> None:
        """The dims of the input without the axis, with those of the positions."""
        x, position = self.inputs
        if not position.dtype.startswith("int"):
            message = f"positions are int32, but {position} is {position.dtype}: nn.cast(x, 'int32')"
            raise wrong_type(position, "int32", message)
        rest = [dim for dim in x.dims if dim is not self.axis]
        new = [dim for dim in position.dims if dim not in rest]
        dims = [dim for dim in rest if dim.is_batch] + new + [dim for dim in rest if not dim.is_batch]
        if batch_dim in new:
            dims = [batch_dim, *[dim for dim in dims if not dim.is_batch]]
        self.set_output(dims, sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray, position: numpy.ndarray) -> numpy.ndarray:
        """``numpy.take_along_axis``; beyond a sequence's own end its last entry, 0 if it has none."""
        tensor, index = self.inputs
        dims = self.output.dims
        if not x.shape[tensor.dims.index(self.axis)]:
            return numpy.zeros(run.shape(self.output.dims), x.dtype)  # there is no entry for any position
        values = run.aligned(x, tensor.dims, (*[dim for dim in dims if dim is not self.axis], self.axis))
        if self.axis in dims:  # that of the positions
            values = numpy.expand_dims(values, dims.index(self.axis))
        positions = run.aligned(position, index.dims, dims)[..., None]
        if self.axis.is_dynamic and batch_dim in dims:
            lengths = run.lengths_along(self.axis, dims)[..., None]
            positions = numpy.minimum(positions, lengths - 1)
        positions = numpy.clip(positions, 0, values.shape[-1] - 1)
        shape = numpy.broadcast_shapes(values.shape[:-1], positions.shape[:-1])
        if not values.shape[-1]:
            return numpy.zeros(shape, x.dtype)  # no sequence of the batch has any
        values = numpy.broadcast_to(values, (*shape, values.shape[-1]))
        positions = numpy.broadcast_to(positions, (*shape, 1))
        entries: numpy.ndarray = numpy.take_along_axis(values, positions, axis=-1)[..., 0]
        if self.axis.is_dynamic and batch_dim in dims:
            return numpy.where(lengths[..., 0] > 0, entries, numpy.zeros_like(entries))
        return entries

    def form(self) -> Form:
        """``gather``."""
        x, position = self.inputs
        return Form("gather", {"from": x, "position": position, "axis": self.axis, "clip_to_valid": True})


@operator("gather")
def gather(x: Tensor, position: TensorLike, *, axis: DimLike | str | None = None) -> Tensor:
    """
    The entries of ``x`` at these positions; beyond an end, the last entry; 0 of a sequence without any.

    :param position: int32, a number or a tensor; its dims come in place of the axis. A number below 0 counts from each
        sequence's end, as in Python; of a tensor, what is below 0 is position 0: ``x[loop.iter_idx - 1]`` is the first
        frame in the first step
    :param axis: a dim of ``x``; default: its only axis with lengths
    """
    x = as_tensor(x)
    if isinstance(position, (slice, tuple, list)):
        raise NetworkError(
            f"x[t] is the frame of {x} at one position. A part of its features is nn.slice(x, start, size), and of its "
            "frames nn.slice(x, start, end=end, axis='T')"
        )
    dim = x.resolve_axis(axis)
    if isinstance(position, int) and position < 0:
        position = length(dim, like=x) + position
    return Gather(x, as_tensor(position), dim).output


def entries(x: Tensor, position: Tensor, axis: Dim) -> Tensor:
    """As :func:`gather`; what it gives for a sequence without entries along ``axis`` is not read."""
    return Gather(x, position, axis, of_entries=True).output
