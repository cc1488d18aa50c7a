"""Convolution over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from ..language.module import Module
from ..ops.strides import strided_dim
from ..plain.dim import Dim, DimLike, as_dim, batch_dim
from ..plain.errors import NetworkError
from ..plain.initializer import Uniform
from ..plain.number import is_size
from ..record.op import Op
from ..record.parameter import Parameter
from ..record.recording import as_tensor
from ..record.tensor import Tensor
from .linear import check_in_dim

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering


class ConvOp(Op):
    """
    ``y_t = sum_j x[stride t + j - (size - stride) // 2] W_j + b``, with zeros before and behind each sequence.

    :param groups: 1, or the size of the feature dim: then each feature is convolved alone
    """

    name = "conv"
    is_main = True
    takes_square_weights = True
    takes_more_axes = False

    def __init__(self, x: Tensor, filters: Tensor, bias: Tensor, *, axis: Dim, stride: int, depthwise: bool):
        self.axis, self.stride, self.depthwise = axis, stride, depthwise
        self.in_dim = x.feature_dim
        self.size, self.out_dim = filters.op.parameter.dims[0], bias.dims[0]  # type: ignore[attr-defined]
        self.out_axis = strided_dim(axis, stride)
        super().__init__(x, filters, bias)

    def infer(self) -> None:
        """The dims of the input, with the strided axis and the new features."""
        x = self.inputs[0]
        self.require_float(x)
        if batch_dim not in x.dims:
            raise NetworkError(f"a convolution is for sequences of vectors, [batch, {self.axis}, features], not {x}")
        new = {self.axis: self.out_axis, self.in_dim: self.out_dim}
        self.set_output([new.get(dim, dim) for dim in x.dims])

    def numpy(self, run: Run, x: numpy.ndarray, filters: numpy.ndarray, bias: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        if self.out_axis is not self.axis:
            run.set_lengths(self.out_axis, -(-run.lengths(self.axis) // self.stride))
        dims = self.inputs[0].dims
        rest = [dim for dim in dims if dim not in (self.axis, self.in_dim)]
        order = (self.axis, *rest, self.in_dim)
        frames = run.aligned(x, dims, order) * run.mask(self.axis, order)
        left = (self.size.size - self.stride) // 2
        width = [(left, self.size.size), *[(0, 0)] * (len(order) - 1)]
        frames = numpy.pad(frames, width)
        starts: numpy.ndarray = self.stride * numpy.arange(run.size(self.out_axis))
        y = numpy.zeros((len(starts), *frames.shape[1:-1], self.out_dim.size), "float32")
        for j, weight in enumerate(filters):
            y = y + (frames[starts + j] * weight[0] if self.depthwise else frames[starts + j] @ weight)
        return run.aligned(y + bias, (self.out_axis, *rest, self.out_dim), self.output.dims)

    def layer(self, lower: Lowering) -> Reference:
        """``conv``, padded as if each sequence stood alone (RETURNN's "same_static" with a mask)."""
        x, filters, bias = self.inputs
        options: dict[str, Any] = {
            "from": lower.reference(x),
            "filter_size": [self.size.size],
            "padding": "same_static",
            "use_time_mask": True,
            "in_dim": self.in_dim,
            "out_dim": self.out_dim,
            "in_spatial_dims": [self.axis],
        }
        if self.stride != 1:
            options |= {"strides": self.stride, "out_spatial_dims": [self.out_axis]}
        if self.depthwise:
            options["groups"] = self.in_dim.size
        options["reuse_params"] = lower.parameter_map(W=filters, bias=bias)
        return lower.add(self, "conv", options)


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
