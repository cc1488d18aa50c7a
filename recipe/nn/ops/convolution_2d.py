"""Convolution over two axes, such as time and frequency."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form, parameter_map
from ..record.graph import Op, Tensor
from .strides import strided_dim


class Conv2dOp(Op):
    """
    ``y[s, t] = sum_ij x[stride_1 s + i - left_1, stride_2 t + j - left_2] W_ij + b`` with
    ``left = (size - stride) // 2``, and zeros around each sequence.
    """

    name = "conv"
    is_main = True
    takes_square_weights = True

    def __init__(
        self, x: Tensor, filters: Tensor, bias: Tensor, *, in_dim: Dim, axes: tuple[Dim, Dim], strides: tuple[int, int]
    ):
        self.axes, self.strides, self.in_dim = axes, strides, in_dim
        self.filter_dims, self.out_dim = filters.op.parameter.dims[:2], bias.dims[0]  # type: ignore[attr-defined]
        self.out_axes = tuple(strided_dim(axis, stride) for axis, stride in zip(axes, strides))
        super().__init__(x, filters, bias)

    def infer(self) -> None:
        """The dims of the input, with the strided axes and the new features."""
        x = self.inputs[0]
        self.require_float(x)
        if batch_dim not in x.dims:
            raise NetworkError(f"a convolution over {self.axes} is for [batch, ..., features], not for {x}")
        new = {**dict(zip(self.axes, self.out_axes)), self.in_dim: self.out_dim}
        self.set_output([new.get(dim, dim) for dim in x.dims])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the filter."""
        return tuple(dim.size for dim in self.filter_dims)

    @property
    def rest_dims(self) -> list[Dim]:
        """The dims of the input that it does not go over, the batch dim among them."""
        return [dim for dim in self.inputs[0].dims if dim not in (*self.axes, self.in_dim)]

    def numpy(self, run: Arrays, x: numpy.ndarray, filters: numpy.ndarray, bias: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        for axis, out_axis, stride in zip(self.axes, self.out_axes, self.strides):
            if out_axis is not axis and axis.is_dynamic:
                run.set_lengths(out_axis, -(-run.lengths(axis) // stride))
        rest = self.rest_dims
        order = (*self.axes, *rest, self.in_dim)
        inside = run.mask(self.axes[0], order) & run.mask(self.axes[1], order)
        frames = numpy.where(inside, run.aligned(x, self.inputs[0].dims, order), numpy.float32(0))
        left = [(size - stride) // 2 for size, stride in zip(self.sizes, self.strides)]
        frames = numpy.pad(frames, [*zip(left, self.sizes), *[(0, 0)] * (len(order) - 2)])
        starts: list[numpy.ndarray] = [
            stride * numpy.arange(run.size(dim)) for dim, stride in zip(self.out_axes, self.strides)
        ]
        first, second = starts
        y = numpy.zeros((len(first), len(second), *frames.shape[2:-1], self.out_dim.size), frames.dtype)
        for i, row in enumerate(filters):
            for j, weight in enumerate(row):
                y = y + frames[first + i][:, second + j] @ weight
        return run.aligned(y + bias, (*self.out_axes, *rest, self.out_dim), self.output.dims)

    def form(self) -> Form:
        """``conv`` over two axes, padded as if each sequence stood alone."""
        x, filters, bias = self.inputs
        options: dict[str, Any] = {
            "from": x,
            "filter_size": list(self.sizes),
            "padding": "same_static",
            "use_time_mask": True,
            "in_dim": self.in_dim,
            "out_dim": self.out_dim,
            "in_spatial_dims": list(self.axes),
        }
        if self.strides != (1, 1):
            options |= {"strides": list(self.strides), "out_spatial_dims": list(self.out_axes)}
        options["reuse_params"] = parameter_map(W=filters, bias=bias)
        return Form("conv", options)
