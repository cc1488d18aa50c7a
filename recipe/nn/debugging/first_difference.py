"""Finds the first value, in the order of the computation, that an engine has otherwise than NumPy."""

from __future__ import annotations

from typing import NamedTuple

import numpy

from ..numpy_run.not_finite import short_text, step_text, value_text
from ..numpy_run.run import NumpyRun
from ..numpy_run.trace import Step
from ..plain.dim import Dim, batch_dim
from ..plain.errors import SourceLine
from ..program.program import Program
from ..record.graph import Op, Tensor
from ..record.loops import LoopOp, PreviousOp, UnstackOp
from .comparison import Difference, compared, compared_result, frames_mask
from .engine import EngineValues, FoundValue
from .failure import line_text


class FirstDifference(NamedTuple):
    """
    The first value that an engine has otherwise than NumPy.

    :ivar tensor: which
    :ivar steps: the numbers of the step of all loops around, outermost first; empty outside of loops
    :ivar difference: in what the two differ
    :ivar place: where the engine has it: ``layer 'loop/h'``, ``variable 'h'``
    :ivar computed_with: the values of which it is made and that the engine does not have for themselves, so that one of
        them may be what differs
    """

    tensor: Tensor
    steps: tuple[int, ...]
    difference: Difference
    place: str
    computed_with: tuple[Tensor, ...] = ()

    @property
    def source(self) -> SourceLine:
        """The user's line that made it."""
        source: SourceLine = self.tensor.op.source
        return source

    @property
    def module_path(self) -> str:
        """The path of the module that it is of."""
        path: str = self.tensor.op.module_path()
        return path

    @property
    def variable(self) -> str | None:
        """What the user's code calls it."""
        variable: str | None = self.tensor.op.variable
        return variable

    def __str__(self) -> str:
        loop = self.tensor.op.body.loop
        step = f" {step_text(self.steps, loop)}" if self.steps and loop is not None else ""
        text = f"{value_text(self.tensor)}{step}: {self.difference.text}"
        others = [f"{short_text(one)}, {one.op.source.seen_from(self.source)}" for one in self.computed_with]
        with_others = f"\n  computed together with {'; '.join(others).rstrip(', ')}" if others else ""
        return f"{text}\n  {line_text(self.source)}\n  {self.place}{with_others}"


def first_difference(
    network: Program, run: NumpyRun, values: EngineValues, engine: str, tolerance: float
) -> FirstDifference | None:
    """
    Where the two differ first: in the order of the program; in a loop, in the order in which its steps are computed.

    Values that the engine does not have for themselves cannot be looked at, such as those that were computed together
    with others.

    :param run: in NumPy, with a trace
    :param values: those of the engine
    :param engine: its short name
    :return: None if no value that can be looked at differs
    """
    return _Values(run, values, engine, tolerance).first(network)


class _Values:
    """The values of an engine beside those of NumPy."""

    def __init__(self, run: NumpyRun, values: EngineValues, engine: str, tolerance: float):
        self.run, self.values, self.engine, self.tolerance = run, values, engine, tolerance

    def first(self, program: Program) -> FirstDifference | None:
        """The first value that differs."""
        steps_of: dict[Op, list[Step]] = {}
        for step in self.run.trace or ():
            steps_of.setdefault(_outermost(step.loop), []).append(step)
        for op in program.root_body.ops:
            found = self._first_in_loop(steps_of[op]) if op in steps_of else None
            for tensor in op.outputs if op in program.needed else ():
                if tensor in program.needed_tensors:
                    found = found or self._outside_of_loops(tensor)
            if found is not None:
                return found
        return None

    def _first_in_loop(self, steps: list[Step]) -> FirstDifference | None:
        """The first value of those that the steps of a loop computed, which are given in order."""
        found = None
        of_tensors: dict[Tensor, list[tuple[int, Step]]] = {}
        for number, step in enumerate(steps):
            of_tensors.setdefault(step.tensor, []).append((number, step))
        least = len(steps)
        for tensor, numbered in of_tensors.items():
            theirs = self.values.of(tensor)
            for number, step in numbered if theirs is not None else ():
                if number >= least:
                    break
                assert theirs is not None
                difference = self._in_step(step, theirs)
                if difference is None:
                    break  # it cannot be looked at
                if difference.text:
                    found = FirstDifference(tensor, step.step, difference, theirs.place, self._computed_with(tensor))
                    least = number
                    break
        return found

    def _outside_of_loops(self, tensor: Tensor) -> FirstDifference | None:
        theirs = self.values.of(tensor)
        value = theirs.at(()) if theirs is not None else None
        if theirs is None or value is None:
            return None
        own = self.run.result(tensor)
        if theirs.beams:
            shaped = self._with_beams(own.value, frames_mask(own), own.dims, theirs.beams)
            difference = compared(*shaped, value, self.engine, self.tolerance) if shaped is not None else None
        else:
            difference = compared_result(own, value, self.engine, self.tolerance)
        if difference is None or not difference.text:
            return None
        return FirstDifference(tensor, (), difference, theirs.place, self._computed_with(tensor))

    def _in_step(self, step: Step, theirs: FoundValue) -> Difference | None:
        """In what an engine has another value in a step; None if it cannot be told which value of its own that is."""
        value = theirs.at(step.step)
        if value is None:
            return Difference("", 0.0)  # no sequence is in it there
        counts = numpy.broadcast_to(step.counts, step.value.shape)
        shaped = self._with_beams(step.value, counts, step.tensor.dims, theirs.beams)
        return None if shaped is None else compared(*shaped, value, self.engine, self.tolerance)

    def _with_beams(
        self, own: numpy.ndarray, counts: numpy.ndarray, dims: tuple[Dim, ...], beams: tuple[Dim, ...]
    ) -> tuple[numpy.ndarray, numpy.ndarray, tuple[Dim, ...]] | None:
        """
        A value in NumPy, whose rows are hypotheses, with an axis over these where the engine has one; None if they are
        of several searches.

        :param counts: of the same shape
        """
        if batch_dim not in dims:
            return own, counts, dims
        axis, batch = dims.index(batch_dim), self.run.batch_size
        size = own.shape[axis] // batch if batch else 1
        if len(beams) > 1 or (beams and beams[0].size != size):
            return None
        shape = (*own.shape[:axis], batch, size, *own.shape[axis + 1 :])
        if not beams:  # the same of each
            first: numpy.ndarray = numpy.take(own.reshape(shape), 0, axis + 1)
            of_any: numpy.ndarray = numpy.any(counts.reshape(shape), axis=axis + 1)
            return first, of_any, dims
        return own.reshape(shape), counts.reshape(shape), (*dims[: axis + 1], *beams, *dims[axis + 1 :])

    def _computed_with(self, tensor: Tensor) -> tuple[Tensor, ...]:
        """What it is made of, in the same body, that the engine does not have for itself, as far as that leads."""
        found: dict[Tensor, None] = {}
        todo = list(reversed(tensor.op.inputs))
        while todo:
            one = todo.pop()
            is_value = one.op.inputs and not isinstance(one.op, (PreviousOp, UnstackOp))
            if is_value and one.op.body is tensor.op.body and one not in self.values and one not in found:
                found[one] = None
                todo += reversed(one.op.inputs)
        return tuple(reversed(list(found)))


def _outermost(loop: LoopOp) -> LoopOp:
    """The loop of the network itself that a loop is in."""
    while loop.body.loop is not None:
        loop = loop.body.loop
    return loop
