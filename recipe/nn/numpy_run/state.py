"""What a run knows at some place of a program: its values, and whose hypotheses their rows are."""

from __future__ import annotations

import abc
import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy

from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError
from ..program.program import Program
from ..record.arrays import Arrays, aligned
from ..record.graph import Tensor
from ..record.loops import LoopOp, PreviousOp, ResultOp
from .values import Beam, Value, union


class Steps(abc.ABC):
    """
    A loop that runs.

    :ivar alive: which sequences (hypotheses, in a search) make this step
    :ivar steps_made: how many steps each began, also the one in which it ended
    :ivar state: the values of its states at the start of the step
    """

    alive: Value
    steps_made: Value
    state: dict[PreviousOp, Value]

    @abc.abstractmethod
    def reorder(self, change: Callable[[Value, tuple[Dim, ...]], Value]) -> None:
        """After a choice: each hypothesis takes over the past of the one that it continues."""


class RunState(Arrays):
    """
    The values of a run.

    :param program: the program that runs
    :param train: whether dropout and the like are on
    :param seed: of random ops
    :param train_step: how many batches were trained on before
    :param precise: whether to compute in float64 what is float32 otherwise
    """

    def __init__(
        self, program: Program, *, train: bool = False, seed: int = 0, train_step: int = 0, precise: bool = False
    ):
        super().__init__(train=train, seed=seed, train_step=train_step, precise=precise)
        self.program = program
        self.values: dict[Tensor, Value] = {}
        self.carried: dict[PreviousOp, Value] = {}
        self.results: dict[ResultOp, Value] = {}
        self.batch_size: int | None = None
        self.beams: tuple[Beam, ...] = ()
        """The searches for whose hypotheses the arrays have a row each, of the op that is computed."""
        self.beams_of_new_axes: tuple[Beam, ...] = ()
        """Those on whose hypotheses the lengths of the axes depend that it makes."""
        self.search: Beam | None = None
        """The search whose loop runs."""
        self.loops: dict[LoopOp, Steps] = {}
        """The loops that run."""
        self._lengths: dict[Dim, Value] = {}

    def sequences(self) -> int:
        """
        The number of sequences.

        :raises NetworkError: if no input that was read says it
        """
        if self.batch_size is None:
            raise NetworkError("the size of the batch is not known: the network reads no input with a batch dim")
        return self.batch_size

    def batch(self) -> int:
        """The number of rows: of sequences; in a search, of hypotheses."""
        return self.sequences() * math.prod(beam.size for beam in self.beams)

    def lengths(self, dim: Dim) -> numpy.ndarray:
        """The lengths along a dim, over its ``length_dims``; the size, for each row, of a static one."""
        return self.lengths_of(dim).spread(self.beams).array

    def set_lengths(self, dim: Dim, lengths: numpy.ndarray) -> None:
        """Says how long each row is along a dim."""
        self.know_lengths(dim, Value(numpy.asarray(lengths, "int32"), 0, self.beams).of_first(self.beams_of_new_axes))

    def knows_lengths(self, dim: Dim) -> bool:
        """Whether the lengths of a dim are known by now."""
        return dim in self._lengths

    def greatest_length(self, dim: Dim) -> int:
        """The greatest length along a dim; 0 if there is no row."""
        return int(self._lengths[dim].array.max(initial=0))

    def set_length_of_all(self, dim: Dim, length: int) -> None:
        """Says that all rows have one length along a dim."""
        self.know_lengths(dim, Value(numpy.full(self.sequences(), length, "int32"), 0))

    def read(self, tensor: Tensor) -> numpy.ndarray:
        """The array of a tensor."""
        return self.values[tensor].spread(self.beams).array

    def goes_on(self) -> numpy.ndarray:
        """Which rows run in this step of all loops around."""
        alive: numpy.ndarray = numpy.ones(self.batch(), bool)
        for running in self.loops.values():
            alive = alive & running.alive.spread(self.beams).array
        return alive

    def run_of(self, loop: LoopOp) -> Steps:
        """The run of a loop that runs now."""
        return self.loops[loop]

    @abc.abstractmethod
    def beams_of_result(self, result: ResultOp) -> tuple[Beam, ...]:
        """The searches on whose hypotheses a result depends, however many steps its loop makes in this run."""

    def lengths_of(self, dim: Dim) -> Value:
        """The lengths along a dim."""
        return Value(numpy.full(self.sequences(), dim.size, "int32"), 0) if dim.is_static else self._lengths[dim]

    def know_lengths(self, dim: Dim, lengths: Value) -> None:
        """Takes note of the lengths along a dim."""
        self._lengths[dim] = lengths

    def reorder(self, change: Callable[[Value], Value]) -> None:
        """
        Makes all values those of the hypotheses that a choice leaves, with the lengths of their axes.

        :param change: gives for a value that of these hypotheses
        """
        lengths = {dim: change(value) for dim, value in self._lengths.items()}
        shorter = {dim for dim, value in lengths.items() if value is not self._lengths[dim]}
        self._lengths = lengths

        def change_and_cut(value: Value, dims: tuple[Dim, ...]) -> Value:
            value = change(value)
            for axis, dim in enumerate(dims):
                if dim in shorter and value.array.shape[axis] > self.size(dim):
                    value = value._replace(array=numpy.take(value.array, range(self.size(dim)), axis=axis))
            return value

        self.values = {tensor: change_and_cut(value, tensor.dims) for tensor, value in self.values.items()}
        for running in self.loops.values():
            running.reorder(change_and_cut)
            self.carried.update(running.state)

    def beams_of_lengths(self, dims: Iterable[Dim]) -> tuple[Beam, ...]:
        """The searches on whose hypotheses the lengths along these axes depend."""
        return union(self._lengths[dim].beams for dim in dims if dim in self._lengths)

    @contextlib.contextmanager
    def with_rows_of(self, *tensors: Tensor, choice: bool = False) -> Iterator[None]:
        """
        Gives the arrays that are read meanwhile a row for each hypothesis that one of these values depends on.

        :param choice: whether it is for a choice, which is made for all hypotheses of its search
        """
        beams = [self.values[tensor].beams for tensor in tensors]
        beams += [self.beams_of_lengths(x.dims) for x in tensors]
        if choice and self.search is not None:
            beams += [(self.search,), self.search.around]
            beams += [running.alive.beams for running in self.loops.values()]
        before, self.beams = self.beams, union(beams)
        try:
            yield
        finally:
            self.beams = before

    @contextlib.contextmanager
    def with_rows_in_loops(self, tensor: Tensor) -> Iterator[None]:
        """Gives arrays a row for each hypothesis that a value, its lengths, or the steps that are made depend on."""
        alive = [running.alive.beams for running in self.loops.values()]
        before = self.beams
        self.beams = union([self.values[tensor].beams, self.beams_of_lengths(tensor.dims), *alive])
        try:
            yield
        finally:
            self.beams = before

    def counts(self, tensor: Tensor) -> numpy.ndarray:
        """Where a value counts: in no padding, and of rows that make this step. Bool, which broadcasts to the value."""
        dims = tensor.dims
        counts: numpy.ndarray = numpy.ones([1] * len(dims), bool)
        for dim in dims:
            if dim.is_dynamic and not dim.is_batch:
                counts = counts & self.mask(dim, dims)
        return counts & aligned(self.goes_on(), (batch_dim,), dims) if batch_dim in dims else counts

    def as_value(self, tensor: Tensor, value: Any) -> Value:
        """What an op gave, for one of its results."""
        if isinstance(value, Value):
            return value
        value = numpy.asarray(value)
        if tensor.dtype == "float32" and value.dtype.kind == "f":
            value = value.astype(self.array_dtype(tensor.dtype), copy=False)
        return Value.of(value, tensor.dims, self.beams)
