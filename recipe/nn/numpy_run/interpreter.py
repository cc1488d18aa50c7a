"""The reference interpreter: runs a network in NumPy with plain Python loops. It defines what a network means."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy

from ..ops.choice import Choice
from ..ops.inputs import ExternDataOp, ParameterOp
from ..plain.delayed import resolved
from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError
from ..program.program import Program
from ..record.arrays import Arrays
from ..record.graph import Body, Op, Tensor
from ..record.loops import FinalState, LastOp, LoopOp, PreviousOp, ResultOp, StackOp
from ..record.reads import read_by_loop
from .feeds import fed_array, parameter_array
from .trace import Step, Trace


class Result(NamedTuple):
    """A value that came out: the array, its dims in order, and the lengths of those dims that have lengths."""

    value: numpy.ndarray
    dims: tuple[Dim, ...]
    lengths: dict[Dim, numpy.ndarray]

    def sequences(self) -> list[numpy.ndarray]:
        """One array per sequence of the batch, cut to its length (batch first, at most one dim with lengths)."""
        array = numpy.moveaxis(self.value, self.dims.index(batch_dim), 0)
        rest = [dim for dim in self.dims if not dim.is_batch]
        for position, dim in enumerate(rest):
            if dim.is_dynamic:
                array = numpy.moveaxis(array, position + 1, 1)
                return [row[:length] for row, length in zip(array, self.lengths[dim])]
        return list(array)


class Run(Arrays):
    """
    One execution of a network.

    :param network: what to run
    :param feeds: the arrays of its inputs by name; for an input with lengths a pair (array, lengths)
    :param parameters: the arrays of its parameters by name
    :param train: whether dropout and the like are on
    :param seed: of random ops
    :param train_step: how many batches were trained on before
    """

    def __init__(
        self,
        network: Program,
        feeds: Mapping[str, Any],
        parameters: Mapping[str, numpy.ndarray],
        *,
        train: bool = False,
        seed: int = 0,
        train_step: int = 0,
        trace: bool = False,
    ):
        super().__init__(train=train, seed=seed, train_step=train_step)
        self.network = network
        self.feeds = feeds
        self.parameters = parameters
        self.carried: dict[PreviousOp, numpy.ndarray] = {}
        self.results: dict[ResultOp, numpy.ndarray] = {}
        self.alive: dict[LoopOp, numpy.ndarray] = {}
        self.trace: Trace | None = Trace() if trace else None
        self.search: Search | None = None
        self.searches: list[Search] = []
        self._hypotheses = 1

    def batch(self) -> int:
        """The number of sequences; in a search, of hypotheses."""
        return super().batch() * (self.search.beam_size if self.search else self._hypotheses)

    def read(self, tensor: Tensor) -> numpy.ndarray:
        """The array of a tensor; in a search, and with results of one, values from outside once per hypothesis."""
        value = self.values[tensor]
        if batch_dim in tensor.dims:
            axis = tensor.dims.index(batch_dim)
            if 0 < value.shape[axis] < self.batch():
                value = numpy.repeat(value, self.batch() // value.shape[axis], axis=axis)
        return value

    def execute(self, body: Body) -> None:
        """Computes the ops of a body in order."""
        for op in body.ops:
            if op not in self.network.needed:
                continue
            with self.of_hypotheses(*self._read_by(op)):
                arrays = [self.read(tensor) for tensor in op.inputs]
                outputs = self.compute(op, arrays)
            for tensor, value in zip(op.outputs, outputs if isinstance(outputs, tuple) else (outputs,)):
                value = numpy.asarray(value)
                if tensor.dtype == "float32" and value.dtype == numpy.float64:
                    value = value.astype("float32")
                self.values[tensor] = value
                if self.trace is not None and body.loop is not None:
                    steps = tuple(self.steps[loop] for loop in self.steps)
                    what = f"<{op.describe(tensor)}, {op.source}>"
                    self.trace.append(Step(steps, what, value.copy(), tensor, body.loop, self._all_alive()))

    def compute(self, op: Op, arrays: list[numpy.ndarray]) -> Any:
        """The results of an op; loops, and what enters and leaves them and the network, are the interpreter's own."""
        if isinstance(op, LoopOp):
            run_loop(self, op, int(arrays[0]) if arrays else resolved(op.max_seq_len))
            return ()
        if isinstance(op, PreviousOp):
            return self.values[op.initial] if op.is_constant and op.initial in self.values else self.carried[op]
        if isinstance(op, ResultOp):
            return self.results[op]
        if isinstance(op, ExternDataOp):
            return fed_array(self, self.feeds, op.data)
        if isinstance(op, ParameterOp):
            return parameter_array(op, self.parameters)
        return op.numpy(self, *arrays)

    def _read_by(self, op: Op) -> Iterable[Tensor]:
        """What tells whether an op is computed per hypothesis: its inputs; of a loop after a search, all it reads."""
        if not isinstance(op, LoopOp) or not self.searches:
            return op.inputs
        outside = [x for x in read_by_loop(op) if not x.op.body.is_inside(op.body_of_steps)]
        return [*op.inputs, *(x for x in outside if x in self.values)]

    def _all_alive(self) -> numpy.ndarray:
        """Which sequences (hypotheses, in a search) run in this step of all loops around."""
        alive: numpy.ndarray = numpy.ones(self.batch(), bool)
        for loop in self.steps:
            alive = alive & numpy.repeat(self.alive[loop], len(alive) // len(self.alive[loop]))
        return alive

    @contextlib.contextmanager
    def of_hypotheses(self, *tensors: Tensor) -> Iterator[None]:
        """Behind a search: takes the hypotheses that these values belong to, if they do, for the batch."""
        sizes = [self.values[x].shape[x.dims.index(batch_dim)] for x in tensors if batch_dim in x.dims]
        before = self._hypotheses
        if sizes and self.batch_size and not self.search:
            self._hypotheses = max(sizes) // self.batch_size
        try:
            yield
        finally:
            self._hypotheses = before


class Search:
    """
    The beams of a loop in which choices are made.

    :param loop: the loop
    :param beam_size: hypotheses per sequence
    :param batch_size: sequences
    """

    def __init__(self, loop: LoopOp, beam_size: int, batch_size: int):
        self.loop = loop
        self.beam_size = beam_size
        self.scores: numpy.ndarray = numpy.full((batch_size, beam_size), -1e30)
        self.scores[:, 0] = 0.0
        self.ended: numpy.ndarray = numpy.zeros((batch_size, beam_size), bool)
        self.reorder: Callable[[numpy.ndarray], None] = lambda source: None

    def holds(self, tensor: Tensor) -> bool:
        """Whether a value has one entry per hypothesis already."""
        return tensor.op.body.is_inside(self.loop.body_of_steps)


def run_loop(run: Run, loop: LoopOp, max_steps: int | None) -> None:
    """
    Runs a loop: ``while any sequence goes on: body``.

    :param max_steps: never more steps than this
    """
    _LoopRun(run, loop, max_steps).run_steps()


class _LoopRun:
    def __init__(self, run: Run, loop: LoopOp, max_steps: int | None):
        self.run, self.loop, self.max_steps = run, loop, max_steps
        needed = run.network.needed
        self.previous = [op for op in loop.previous.values() if op in needed and not op.is_constant]
        self.stacks = [op for op in loop.results if isinstance(op, StackOp) and op in needed]
        self.lasts = [op for op in loop.results if isinstance(op, LastOp) and op in needed]
        beam_size = resolved(run.network.beam_sizes.get(loop))
        self.search: Search | None = None
        if beam_size is not None:
            if run.search is not None:
                raise NetworkError("a search inside of another search is not possible", loop.source)
            self.search = run.search = Search(loop, beam_size, run.batch())
            self.search.reorder = self.reorder
        self.state = {op: self._initial(op) for op in self.previous}
        self.history: dict[StackOp, list[numpy.ndarray]] = {op: [] for op in self.stacks}
        self.kept: dict[LastOp, numpy.ndarray | None] = dict.fromkeys(self.lasts)
        self.alive: numpy.ndarray = numpy.ones(run.batch(), bool)
        self.length: numpy.ndarray = numpy.zeros(run.batch(), "int32")

    def _initial(self, op: PreviousOp) -> numpy.ndarray:
        assert op.initial is not None
        return self.run.read(op.initial)

    def run_steps(self) -> None:
        """Runs the body until no sequence goes on, then hands out the results."""
        run, loop = self.run, self.loop
        step = 0
        while True:
            if loop.axis_is_known:
                self.alive = self.alive & (step < run.lengths(loop.input_axis))
            if self.max_steps is not None:
                self.alive = self.alive & (step < self.max_steps)
            if not self.alive.any():
                break
            run.steps[loop], run.alive[loop] = step, self.alive
            if self.search:
                self.search.ended = ~self.alive.reshape(self.search.scores.shape)
            run.carried.update(self.state)
            run.execute(loop.body_of_steps)
            self._finish_step()
            step += 1
        run.steps.pop(loop, None)
        if self.search and step:
            self._normalize(self.search)
        self._leave()

    def _normalize(self, search: Search) -> None:
        """
        Divides the scores by lengths, as far as choices did not do that for hypotheses that ended before others.

        As RETURNN, it counts a step of the end for the longest hypothesis, also where a limit has ended that, and
        divides by that length whatever the exponent is: what all scores have in common does not change their order.
        """
        choices = [op for op in self.loop.body_of_steps.ops if isinstance(op, Choice) and op in self.run.network.needed]
        if choices[-1].normalizes:
            steps = int(self.length.max(initial=0)) + (0 if self.loop.include_eos else 1)
            search.scores = search.scores / steps

    def _finish_step(self) -> None:
        run, loop = self.run, self.loop
        counted = going_on = self.alive
        if loop.end is not None:
            going_on = self.alive & ~numpy.broadcast_to(run.read(loop.end), self.alive.shape)
            counted = self.alive if loop.include_eos else going_on
        new = {op: self._select(counted, op.final, op.output.dims, self.state[op]) for op in self.previous}
        for last in self.lasts:
            self.kept[last] = self._select(counted, last.inner, last.output.dims, self.kept[last])
        for stack in self.stacks:
            self.history[stack].append(run.read(stack.inner))
        self.state = new
        self.length = self.length + counted
        self.alive = going_on

    def _select(
        self, counted: numpy.ndarray, new: Tensor | None, dims: tuple[Dim, ...], old: numpy.ndarray | None
    ) -> numpy.ndarray:
        assert new is not None
        value = self.run.aligned(self.run.read(new), new.dims, dims)
        if old is None:
            old = numpy.zeros_like(value)
        if batch_dim not in dims:
            return value if counted.any() else old
        return numpy.where(self.run.aligned(counted, (batch_dim,), dims), value, old)

    def reorder(self, source: numpy.ndarray) -> None:
        """After a choice: each hypothesis takes over the past of the one that it continues."""
        run = self.run
        for tensor, value in list(run.values.items()):
            if self.search and self.search.holds(tensor) and batch_dim in tensor.dims:
                run.values[tensor] = numpy.take(value, source, axis=tensor.dims.index(batch_dim))
        for op, value in self.state.items():
            if batch_dim in op.output.dims:
                self.state[op] = numpy.take(value, source, axis=op.output.dims.index(batch_dim))
        for stack, steps in self.history.items():
            if batch_dim in stack.inner.dims:
                axis = stack.inner.dims.index(batch_dim)
                self.history[stack] = [numpy.take(value, source, axis=axis) for value in steps]
        for last, kept in self.kept.items():
            if kept is not None and batch_dim in last.output.dims:
                self.kept[last] = numpy.take(kept, source, axis=last.output.dims.index(batch_dim))
        self.alive, self.length = self.alive[source], self.length[source]
        run.carried.update(self.state)

    def _leave(self) -> None:
        run, loop = self.run, self.loop
        axis = loop.get_axis()
        if not (loop.axis_is_known and not loop.has_own_axis):
            run.set_lengths(axis, self.length)
        steps = int(self.length.max(initial=0))
        for stack, values in self.history.items():
            position = stack.output.dims.index(axis)
            shape = [run.size(dim) if dim is not axis else 0 for dim in stack.output.dims]
            empty: numpy.ndarray = numpy.zeros(shape, stack.output.dtype)
            full = numpy.stack(values[:steps], axis=position) if steps else empty
            run.results[stack] = full
        for last, kept in self.kept.items():
            if isinstance(last, FinalState):
                run.results[last] = self.state.get(last.previous, kept)  # type: ignore[assignment]
            else:
                run.results[last] = (
                    kept if kept is not None else numpy.zeros(run.shape(last.output.dims), last.output.dtype)
                )
        if self.search:
            run.searches.append(self.search)
            run.search = None
