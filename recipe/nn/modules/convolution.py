"""Convolution over time, and over two axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..language.module import Module
from ..ops.as_tensor import as_tensor
from ..ops.convolution import ConvOp
from ..ops.convolution_2d import Conv2dOp
from ..ops.transposed_convolution import TransposedConvOp
from ..plain.dim import Dim, DimLike, as_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..plain.initializer import Uniform
from ..plain.number import is_size
from ..record.graph import Tensor
from ..record.parameter import Parameter
from .linear import check_in_dim


class _Convolution(Module):
    """
    A convolution over time with a stride.

    :param kind: its name, as in "a Conv1d"
    :param too_far: what a stride greater than the size would do
    """

    def __init__(self, in_dim: DimLike, out_dim: DimLike, size: int, stride: int, *, kind: str, too_far: str):
        super().__init__()
        if not is_size(size) or not is_size(stride) or stride > size:
            raise NetworkError(
                f"a {kind} of {size!r} frames with a stride of {stride!r}: both are ints from 1 on, and {too_far}"
            )
        self.stride = stride
        self.W = Parameter([Dim(size, "filter"), in_dim, out_dim])
        self.b = Parameter([out_dim], initial=0.0)

    def _input(self, x: Tensor, axis: DimLike | str | None) -> tuple[Tensor, Dim]:
        """The sequences, and their axis."""
        x = as_tensor(x)
        _check_features(self, x, self.W.dims[1])
        return x, _axis_with_lengths(x, axis)


class Conv1d(_Convolution):
    """
    Convolution over time, of [batch, time, in_dim]; ``n`` frames become ``ceil(n / stride)``.

    :param in_dim: features of the input
    :param out_dim: of the result
    :param size: how many frames one result sees
    :param stride: how many frames further the next one starts, at most ``size``
    :raises NetworkError: if a size is none, or the stride leaves out frames
    """

    def __init__(self, in_dim: DimLike, out_dim: DimLike, size: int, *, stride: int = 1):
        too_far = "a stride greater than the size would leave out frames"
        super().__init__(in_dim, out_dim, size, stride, kind="Conv1d", too_far=too_far)

    def forward(self, x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
        """
        :param x: [batch, axis, in_dim]
        :param axis: default: the only axis with lengths
        :return: [batch, axis or strided axis, out_dim]
        """
        x, dim = self._input(x, axis)
        return ConvOp(x, as_tensor(self.W), as_tensor(self.b), axis=dim, stride=self.stride, depthwise=False).output

    if TYPE_CHECKING:
        __call__ = forward


class DepthwiseConv1d(Module):
    """
    Convolution over time of each feature alone, of [batch, time, dim].

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


class Conv2d(Module):
    """
    Convolution over two axes, such as time and frequency, of ``[batch, time, frequency, in_dim]``::

        y[s, t] = sum_ij x[stride_1 s + i - left_1, stride_2 t + j - left_2] W[i, j] + b,  left = (size - stride) // 2

    Around each sequence there are zeros, and its padding is never read; ``n`` entries become ``ceil(n / stride)``. The
    parameters are ``W`` [size_1, size_2, in_dim, out_dim] and ``b`` [out_dim].

    :param in_dim: features of the input ("channels")
    :param out_dim: of the result
    :param size: how many entries one result sees, of both axes or of each
    :param stride: how many entries further the next one starts, at most ``size``; of both axes or of each
    :raises NetworkError: if a size is none, or a stride leaves out entries
    """

    def __init__(
        self,
        in_dim: DimLike,
        out_dim: DimLike,
        size: int | tuple[int, int],
        *,
        stride: int | tuple[int, int] = 1,
    ):
        super().__init__()
        sizes, strides = _pair(size), _pair(stride)
        if not all(is_size(one) and is_size(other) and other <= one for one, other in zip(sizes, strides)):
            raise NetworkError(
                f"a Conv2d of the size {size!r} with a stride of {stride!r}: both are ints from 1 on, or two of them, "
                "and a stride greater than the size would leave out entries"
            )
        self.strides = strides
        self.W = Parameter([Dim(sizes[0], "filter_1"), Dim(sizes[1], "filter_2"), in_dim, out_dim])
        self.b = Parameter([out_dim], initial=0.0)

    def forward(self, x: Tensor, *, axes: Sequence[DimLike | str] | None = None) -> Tensor:
        """
        :param x: [batch, axis, axis, in_dim]
        :param axes: the two axes, with lengths or of fixed size; default: those beside batch and in_dim, in their order
        :return: [batch, axis or strided axis, axis or strided axis, out_dim]
        :raises NetworkError: if there are not two axes
        """
        x = as_tensor(x)
        in_dim = self.W.dims[2]
        if in_dim not in x.dims:
            check_in_dim(self, x, Parameter([in_dim, in_dim]))
            in_dim = x.feature_dim
        others = [dim for dim in x.dims if not dim.is_batch and dim is not in_dim]
        over = others if axes is None else [x.resolve_axis(axis) for axis in axes]
        if len(set(over)) != 2 or in_dim in over or len(over) != 2:
            raise NetworkError(
                f"Conv2d goes over two axes beside the features {in_dim}, but of {x} they are {dims_text(over)}. Say "
                "which: axes=[...]. A value without channels gets one by nn.expand(x, [channel]), "
                "channel = nn.Dim(1, 'channel')"
            )
        parameters = as_tensor(self.W), as_tensor(self.b)
        return Conv2dOp(x, *parameters, in_dim=in_dim, axes=(over[0], over[1]), strides=self.strides).output

    if TYPE_CHECKING:
        __call__ = forward


class TransposedConv1d(_Convolution):
    """
    Transposed convolution over time: ``n`` frames become ``n * stride``::

        y_t = sum of x_s W[j] over all s and j with stride s + j - (size - stride) // 2 = t,  + b

    It is :class:`Conv1d` of the same size and stride the other way round: each frame is added to those that the
    convolution would have seen. The parameters are ``W`` [size, in_dim, out_dim] and ``b`` [out_dim].

    :param in_dim: features of the input
    :param out_dim: of the result
    :param size: how many results one frame adds to
    :param stride: how many frames are made of one, at most ``size``
    :raises NetworkError: if a size is none, or some results would be of no frame
    """

    def __init__(self, in_dim: DimLike, out_dim: DimLike, size: int, *, stride: int):
        too_far = "with a stride greater than the size, some results would be of no frame"
        super().__init__(in_dim, out_dim, size, stride, kind="TransposedConv1d", too_far=too_far)

    def forward(self, x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
        """
        :param x: [batch, axis, in_dim]
        :param axis: default: the only axis with lengths
        :return: [batch, longer axis, out_dim]
        """
        x, dim = self._input(x, axis)
        return TransposedConvOp(x, as_tensor(self.W), as_tensor(self.b), axis=dim, stride=self.stride).output

    if TYPE_CHECKING:
        __call__ = forward


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """Of both axes."""
    return (size[0], size[1]) if isinstance(size, (tuple, list)) and len(size) == 2 else (size, size)  # type: ignore


def _check_features(module: Module, x: Tensor, wanted: Dim) -> None:
    check_in_dim(module, x, Parameter([wanted, wanted]))


def _axis_with_lengths(x: Tensor, axis: DimLike | str | None) -> Dim:
    dim = x.resolve_axis(axis)
    if not dim.is_dynamic:
        raise NetworkError(f"a convolution goes over an axis with lengths, but {dim} of {x} has a fixed size")
    return dim
