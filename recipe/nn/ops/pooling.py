"""Pooling: several successive frames as one."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim, DimLike, batch_dim
from ..plain.errors import NetworkError
from ..plain.number import is_size
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor
from .elementwise import cast, minimum
from .lengths import range_over
from .reduce import reduce_max, reduce_sum
from .strides import strided_dim
from .windows import chunk

MODES = ("max", "mean")
LOWEST = -1e30


class Pool(Op):
    """The maximum or the mean of each ``size`` successive frames; the last ones of a sequence may be fewer."""

    name = "pool"
    takes_more_axes = False

    def __init__(self, x: Tensor, axis: Dim, size: int, mode: str, out_dim: Dim):
        self.axis, self.size, self.mode, self.out_dim = axis, size, mode, out_dim
        super().__init__(x)

    def infer(self) -> None:
        """The dims of the input, with the shorter axis in place of the axis."""
        x = self.inputs[0]
        self.require_float(x)
        if batch_dim not in x.dims or x.feature_dim not in x.dims:
            raise NetworkError(f"pool is for sequences of vectors, [batch, {self.axis}, features], not for {x}")
        self.set_output([self.out_dim if dim is self.axis else dim for dim in x.dims])

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """Each sequence over its own frames; padding never counts."""
        lengths = run.lengths(self.axis)
        run.set_lengths(self.out_dim, -(-lengths // self.size))
        dims = self.inputs[0].dims
        order = (self.axis, *[dim for dim in dims if dim is not self.axis])
        value = run.aligned(x, dims, order)
        mask = numpy.broadcast_to(run.mask(self.axis, order), value.shape)
        groups = [(value[t : t + self.size], mask[t : t + self.size]) for t in range(0, len(value), self.size)]
        pooled = [_pooled(self.mode, frames, inside) for frames, inside in groups]
        result = numpy.stack(pooled) if pooled else value[:0]
        return run.aligned(result, (self.out_dim, *order[1:]), self.output.dims)

    def form(self) -> Form:
        """``pool``."""
        options: dict[str, Any] = {"mode": {"max": "max", "mean": "avg"}[self.mode], "pool_size": [self.size]}
        axes = {"in_dim": self.inputs[0].feature_dim, "out_spatial_dims": [self.out_dim]}
        return Form("pool", {"from": self.inputs[0], **options, **axes, "in_spatial_dims": [self.axis]})


def _pooled(mode: str, frames: numpy.ndarray, inside: numpy.ndarray) -> numpy.ndarray:
    """Of one group of frames [frames, ...]; 0 where none of them is in the sequence."""
    if mode == "max":
        return numpy.where(inside.any(axis=0), numpy.where(inside, frames, -numpy.inf).max(axis=0), 0.0)
    return numpy.where(inside, frames, 0.0).sum(axis=0) / numpy.maximum(inside.sum(axis=0), 1)


def pool(x: Tensor, size: int, *, mode: str = "max", axis: DimLike | str | None = None) -> Tensor:
    """
    Each ``size`` successive frames as one; ``n`` frames become ``ceil(n / size)``.

    :param x: [batch, axis, ..., features]
    :param size: how many frames become one
    :param mode: "max", or "mean"; of the frames that are there, where the last ones of a sequence are fewer
    :param axis: an axis with lengths, or one of fixed size, such as the features; default: the only one with lengths
    :raises NetworkError: if the size is none, or there is no such mode
    """
    x = as_tensor(x)
    if not is_size(size):
        raise NetworkError(f"pool of {x} by {size!r} frames: their number is an int from 1 on")
    if mode not in MODES:
        raise NetworkError(f"pool of {x} with the mode {mode!r}; there are {' and '.join(map(repr, MODES))}")
    dim = x.resolve_axis(axis)
    if size == 1:
        return x
    return (
        Pool(x, dim, size, mode, strided_dim(dim, size)).output if dim.is_dynamic else _of_entries(x, dim, size, mode)
    )


def _of_entries(x: Tensor, axis: Dim, size: int, mode: str) -> Tensor:
    """Along an axis of fixed size."""
    window = Dim(size, "window")
    if mode == "max":
        return reduce_max(chunk(x, window, value=float("-inf"), axis=axis), window)
    total = reduce_sum(chunk(x, window, axis=axis), window)
    (groups,) = [dim for dim in total.dims if dim not in x.dims]
    count = minimum(axis.size - size * range_over(groups), size)
    return total / cast(count, x.dtype)
