"""One run of a loop in NumPy: step by step, until no sequence goes on."""

from __future__ import annotations

from collections.abc import Callable

import numpy

from ..plain.dim import Dim, batch_dim
from ..record.arrays import aligned
from ..record.graph import Body, Tensor
from ..record.loops import FinalState, LastOp, LoopOp, PreviousOp, ResultOp, StackOp
from .state import RunState, Steps
from .values import Value, together, union


class LoopRun(Steps):
    """
    One run of a loop: ``while any sequence goes on: body``.

    :param run: the run of the whole program
    :param loop: the loop
    :param max_steps: never more steps than this
    """

    def __init__(self, run: RunState, loop: LoopOp, max_steps: int | None):
        self.run, self.loop, self.max_steps = run, loop, max_steps
        needed = run.program.needed
        previous = [op for op in loop.previous.values() if op in needed and not op.is_constant]
        self.stacks = [op for op in loop.results if isinstance(op, StackOp) and op in needed]
        self.state: dict[PreviousOp, Value] = {op: run.values[_initial(op)] for op in previous}
        self.lasts = [op for op in loop.results if isinstance(op, LastOp) and op in needed]
        self.history: dict[StackOp, list[Value]] = {op: [] for op in self.stacks}
        self.kept: dict[LastOp, Value] = {}
        self.step = 0
        self.alive = Value(numpy.ones(run.sequences(), bool), 0)
        self.length = Value(numpy.zeros(run.sequences(), "int32"), 0)
        self.steps_made = self.length
        """The number of steps that each sequence (hypothesis) began, also the one in which it ended."""

    def run_steps(self, execute: Callable[[Body], None]) -> None:
        """
        Runs the body until no sequence goes on.

        :param execute: computes the ops of a body
        """
        while True:
            self._end_with_input()
            if not self.alive.array.any():
                break
            self.steps_made = _plus(self.steps_made, self.alive)
            self.run.steps[self.loop] = self.step
            self.run.carried.update(self.state)
            execute(self.loop.body_of_steps)
            self._finish_step()
            self.step += 1

    def _end_with_input(self) -> None:
        """Ends the sequences that have no frame for the step, and all at the limit."""
        loop = self.loop
        if loop.axis_is_known:
            alive, lengths = together(self.alive, self.run.lengths_of(loop.input_axis))
            self.alive = alive._replace(array=alive.array & (self.step < lengths.array))
        if self.max_steps is not None and self.step >= self.max_steps:
            self.alive = self.alive._replace(array=numpy.zeros_like(self.alive.array))

    def _finish_step(self) -> None:
        """Takes over the new values of those sequences for which the step counts."""
        run, loop = self.run, self.loop
        counted = going_on = self.alive
        if loop.end is not None:
            alive, end = together(self.alive, run.values[loop.end])
            going_on = alive._replace(array=alive.array & ~numpy.broadcast_to(end.array, alive.array.shape))
            counted = alive if loop.include_eos else going_on
        for op, before in self.state.items():
            self.state[op] = self._where(counted, op.final, op.output.dims, before)
        for last in self.lasts:
            self.kept[last] = self._where(counted, last.inner, last.output.dims, self.kept.get(last))
        for stack in self.stacks:
            self.history[stack].append(run.values[stack.inner])
        self.length = _plus(self.length, counted)
        self.alive = going_on

    def _where(self, counted: Value, new: Tensor | None, dims: tuple[Dim, ...], before: Value | None) -> Value:
        """The new value where the step counts, else the one before; 0 where there is none."""
        assert new is not None
        found = self.run.values[new]
        value = Value.of(aligned(found.array, new.dims, dims), dims, found.beams)
        if before is None:
            before = value._replace(array=numpy.zeros_like(value.array))
        if batch_dim not in dims:
            return value if counted.array.any() else before
        counted, value, before = together(counted, value, before)
        array = numpy.where(aligned(counted.array, (batch_dim,), dims), value.array, before.array)
        return value._replace(array=array)

    def reorder(self, change: Callable[[Value, tuple[Dim, ...]], Value]) -> None:
        """After a choice: each hypothesis takes over the past of the one that it continues."""
        self.state = {op: change(value, op.output.dims) for op, value in self.state.items()}
        self.kept = {op: change(value, op.output.dims) for op, value in self.kept.items()}
        for op, values in self.history.items():
            self.history[op] = [change(value, op.inner.dims) for value in values]
        self.alive, self.length, self.steps_made = (
            change(value, (batch_dim,)) for value in (self.alive, self.length, self.steps_made)
        )

    def leave(self) -> None:
        """Hands out the results."""
        run, loop = self.run, self.loop
        axis = loop.get_axis()
        if not (loop.axis_is_known and not loop.has_own_axis):
            run.know_lengths(axis, self.length)
        steps = int(self.length.array.max(initial=0))
        for stack, values in self.history.items():
            run.results[stack] = self._of_hypotheses(stack, self._stacked(stack, values[:steps], axis))
        for last in self.lasts:
            if isinstance(last, FinalState) and last.previous in self.state:
                value = self.state[last.previous]
            elif last in self.kept:
                value = self.kept[last]
            else:
                dims = last.output.dims
                shape = [run.sequences() if dim.is_batch else run.size(dim) for dim in dims]
                value = Value.of(numpy.zeros(shape, last.output.dtype), dims, ())
            run.results[last] = self._of_hypotheses(last, value)

    def _of_hypotheses(self, result: ResultOp, value: Value) -> Value:
        """What leaves the loop is of the hypotheses that it may depend on, also where the loop made no step."""
        return value.spread(union([value.beams, self.length.beams, self.run.beams_of_result(result)]))

    def _stacked(self, stack: StackOp, values: list[Value], axis: Dim) -> Value:
        run, dims = self.run, stack.output.dims
        if values:
            values = list(together(*values))
            array = numpy.stack([value.array for value in values], axis=dims.index(axis))
            return Value.of(array, dims, values[0].beams)
        sizes = {axis: 0, batch_dim: run.sequences()}
        shape = [sizes[dim] if dim in sizes else run.size(dim) for dim in dims]
        return Value.of(numpy.zeros(shape, stack.output.dtype), dims, ())


def _initial(op: PreviousOp) -> Tensor:
    assert op.initial is not None
    return op.initial


def _plus(count: Value, more: Value) -> Value:
    """A count, and one more where a condition holds."""
    count, more = together(count, more)
    return count._replace(array=count.array + more.array)
