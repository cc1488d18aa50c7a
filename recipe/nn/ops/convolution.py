"""Convolution over time, and over features beside it."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form, parameter_map
from ..record.graph import Op, Tensor
from .strides import strided_dim


class SequenceConvolution(Op):
    """
    What convolutions over time share: their dims.

    :param x: sequences of vectors
    :param filters: [size, in, out]
    :param bias: [out]
    :param axis: of the sequences
    :param out_axis: that of the results
    """

    is_main = True
    takes_square_weights = True

    def __init__(self, x: Tensor, filters: Tensor, bias: Tensor, *, axis: Dim, out_axis: Dim):
        self.axis, self.out_axis = axis, out_axis
        self.in_dim = x.feature_dim
        self.size, self.out_dim = filters.op.parameter.dims[0], bias.dims[0]  # type: ignore[attr-defined]
        super().__init__(x, filters, bias)

    def infer(self) -> None:
        """The dims of the input, with the axis of the results and the new features."""
        x = self.inputs[0]
        self.require_float(x)
        if batch_dim not in x.dims:
            raise NetworkError(f"a convolution is for sequences of vectors, [batch, {self.axis}, features], not {x}")
        new = {self.axis: self.out_axis, self.in_dim: self.out_dim}
        self.set_output([new.get(dim, dim) for dim in x.dims])

    @property
    def rest_dims(self) -> list[Dim]:
        """The dims of the input that it does not go over, the batch dim among them."""
        return [dim for dim in self.inputs[0].dims if dim not in (self.axis, self.in_dim)]


class ConvOp(SequenceConvolution):
    """
    ``y_t = sum_j x[stride t + j - (size - stride) // 2] W_j + b``, with zeros before and behind each sequence.

    :param depthwise: whether each feature is convolved alone
    """

    name = "conv"
    takes_more_axes = False

    def __init__(self, x: Tensor, filters: Tensor, bias: Tensor, *, axis: Dim, stride: int, depthwise: bool):
        self.stride, self.depthwise = stride, depthwise
        super().__init__(x, filters, bias, axis=axis, out_axis=strided_dim(axis, stride))

    def numpy(self, run: Arrays, x: numpy.ndarray, filters: numpy.ndarray, bias: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        if self.out_axis is not self.axis:
            run.set_lengths(self.out_axis, -(-run.lengths(self.axis) // self.stride))
        rest = self.rest_dims
        order = (self.axis, *rest, self.in_dim)
        frames = numpy.where(run.mask(self.axis, order), run.aligned(x, self.inputs[0].dims, order), numpy.float32(0))
        left = (self.size.size - self.stride) // 2
        width = [(left, self.size.size), *[(0, 0)] * (len(order) - 1)]
        frames = numpy.pad(frames, width)
        starts: numpy.ndarray = self.stride * numpy.arange(run.size(self.out_axis))
        y = numpy.zeros((len(starts), *frames.shape[1:-1], self.out_dim.size), frames.dtype)
        for j, weight in enumerate(filters):
            y = y + (frames[starts + j] * weight[0] if self.depthwise else frames[starts + j] @ weight)
        return run.aligned(y + bias, (self.out_axis, *rest, self.out_dim), self.output.dims)

    def form(self) -> Form:
        """
        ``conv``, padded as if each sequence stood alone.

        RETURNN (1.20261022, ``ConvLayer`` in tf/layers/basic.py) reads what stands after shorter sequences, and pads by
        the longest one. So its options are ``use_time_mask`` and the padding ``same_static``.
        Test: modules/test_convolution.py::test_written_out
        """
        x, filters, bias = self.inputs
        options: dict[str, Any] = {
            "from": x,
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
        options["reuse_params"] = parameter_map(W=filters, bias=bias)
        return Form("conv", options)
