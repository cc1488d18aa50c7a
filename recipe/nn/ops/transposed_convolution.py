"""Transposed convolution over time, which makes sequences longer."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form, parameter_map
from ..record.graph import Op, Tensor
from .strides import upsampled_dim


class TransposedConvOp(Op):
    """``y_t = sum of x_s W_j over all s, j with stride s + j - (size - stride) // 2 = t, + b``, of each sequence."""

    name = "transposed_conv"
    is_main = True
    takes_square_weights = True

    def __init__(self, x: Tensor, filters: Tensor, bias: Tensor, *, axis: Dim, stride: int):
        self.axis, self.stride = axis, stride
        self.in_dim = x.feature_dim
        self.size, self.out_dim = filters.op.parameter.dims[0], bias.dims[0]  # type: ignore[attr-defined]
        self.out_axis = upsampled_dim(axis, stride)
        super().__init__(x, filters, bias)

    def infer(self) -> None:
        """The dims of the input, with the longer axis and the new features."""
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

    def numpy(self, run: Arrays, x: numpy.ndarray, filters: numpy.ndarray, bias: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        if self.out_axis is not self.axis:
            run.set_lengths(self.out_axis, run.lengths(self.axis) * self.stride)
        rest = self.rest_dims
        order = (self.axis, *rest, self.in_dim)
        frames = numpy.where(run.mask(self.axis, order), run.aligned(x, self.inputs[0].dims, order), numpy.float32(0))
        left, size = (self.size.size - self.stride) // 2, self.size.size
        count = self.stride * len(frames)
        y = numpy.zeros((count + size, *frames.shape[1:-1], self.out_dim.size), frames.dtype)
        for j, weight in enumerate(filters):
            y[j : j + count : self.stride] += frames @ weight
        return run.aligned(y[left : left + count] + bias, (self.out_axis, *rest, self.out_dim), self.output.dims)

    def form(self) -> Form:
        """``transposed_conv``, of each sequence as if it stood alone, and without what is before and after it."""
        x, filters, bias = self.inputs
        options: dict[str, Any] = {
            "from": x,
            "filter_size": [self.size.size],
            "strides": [self.stride],
            "in_dim": self.in_dim,
            "out_dim": self.out_dim,
            "in_spatial_dims": [self.axis],
            "out_spatial_dims": [self.out_axis],
        }
        options["reuse_params"] = parameter_map(W=filters, bias=bias)
        return Form("transposed_conv", options)
