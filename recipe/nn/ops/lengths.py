"""Lengths of sequences, and positions along an axis, as tensors."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, DimLike, as_dim
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from ..record.operators import operator
from .constants import constant


class Length(Op):
    """How long each sequence is along a dim."""

    name = "length"

    def __init__(self, dim: Dim, like: Tensor):
        self.dim = dim
        super().__init__(like)

    def infer(self) -> None:
        """int32, with the dims that the lengths have, ``[batch]``; a scalar for a static dim, and for the batch."""
        self.set_output(self.dim.length_dims if self.dim.is_dynamic else [], dtype="int32")

    def numpy(self, run: Arrays, like: numpy.ndarray) -> numpy.ndarray:
        """The lengths; of the batch, the number of sequences, also where each has hypotheses."""
        if self.dim.is_batch:
            return numpy.array(run.sequences(), "int32")
        return numpy.array(self.dim.size, "int32") if self.dim.is_static else run.lengths(self.dim)

    def form(self) -> Form:
        """``length``."""
        return Form("length", {"from": self.inputs[0], "axis": self.dim})


class RangeInAxis(Op):
    """0, 1, 2, ... along a dim."""

    name = "range"

    def __init__(self, dim: Dim, like: Tensor):
        self.dim = dim
        super().__init__(like)

    def infer(self) -> None:
        """int32 over the dim alone."""
        self.set_output([self.dim], dtype="int32")

    def numpy(self, run: Arrays, like: numpy.ndarray) -> numpy.ndarray:
        """``numpy.arange``."""
        return numpy.arange(run.size(self.dim), dtype="int32")

    def form(self) -> Form:
        """``range_in_axis``."""
        return Form("range_in_axis", {"from": self.inputs[0], "axis": self.dim})


class WithLengths(Op):
    """
    The same values along an axis with other lengths, cut to the greatest of them.

    :param x: a value with the axis
    :param lengths: the other lengths, none greater than those of the axis: int32, with the new axis' ``length_dims``
    :param axis: the axis
    :param out_dim: the new axis in place of it
    """

    name = "with_lengths"

    def __init__(self, x: Tensor, lengths: Tensor, axis: Dim, out_dim: Dim):
        self.axis, self.out_dim = axis, out_dim
        super().__init__(x, lengths)

    def infer(self) -> None:
        """The dims of the value, with the new axis in place of the old one."""
        x = self.inputs[0]
        self.set_output([self.out_dim if dim is self.axis else dim for dim in x.dims], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray, lengths: numpy.ndarray) -> numpy.ndarray:
        """``x[..., : max(lengths), ...]``."""
        run.set_lengths(self.out_dim, run.aligned(lengths, self.inputs[1].dims, self.out_dim.length_dims))
        return numpy.take(x, range(run.size(self.out_dim)), axis=self.inputs[0].dims.index(self.axis))


@operator("length")
def length(dim: Dim, *, like: Tensor) -> Tensor:
    """
    How long each sequence is along a dim: int32 [batch]. Of ``nn.batch_dim``, how many sequences there are: a scalar.

    :param like: a tensor that has the dim
    """
    return Length(like.resolve_axis(dim), like).output


def range_over(dim: DimLike, *, like: Tensor | None = None) -> Tensor:
    """
    0, 1, 2, ... along a dim: int32 [dim].

    :param like: a tensor that has the dim; a dim of fixed size needs none
    :raises NetworkError: if it is not known how long each sequence is along the dim
    """
    if like is None:
        dim = as_dim(dim)
        if not dim.is_static:
            raise NetworkError(
                f"range_over({dim}): how long each sequence is along {dim} says a tensor that has it: "
                "nn.range_over(dim, like=x)"
            )
        return RangeInAxis(dim, constant(0, [dim])).output
    return RangeInAxis(like.resolve_axis(dim), like).output
