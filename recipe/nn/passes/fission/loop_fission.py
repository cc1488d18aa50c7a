"""Fission of one loop: what is computed before it, in its steps, and after it."""

from __future__ import annotations

from collections.abc import Iterable

from ...plain.dim import Dim
from ...record.graph import Body, Op, Tensor
from ...record.loops import FinalState, LoopIndex, LoopOp, ResultOp, UnstackOp
from ..rewriting import Rewriting
from .division import divide
from .results import whole_result
from .rules import compute_whole
from .step_graph import StepGraph
from .steps_dim import StepsDim
from .whole_values import StackedValues, WholeSequences, WholeValues


class LoopFission:
    """
    Writes what becomes of a loop.

    :param rewriting: the copy that is being made of the program
    :param loop: the old loop
    :param around: the new body around it
    """

    def __init__(self, rewriting: Rewriting, loop: LoopOp, around: Body):
        self.rewriting, self.loop, self.around = rewriting, loop, around
        self.recording = rewriting.recording
        self.graph = StepGraph(loop, rewriting.program.needed)
        self.division = divide(self.graph)
        self.core, self.late = set(self.division.core), set(self.division.late)
        self.new: LoopOp | None = None
        self.steps: StepsDim | None = None
        self.before: WholeValues | None = None
        self.after: WholeValues | None = None

    def run(self) -> None:
        """Writes all but the results."""
        for op in self.division.fixed:
            with self.recording.replacing(op):
                self.rewriting.copy_op(op, self.around)
        if self.loop.axis_is_known:
            self.steps = StepsDim(self.graph, self.division, self.around)
            self.before = WholeSequences(self.graph, self.around, self.steps, self.rewriting.read)
            self._compute(self.before, self.division.early)
        if self.core or not self.graph.has_known_steps:
            self.new = self._write_loop()
        self.after = self._values_after()
        self._compute(self.after, self.division.late)

    def leaves_new_loop(self, op: ResultOp) -> bool:
        """Whether a result is one of the new loop; if not, it is one of all steps at once."""
        if self.new is None:
            return False
        if isinstance(op, FinalState):
            return op.previous in self.core
        if self.graph.has_known_steps:
            return op.inner.op in self.core
        return op.inner.op not in self.late or _enters(op.inner.op)

    def whole_result(self, op: ResultOp) -> Tensor:
        """The new value of such a result."""
        assert self.after is not None
        return whole_result(self.after, op)

    def whole_values(self) -> dict[Tensor, Tensor]:
        """The values of all steps at once that are computed before the loop or after it, by those of the old steps."""
        whole: dict[Tensor, Tensor] = {}
        for values in (self.before, self.after):
            if values is not None:
                whole.update({old: new for old, new in values.values.items() if old.op not in self.core})
        return whole

    def step_dims(self) -> tuple[Dim, ...]:
        """The axes over all steps: of what is computed before the loop, and after it."""
        return tuple(values.axis for values in (self.before, self.after) if values is not None)

    def in_step(self, x: Tensor) -> Tensor:
        """A value of the old step that is not computed in the new one: what is there of all steps, at this step."""
        assert self.new is not None
        with self.recording.replacing(x.op):
            whole = None if isinstance(x.op, LoopIndex) else self._whole_before(x)
            with self.recording.at(self.new.body_of_steps):
                if whole is None:
                    return LoopIndex(self.new).output
                return UnstackOp(self.new, whole).output if self.new.axis in whole.dims else whole

    def _whole_before(self, x: Tensor) -> Tensor:
        """All steps of a value, with its axes in the order that they have in a step."""
        assert self.steps is not None and self.before is not None
        if isinstance(x.op, UnstackOp):
            return self.steps.of(self.rewriting.read(x.op.inputs[0]))
        with self.recording.at(self.around):
            return self.before.ordered(self.before.get(x), x)

    # writing

    def _compute(self, whole: WholeValues, ops: Iterable[Op]) -> None:
        for op in ops:
            if not _enters(op):
                with self.recording.replacing(op):
                    compute_whole(whole, op)

    def _write_loop(self) -> LoopOp:
        """The loop of what stays in it."""
        self.new = new = self.rewriting.begin_loop(self.loop, self.around)
        if self.steps is not None:
            new.axis = self.steps.dim
        with self.recording.at(new.body_of_steps):
            for op in self.division.core:
                with self.recording.replacing(op):
                    self.rewriting.copy_op(op, new.body_of_steps)
        for tensor in self._read_at_the_end():
            self.rewriting.read(tensor)  # what that needs of all steps has to stand before the loop
        if self.steps is not None and not new.unstacked:
            assert self.loop.length_source is not None
            new.set_length_source(self.steps.of(self.rewriting.read(self.loop.length_source)))
        self.rewriting.end_loop(self.loop, new)
        return new

    def _read_at_the_end(self) -> Iterable[Tensor]:
        """The values of a step that states, the end condition and results of the new loop take over."""
        values = [op.final for op in self.loop.previous.values() if op in self.core and op.final is not None]
        if self.loop.end is not None:
            values.append(self.loop.end)
        if not self.graph.has_known_steps:
            leaving = [tensor for op in self.division.late for tensor in self.graph.tensors[op]]
            leaving += [result.inner for result in self.graph.results]
            early = set(self.division.early)
            values += [tensor for tensor in leaving if tensor.op in early or isinstance(tensor.op, UnstackOp)]
        return values

    def _values_after(self) -> WholeValues:
        if self.graph.has_known_steps:
            assert self.before is not None
            self.before.new_loop = self.new
            return self.before
        assert self.new is not None
        return StackedValues(self.graph, self.around, self.new, self.rewriting.read)


def _enters(op: Op) -> bool:
    """Whether it is how a step gets at what the loop runs over, which is computed nowhere."""
    return isinstance(op, (UnstackOp, LoopIndex))
