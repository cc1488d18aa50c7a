"""Transposed convolution over time, which makes sequences longer."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim
from ..record.arrays import Arrays
from ..record.form import Form, parameter_map
from ..record.graph import Tensor
from .convolution import SequenceConvolution
from .strides import upsampled_dim


class TransposedConvOp(SequenceConvolution):
    """``y_t = sum of x_s W_j over all s, j with stride s + j - (size - stride) // 2 = t, + b``, of each sequence."""

    name = "transposed_conv"

    def __init__(self, x: Tensor, filters: Tensor, bias: Tensor, *, axis: Dim, stride: int):
        self.stride = stride
        super().__init__(x, filters, bias, axis=axis, out_axis=upsampled_dim(axis, stride))

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
