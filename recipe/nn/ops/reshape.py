"""One axis as several, and several as one: the heads of attention."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy

from ..plain.dim import Dim, DimLike, as_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor


class SplitDims(Op):
    """An axis of fixed size as several, the last one running fastest."""

    name = "split_dims"

    def __init__(self, x: Tensor, axis: Dim, dims: tuple[Dim, ...]):
        self.axis, self.dims = axis, dims
        super().__init__(x)

    def infer(self) -> None:
        """The dims of the input, with the new ones in place of the axis."""
        x = self.inputs[0]
        if math.prod(dim.size for dim in self.dims) != self.axis.size:
            raise NetworkError(f"split_dims of {x}: {dims_text(self.dims)} together are not {self.axis}")
        position = x.dims.index(self.axis)
        self.set_output([*x.dims[:position], *self.dims, *x.dims[position + 1 :]])

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.reshape``."""
        position = self.inputs[0].dims.index(self.axis)
        return x.reshape(*x.shape[:position], *(dim.size for dim in self.dims), *x.shape[position + 1 :])

    def form(self) -> Form:
        """``split_dims``."""
        return Form("split_dims", {"from": self.inputs[0], "axis": self.axis, "dims": list(self.dims)})


class MergeDims(Op):
    """Several axes of fixed size as one, the last one running fastest."""

    name = "merge_dims"

    def __init__(self, x: Tensor, axes: tuple[Dim, ...], out_dim: Dim):
        self.axes, self.out_dim = axes, out_dim
        super().__init__(x)

    def infer(self) -> None:
        """The dims of the input without the axes, and the new one as last."""
        x = self.inputs[0]
        if math.prod(dim.size for dim in self.axes) != self.out_dim.size:
            raise NetworkError(f"merge_dims of {x}: {dims_text(self.axes)} together are not {self.out_dim}")
        self.set_output([*(dim for dim in x.dims if dim not in self.axes), self.out_dim])

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.reshape``, of the axes in their order."""
        dims = self.inputs[0].dims
        rest = [dim for dim in dims if dim not in self.axes]
        x = x.transpose([dims.index(dim) for dim in (*rest, *self.axes)])
        return x.reshape(*x.shape[: len(rest)], self.out_dim.size)

    def form(self) -> Form:
        """``merge_dims``."""
        return Form("merge_dims", {"from": self.inputs[0], "axes": list(self.axes), "out_dim": self.out_dim})


def split_dims(x: Tensor, dims: Sequence[DimLike], *, axis: DimLike | str | None = None) -> Tensor:
    """
    An axis as several.

    :param dims: what it becomes; the last one runs fastest
    :param axis: of fixed size; default: the feature dim
    """
    x = as_tensor(x)
    dim = x.resolve_axis(axis) if axis is not None else x.feature_dim
    if dim.is_dynamic:
        raise NetworkError(
            f"split_dims of {x}: each sequence has its own length along {dim}. nn.chunk(x, size, axis=...) makes "
            "chunks of its frames, the last one filled up"
        )
    return SplitDims(x, dim, tuple(as_dim(one) for one in dims)).output


def merge_dims(x: Tensor, axes: Sequence[DimLike], *, out_dim: DimLike) -> Tensor:
    """
    Several axes as one.

    :param axes: of fixed size; the last one runs fastest
    :param out_dim: what they become
    """
    x = as_tensor(x)
    dims = tuple(x.resolve_axis(axis) for axis in axes)
    fixed = [dim for dim in dims if dim.is_static]
    if any(dim.is_dynamic for dim in dims) and len(fixed) == 1:
        raise NetworkError(
            f"merge_dims of {x} joins axes of fixed size, but of {dims_text(dims)} only {fixed[0]} is one. If the "
            "other one is over chunks, nn.fold(x, window) joins their frames"
        )
    return MergeDims(x, dims, as_dim(out_dim)).output
