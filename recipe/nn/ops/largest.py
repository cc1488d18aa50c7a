"""The greatest entries along one axis, for users; what beam search takes of two axes is in :mod:`.top_k`."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, DimLike, as_dim
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form, FormPart
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor
from .extreme_position import worst_number


class Largest(Op):
    """
    The greatest entries along an axis, the greatest first, of equal ones the first; and their positions.

    Where a sequence has fewer entries than are wanted, the rest are -inf (of integers, the lowest number), at position
    0.

    :param out_dim: the axis over what is taken; its size says how many
    """

    name = "top_k"

    def __init__(self, x: Tensor, axis: Dim, out_dim: Dim):
        self.axis, self.out_dim = axis, out_dim
        super().__init__(x, outputs=2)

    def infer(self) -> None:
        """Those of the input with the new axis in place of the axis; positions are labels of an axis of fixed size."""
        x = self.inputs[0]
        if x.dtype == "bool" or x.sparse_dim is not None:
            what = "labels" if x.sparse_dim is not None else "bool"
            raise NetworkError(f"top_k compares numbers, but {x} is {what}; nn.cast(x, 'int32') makes numbers of it")
        sizes = self.axis.known_size, self.out_dim.known_size
        if sizes[0] is not None and sizes[1] is not None and sizes[1] > sizes[0]:
            raise NetworkError(f"top_k of {x}: {self.axis} has {sizes[0]} entries, so not {sizes[1]} can be taken")
        dims = [self.out_dim if dim is self.axis else dim for dim in x.dims]
        self.set_output(dims)
        self.set_output(dims, dtype="int32", sparse_dim=self.axis if self.axis.is_static else None, index=1)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> tuple[numpy.ndarray, ...]:
        """A stable ``numpy.argsort`` of the frames that are no padding."""
        dims, count = self.inputs[0].dims, self.out_dim.size
        axis, lowest = dims.index(self.axis), worst_number(x.dtype, largest=False)
        x = numpy.moveaxis(numpy.where(run.mask(self.axis, dims), x, lowest), axis, -1)
        missing = [(0, 0)] * (x.ndim - 1) + [(0, max(count - x.shape[-1], 0))]
        x = numpy.pad(x, missing, constant_values=lowest)
        backwards = x[..., ::-1]
        place = x.shape[-1] - 1 - numpy.argsort(backwards, axis=-1, kind="stable")[..., ::-1][..., :count]
        best = numpy.take_along_axis(x, place, axis=-1)
        lengths = run.lengths_along(self.axis, self.outputs[0].dims) if self.axis.is_dynamic else self.axis.size
        is_one = run.positions(self.out_dim, self.outputs[0].dims) < lengths
        best, place = (numpy.moveaxis(array, -1, axis) for array in (best, place))
        return numpy.where(is_one, best, lowest), numpy.where(is_one, place, 0).astype("int32")

    def form(self) -> list[FormPart]:
        """``top_k``, with two parts; each engine has a rule for it, as RETURNN's does not know padding."""
        top = Form("top_k", {"from": self.inputs[0], "axis": self.axis, "k_dim": self.out_dim})
        return [FormPart(top, name) for name in ("values", "indices")]


def top_k(x: Tensor, k: DimLike, *, axis: DimLike | str | None = None) -> tuple[Tensor, Tensor]:
    """
    The greatest entries along an axis, the greatest first, and their positions: ``values, positions = nn.top_k(x, 3)``.

    :param x: floats or whole numbers; of labels, ``nn.cast(labels, "int32")``
    :param k: how many, as a number or a Dim: the axis over them
    :param axis: default: the feature dim
    :return: both with the new axis in place of the axis. Positions are int32, of an axis of fixed size its labels. A
        sequence with fewer entries along an axis with lengths has -inf (of whole numbers, the lowest one of their type)
        at position 0 in place of those that are missing
    :raises NetworkError: if an axis of fixed size has fewer
    """
    x = as_tensor(x)
    dim = x.resolve_axis(axis) if axis is not None else x.feature_dim
    values, positions = Largest(x, dim, as_dim(k)).outputs
    return values, positions
