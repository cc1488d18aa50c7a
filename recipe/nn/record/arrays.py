"""What ops ask of a run in NumPy: lengths, sizes, masks, axes in another order, random numbers."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from typing import Any

import numpy

from ..plain.dim import Dim, batch_dim


class Arrays(abc.ABC):
    """
    The arrays of one run, as ops see them: with a row for each sequence, or in a search for each hypothesis.

    :param train: whether dropout and the like are on
    :param seed: of random ops
    :param train_step: how many batches were trained on before
    :param precise: whether to compute in float64 what is float32 otherwise
    """

    def __init__(self, *, train: bool = False, seed: int = 0, train_step: int = 0, precise: bool = False):
        self.train = train
        self.precise = precise
        self.train_step = train_step
        self.random = numpy.random.default_rng(seed)
        self.steps: dict[Any, int] = {}
        """The number of the step by the loops that run."""

    @abc.abstractmethod
    def sequences(self) -> int:
        """The number of sequences."""

    @abc.abstractmethod
    def batch(self) -> int:
        """The number of rows: of sequences; in a search, of hypotheses."""

    @abc.abstractmethod
    def lengths(self, dim: Dim) -> numpy.ndarray:
        """The lengths along a dim, over its ``length_dims``; the size, for each row, of a static one."""

    @abc.abstractmethod
    def set_lengths(self, dim: Dim, lengths: numpy.ndarray) -> None:
        """Says how long each row is along a dim."""

    @abc.abstractmethod
    def set_length_of_all(self, dim: Dim, length: int) -> None:
        """Says that all rows have one length along a dim."""

    @abc.abstractmethod
    def knows_lengths(self, dim: Dim) -> bool:
        """Whether the lengths of a dim are known by now."""

    @abc.abstractmethod
    def greatest_length(self, dim: Dim) -> int:
        """The greatest length along a dim; 0 if there is no row."""

    @abc.abstractmethod
    def read(self, tensor: Any) -> numpy.ndarray:
        """The array of a tensor; in loops, that of the newest step."""

    @abc.abstractmethod
    def counts(self, tensor: Any) -> numpy.ndarray:
        """Where a value counts: in no padding, and of rows that make this step. Bool, which broadcasts to the value."""

    def lengths_along(self, dim: Dim, dims: tuple[Dim, ...]) -> numpy.ndarray:
        """The lengths along a dim, aligned to a value's dims."""
        return self.aligned(self.lengths(dim), (batch_dim,) if dim.is_static else dim.length_dims, dims)

    def array_dtype(self, dtype: str) -> str:
        """The type of the arrays of values of a type."""
        return "float64" if self.precise and dtype == "float32" else dtype

    def size(self, dim: Dim) -> int:
        """How far an axis reaches: the size, or the greatest length."""
        if dim.is_batch:
            return self.batch()
        return dim.size if dim.is_static else self.greatest_length(dim)

    def shape(self, dims: Iterable[Dim]) -> tuple[int, ...]:
        """The shape of an array with these dims."""
        return tuple(self.size(dim) for dim in dims)

    def aligned(self, value: numpy.ndarray, dims: tuple[Dim, ...], target: tuple[Dim, ...]) -> numpy.ndarray:
        """The array with its axes in the order of ``target``, size 1 where it has no such axis."""
        return aligned(value, dims, target)

    def positions(self, dim: Dim, dims: tuple[Dim, ...]) -> numpy.ndarray:
        """0, 1, 2, ... along a dim, aligned to a value's dims."""
        return aligned(numpy.arange(self.size(dim)), (dim,), dims)

    def mask(self, dim: Dim, dims: tuple[Dim, ...]) -> numpy.ndarray:
        """Where frames along ``dim`` are no padding: bool, aligned to ``dims``."""
        if dim.is_static or batch_dim not in dims:
            return numpy.ones_like(self.positions(dim, dims), bool)
        return self.positions(dim, dims) < self.lengths_along(dim, dims)


def aligned(array: numpy.ndarray, dims: tuple[Dim, ...], target: tuple[Dim, ...]) -> numpy.ndarray:
    """The array with its axes in the order of ``target``, size 1 where it has no such axis."""
    order = [dims.index(dim) for dim in target if dim in dims]
    array = numpy.transpose(array, order)
    shape = iter(array.shape)
    return array.reshape([next(shape) if dim in dims else 1 for dim in target])
