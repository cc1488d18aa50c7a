"""The reference interpreter: runs a network in NumPy with plain Python loops. It defines what a network means."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from ..ops.choice import Choice
from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError
from ..program.searches import searches
from ..record.loop_op import LoopOp
from ..record.loop_ops import PreviousOp, ResultOp
from ..record.op import Op
from ..record.recording import Body
from ..record.tensor import Tensor
from .loop_run import LoopRun
from .search import Hypotheses
from .trace import Step, Trace
from .values import Value, aligned, together, union

if TYPE_CHECKING:
    from ..program.program import Program


class Result(NamedTuple):
    """A value that came out: the array, its dims in order, and the lengths of those dims that have lengths."""

    value: numpy.ndarray
    dims: tuple[Dim, ...]
    lengths: dict[Dim, numpy.ndarray]

    def sequences(self) -> list[numpy.ndarray]:
        """
        One array per sequence of the batch, or per hypothesis, cut to its length (at most one dim with lengths).
        """
        rows = [batch_dim, *(dim for dim in self.dims if dim.is_beam)]
        rest = [dim for dim in self.dims if dim not in rows]
        dynamic = [dim for dim in rest if dim.is_dynamic]
        order = (*rows, *dynamic, *(dim for dim in rest if dim not in dynamic))
        array = aligned(self.value, self.dims, order)
        shape = array.shape[: len(rows)]
        array = array.reshape(math.prod(shape), *array.shape[len(rows) :])
        if not dynamic:
            return list(array)
        lengths = aligned(self.lengths[dynamic[0]], dynamic[0].length_dims, tuple(rows))
        return [row[:length] for row, length in zip(array, numpy.broadcast_to(lengths, shape).reshape(-1))]


class Run:
    """
    One execution of a program.

    :param program: what to run
    :param feeds: the arrays of its inputs by name; for an input with lengths a pair (array, lengths)
    :param parameters: the arrays of its parameters by name
    :param train: whether dropout and the like are on
    :param seed: of random ops
    :param train_step: how many batches were trained on before
    """

    def __init__(
        self,
        program: Program,
        feeds: Mapping[str, Any],
        parameters: Mapping[str, numpy.ndarray],
        *,
        train: bool = False,
        seed: int = 0,
        train_step: int = 0,
        trace: bool = False,
    ):
        self.program = program
        self.feeds = feeds
        self.parameters = parameters
        self.train = train
        self.train_step = train_step
        self.random = numpy.random.default_rng(seed)
        self.values: dict[Tensor, Value] = {}
        self.carried: dict[PreviousOp, Value] = {}
        self.results: dict[ResultOp, Value] = {}
        self.steps: dict[LoopOp, int] = {}
        """The number of the step of each loop that runs."""
        self.trace: Trace | None = Trace() if trace else None
        self.batch_size: int | None = None
        self.beams: tuple[Hypotheses, ...] = ()
        """The searches for whose hypotheses the arrays have a row each, of the op that is computed."""
        self.scores: list[numpy.ndarray] = []
        """Of the searches that are over, [rows, beam]."""
        self._searches = {search.loop: search for search in searches(program)}
        self._search: Hypotheses | None = None
        self._loop_runs: dict[LoopOp, LoopRun] = {}
        self._lengths: dict[Dim, Value] = {}

    # what ops ask for: the arrays that they get have a row for each sequence, or for each hypothesis

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

    def lengths_along(self, dim: Dim, dims: tuple[Dim, ...]) -> numpy.ndarray:
        """The lengths along a dim, aligned to a value's dims."""
        return aligned(self.lengths(dim), (batch_dim,) if dim.is_static else dim.length_dims, dims)

    def set_lengths(self, dim: Dim, lengths: numpy.ndarray) -> None:
        """Says how long each row is along a dim."""
        self.know_lengths(dim, Value(numpy.asarray(lengths, "int32"), 0, self.beams))

    def set_length_of_all(self, dim: Dim, length: int) -> None:
        """Says that all rows have one length along a dim."""
        self.know_lengths(dim, Value(numpy.full(self.sequences(), length, "int32"), 0))

    def knows_lengths(self, dim: Dim) -> bool:
        """Whether the lengths of a dim are known by now."""
        return dim in self._lengths

    def size(self, dim: Dim) -> int:
        """How far an axis reaches: the size, or the greatest length."""
        if dim.is_batch:
            return self.batch()
        return dim.size if dim.is_static else int(self._lengths[dim].array.max(initial=0))

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """The shape of the array of a tensor."""
        return tuple(self.size(dim) for dim in tensor.dims)

    def read(self, tensor: Tensor) -> numpy.ndarray:
        """The array of a tensor."""
        return self.values[tensor].spread(self.beams).array

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

    # how it runs

    def execute(self, body: Body) -> None:
        """Computes the ops of a body in order."""
        for op in body.ops:
            if op not in self.program.needed:
                continue
            with self.with_rows_of(*op.inputs, choice=isinstance(op, Choice)):
                outputs = op.numpy(self, *[self.read(tensor) for tensor in op.inputs])
                for tensor, value in zip(op.outputs, outputs if type(outputs) is tuple else (outputs,)):
                    self.values[tensor] = self._value(tensor, value)
            if self.trace is not None and body.loop is not None:
                self._note(op, body.loop)

    def run_loop(self, loop: LoopOp, max_steps: int | None) -> None:
        """Runs a loop; the search, if it is that of one."""
        search = self._searches.get(loop)
        if search is not None:
            self._search = Hypotheses(search, len(self.scores), self.sequences())
        running = self._loop_runs[loop] = LoopRun(self, loop, max_steps)
        running.run_steps()
        if self._search is not None and search is not None:
            self.scores.append(self._search.leave(self))
        running.leave()
        if self._search is not None and search is not None:
            for result in loop.results:
                if result in self.results:  # also what no choice had to do with is of each hypothesis
                    value = self.results[result]
                    self.results[result] = value.spread(union([value.beams, (self._search,)]))
            self._search = None
        del self._loop_runs[loop]
        self.steps.pop(loop, None)

    def choose(self, choice: Choice, scores: numpy.ndarray) -> numpy.ndarray:
        """The labels that a choice of the search takes: [rows]."""
        assert self._search is not None
        return self._search.choose(self, choice, scores)

    def goes_on(self) -> numpy.ndarray:
        """Which rows run in this step of all loops around."""
        alive: numpy.ndarray = numpy.ones(self.batch(), bool)
        for running in self._loop_runs.values():
            alive = alive & running.alive.spread(self.beams).array
        return alive

    def run_of(self, loop: LoopOp) -> LoopRun:
        """The run of a loop that runs now."""
        return self._loop_runs[loop]

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
        for running in self._loop_runs.values():
            running.reorder(change_and_cut)
            self.carried.update(running.state)

    @contextlib.contextmanager
    def with_rows_of(self, *tensors: Tensor, choice: bool = False) -> Iterator[None]:
        """
        Gives the arrays that are read meanwhile a row for each hypothesis that one of these values depends on.

        :param choice: whether it is for a choice, which is made for all hypotheses of its search
        """
        beams = [self.values[tensor].beams for tensor in tensors]
        beams += [self._lengths[dim].beams for x in tensors for dim in x.dims if dim in self._lengths]
        if choice and self._search is not None:
            beams += [(self._search,), self._search.around]
            beams += [running.alive.beams for running in self._loop_runs.values()]
        before, self.beams = self.beams, union(beams)
        try:
            yield
        finally:
            self.beams = before

    def _value(self, tensor: Tensor, value: Any) -> Value:
        """What an op gave, for one of its results."""
        if isinstance(value, Value):
            return value
        value = numpy.asarray(value)
        if tensor.dtype == "float32" and value.dtype == numpy.float64:
            value = value.astype("float32")
        return Value.of(value, tensor.dims, self.beams)

    def _note(self, op: Op, loop: LoopOp) -> None:
        assert self.trace is not None
        for tensor in op.outputs:
            value, *alive = together(self.values[tensor], *(running.alive for running in self._loop_runs.values()))
            goes_on = numpy.logical_and.reduce([one.array for one in alive])
            what = f"<{op.describe(tensor)}, {op.source}>"
            self.trace.append(Step(tuple(self.steps.values()), what, value.array.copy(), tensor, loop, goes_on))
