"""The reference interpreter: runs a network in NumPy with plain Python loops. It defines what a network means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from ..ops.choice import Choice
from ..ops.inputs import ExternDataOp, ParameterOp
from ..ops.new_axis import RangeFromLength
from ..passes.beams.dependencies import Dependencies
from ..plain.delayed import resolved
from ..plain.dim import Dim, batch_dim
from ..plain.familiar_members import no_attribute
from ..plain.familiar_results import OF_RESULTS
from ..program.program import Program
from ..program.searches import Search, searches
from ..record.arrays import aligned
from ..record.graph import Body, Op
from ..record.loops import LoopOp, PreviousOp, ResultOp
from .feeds import fed_array, parameter_array
from .gradient_point import GradientPoint
from .loop_run import LoopRun
from .not_finite import NotFinite
from .search import Hypotheses
from .state import RunState
from .trace import Step, Trace
from .values import Beam, union


class Result(NamedTuple):
    """A value that came out: the array, its dims in order, and the lengths of those dims that have lengths."""

    value: numpy.ndarray
    dims: tuple[Dim, ...]
    lengths: dict[Dim, numpy.ndarray]

    def __array__(self, *args: Any, **kwargs: Any) -> numpy.ndarray:
        return numpy.array(self.value, *args, **kwargs)

    if not TYPE_CHECKING:  # type checkers know which attributes there are

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name, OF_RESULTS)

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


class Run(RunState):
    """
    One execution of a program.

    :param program: what to run
    :param feeds: the arrays of its inputs by name; for an input with lengths a pair (array, lengths)
    :param parameters: the arrays of its parameters by name
    :param train: whether dropout and the like are on
    :param seed: of random ops
    :param train_step: how many batches were trained on before
    :param trace: whether to keep each value of each step of each loop
    :param not_finite: follows numbers that are not finite
    :param precise: whether to compute in float64 what is float32 otherwise
    :param gradient_point: scales differences of several runs where gradients are scaled
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
        not_finite: NotFinite | None = None,
        precise: bool = False,
        gradient_point: GradientPoint | None = None,
    ):
        super().__init__(program, train=train, seed=seed, train_step=train_step, precise=precise)
        self.feeds = feeds
        self.parameters = parameters
        self.trace: Trace | None = Trace() if trace else None
        self.not_finite = not_finite
        self.gradient_point = gradient_point
        self.computing: Op | None = None
        """What is computed now, for errors."""
        self.scores: list[numpy.ndarray] = []
        """Of the searches that are over, [rows, beam]."""
        self._searches = {search.loop: search for search in searches(program)}
        self._depending = Dependencies(program) if self._searches else None
        self._hypotheses: dict[LoopOp, Hypotheses] = {}

    def execute(self, body: Body) -> None:
        """Computes the ops of a body in order."""
        for op in body.ops:
            if op not in self.program.needed:
                continue
            self.computing = op
            with self.with_rows_of(*op.inputs, choice=isinstance(op, Choice)):
                gone = {dim for x in op.inputs for dim in x.dims}.difference(*(x.dims for x in op.outputs))
                self.beams_of_new_axes = self.beams_of_lengths(gone)  # a new axis stands in place of one of these
                if isinstance(op, RangeFromLength):
                    self.beams_of_new_axes = self.values[op.inputs[0]].beams
                outputs = self.compute(op)
                if self.gradient_point is not None:
                    outputs = self.gradient_point.through(op, outputs)
                for tensor, value in zip(op.outputs, outputs if type(outputs) is tuple else (outputs,)):
                    self.values[tensor] = self.as_value(tensor, value)
            if self.trace is not None and body.loop is not None:
                self._note(op, body.loop)
            if self.not_finite is not None:
                self.not_finite.note(self, op)

    def compute(self, op: Op) -> Any:
        """The results of an op; loops, and what enters and leaves them and the network, are the interpreter's own."""
        arrays = [self.read(tensor) for tensor in op.inputs]
        if isinstance(op, LoopOp):
            self.run_loop(op, int(arrays[0]) if arrays else resolved(op.max_seq_len))
            return ()
        if isinstance(op, PreviousOp):
            return self.values[op.initial] if op.is_constant and op.initial in self.values else self.carried[op]
        if isinstance(op, ResultOp):
            return self.results[op]
        if isinstance(op, Choice):
            return self.choose(op, *arrays)
        if isinstance(op, ExternDataOp):
            return fed_array(self, self.feeds, op.data)
        if isinstance(op, ParameterOp):
            return parameter_array(op, self.parameters)
        return op.numpy(self, *arrays)

    def beams_of_result(self, result: ResultOp) -> tuple[Beam, ...]:
        """The searches on whose hypotheses a result depends, however many steps its loop makes in this run."""
        if self._depending is None:
            return ()
        return union([(self._hypotheses[loop],) for loop in self._depending.of(result.output)])

    def run_loop(self, loop: LoopOp, max_steps: int | None) -> None:
        """Runs a loop; the search, if it is that of one."""
        search = self._searches.get(loop)
        if search is None:
            self._run_steps(loop, max_steps).leave()
        else:
            self._run_search(search, max_steps)
        del self.loops[loop]
        self.steps.pop(loop, None)

    def _run_steps(self, loop: LoopOp, max_steps: int | None) -> LoopRun:
        running = self.loops[loop] = LoopRun(self, loop, max_steps)
        running.run_steps(self.execute)
        return running

    def _run_search(self, search: Search, max_steps: int | None) -> None:
        hypotheses = self.search = Hypotheses(search, len(self.scores), self.sequences())
        self._hypotheses[search.loop] = hypotheses
        running = self._run_steps(search.loop, max_steps)
        self.scores.append(hypotheses.leave(self))
        running.leave()
        for result in search.loop.results:
            if result in self.results:  # also what no choice had to do with is of each hypothesis
                value = self.results[result]
                self.results[result] = value.spread(union([value.beams, (hypotheses,)]))
        self.search = None

    def choose(self, choice: Choice, scores: numpy.ndarray) -> numpy.ndarray:
        """The labels that a choice of the search takes: [rows]."""
        assert isinstance(self.search, Hypotheses)
        tensor = choice.inputs[0]
        return self.search.choose(self, choice, aligned(scores, tensor.dims, (batch_dim, tensor.feature_dim)))

    def _note(self, op: Op, loop: LoopOp) -> None:
        """Adds to the trace what an op gave; in a search for each hypothesis."""
        assert self.trace is not None
        beams = () if self.search is None else (*self.search.around, self.search)
        running = [steps.alive for steps in self.loops.values()]
        for tensor in op.outputs:
            value = self.values[tensor]
            of_lengths = self.beams_of_lengths(tensor.dims)
            all_beams = union([beams, value.beams, of_lengths, *(one.beams for one in running)])
            goes_on = numpy.logical_and.reduce([one.spread(all_beams).array for one in running])
            array = value.spread(all_beams).array.copy()
            before, self.beams = self.beams, all_beams
            counts = self.counts(tensor)
            self.beams = before
            what = f"<{op.describe(tensor)}, {op.source}>"
            self.trace.append(Step(tuple(self.steps.values()), what, array, tensor, loop, goes_on, counts))
