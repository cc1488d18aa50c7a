"""Convolution over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language.module import Module
from ..ops.as_tensor import as_tensor
from ..ops.convolution import ConvOp
from ..plain.dim import Dim, DimLike, as_dim
from ..plain.errors import NetworkError
from ..plain.initializer import Uniform
from ..plain.number import is_size
from ..record.graph import Tensor
from ..record.parameter import Parameter
from .linear import check_in_dim


class Conv1d(Module):
    """
    Convolution over time; ``n`` frames become ``ceil(n / stride)``.

    :param in_dim: features of the input
    :param out_dim: of the result
    :param size: how many frames one result sees
    :param stride: how many frames further the next one starts, at most ``size``
    :raises NetworkError: if a size is none, or the stride leaves out frames
    """

    def __init__(self, in_dim: DimLike, out_dim: DimLike, size: int, *, stride: int = 1):
        super().__init__()
        if not is_size(size) or not is_size(stride) or stride > size:
            raise NetworkError(
                f"a Conv1d of {size!r} frames with a stride of {stride!r}: both are ints from 1 on, and a stride "
                "greater than the size would leave out frames"
            )
        self.stride = stride
        self.W = Parameter([Dim(size, "filter"), in_dim, out_dim])
        self.b = Parameter([out_dim], initial=0.0)

    def forward(self, x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
        """
        :param x: [batch, axis, in_dim]
        :param axis: default: the only axis with lengths
        :return: [batch, axis or strided axis, out_dim]
        """
        x = as_tensor(x)
        _check_features(self, x, self.W.dims[1])
        dim = _axis_with_lengths(x, axis)
        return ConvOp(x, as_tensor(self.W), as_tensor(self.b), axis=dim, stride=self.stride, depthwise=False).output

    if TYPE_CHECKING:
        __call__ = forward


class DepthwiseConv1d(Module):
    """
    Convolution over time of each feature alone.

    :param dim: features of input and result
    :param size: how many frames one result sees
    :raises NetworkError: if the size is none
    """

    def __init__(self, dim: DimLike, size: int):
        super().__init__()
        if not is_size(size):
            raise NetworkError(f"a DepthwiseConv1d of {size!r} frames: their number is an int from 1 on")
        self.dim = as_dim(dim)
        self.W = Parameter([Dim(size, "filter"), as_dim(1), self.dim], initial=Uniform(size**-0.5))
        self.b = Parameter([self.dim], initial=0.0)

    def forward(self, x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
        """
        :param x: [batch, axis, dim]
        :param axis: default: the only axis with lengths
        :return: the same dims
        """
        x = as_tensor(x)
        _check_features(self, x, self.dim)
        dim = _axis_with_lengths(x, axis)
        return ConvOp(x, as_tensor(self.W), as_tensor(self.b), axis=dim, stride=1, depthwise=True).output

    if TYPE_CHECKING:
        __call__ = forward


def _check_features(module: Module, x: Tensor, wanted: Dim) -> None:
    check_in_dim(module, x, Parameter([wanted, wanted]))


def _axis_with_lengths(x: Tensor, axis: DimLike | str | None) -> Dim:
    dim = x.resolve_axis(axis)
    if not dim.is_dynamic:
        raise NetworkError(f"a convolution goes over an axis with lengths, but {dim} of {x} has a fixed size")
    return dim
