"""What ops ask of a run in NumPy: lengths, sizes, masks, axes in another order, random numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy

from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError


class Arrays:
    """
    The arrays of one run.

    :param train: whether dropout and the like are on
    :param seed: of random ops
    :param train_step: how many batches were trained on before
    """

    def __init__(self, *, train: bool = False, seed: int = 0, train_step: int = 0):
        self.train = train
        self.train_step = train_step
        self.random = numpy.random.default_rng(seed)
        self.values: dict[Any, numpy.ndarray] = {}
        """The arrays by their tensors; in loops, those of the newest step."""
        self.steps: dict[Any, int] = {}
        """The number of the step by the loops that run."""
        self.batch_size: int | None = None
        self._lengths: dict[Dim, numpy.ndarray] = {}

    def lengths(self, dim: Dim) -> numpy.ndarray:
        """The lengths of a dim, one per sequence (per hypothesis in a search), or the size of a static one."""
        if dim.is_static:
            return numpy.full(self.batch(), dim.size, "int32")
        lengths = self._lengths[dim]
        return numpy.repeat(lengths, self.batch() // len(lengths)) if 0 < len(lengths) < self.batch() else lengths

    def set_lengths(self, dim: Dim, lengths: numpy.ndarray) -> None:
        """Says how long each sequence is along a dim."""
        self._lengths[dim] = numpy.asarray(lengths, "int32")

    def knows_lengths(self, dim: Dim) -> bool:
        """Whether the lengths of a dim are known by now."""
        return dim in self._lengths

    def batch(self) -> int:
        """The number of sequences; in a search, of hypotheses."""
        if self.batch_size is None:
            raise NetworkError("the size of the batch is not known: the network reads no input with a batch dim")
        return self.batch_size

    def size(self, dim: Dim) -> int:
        """How far an axis reaches: the size, or the greatest length."""
        if dim.is_batch:
            return self.batch()
        return dim.size if dim.is_static else int(self._lengths[dim].max(initial=0))

    def shape(self, dims: Iterable[Dim]) -> tuple[int, ...]:
        """The shape of an array with these dims."""
        return tuple(self.size(dim) for dim in dims)

    def aligned(self, value: numpy.ndarray, dims: tuple[Dim, ...], target: tuple[Dim, ...]) -> numpy.ndarray:
        """The array with its axes in the order of ``target``, size 1 where it has no such axis."""
        order = [dims.index(dim) for dim in target if dim in dims]
        value = numpy.transpose(value, order)
        shape = iter(value.shape)
        return value.reshape([next(shape) if dim in dims else 1 for dim in target])

    def mask(self, dim: Dim, dims: tuple[Dim, ...]) -> numpy.ndarray:
        """Where frames along ``dim`` are no padding: bool, aligned to ``dims``."""
        frames = numpy.arange(self.size(dim))
        if dim.is_static or batch_dim not in dims:
            return self.aligned(numpy.ones(len(frames), bool), (dim,), dims)
        return self.aligned(frames[None, :] < self.lengths(dim)[:, None], (batch_dim, dim), dims)
