"""Loops in whose steps hypotheses are chosen, or which end for each hypothesis by itself, copied step by step."""

from __future__ import annotations

from ...ops.choice import Choice
from ...ops.constants import constant
from ...ops.indexing import Gather
from ...ops.lengths import Length, WithLengths
from ...plain.delayed import Delayed
from ...plain.dim import Dim, batch_dim
from ...program.program import Program
from ...program.searches import size_in_loop
from ...record.graph import Body, Op, Tensor
from ...record.loops import FinalState, LastOp, LoopIndex, LoopOp, PreviousOp, ResultOp, StackOp, UnstackOp
from ..rewriting import Rewriting
from .choices import ChoicesInside, ChoicesOfSearch, same_size, size_of
from .context import Context
from .dependencies import Dependencies
from .ends import Ends


class LoopsOfHypotheses(Rewriting):
    """
    A copy of a program with loops that choose hypotheses, or end for them.

    :param program: a program with choices
    """

    def __init__(self, program: Program):
        super().__init__(program)
        self.depending = Dependencies(program)
        self.context = Context(self.recording, self.depending)
        self.choices: dict[LoopOp, ChoicesOfSearch | ChoicesInside] = {}
        """The hypotheses of loops with choices, by the old loops."""
        self.ends: dict[LoopOp, Ends] = {}
        """The states of loops that end for each hypothesis, by the old loops."""
        self._scores: list[Tensor] = []
        self._initial: dict[PreviousOp, Tensor] = {}
        self._results: dict[ResultOp, Tensor] = {}

    def search_scores(self) -> list[Tensor]:
        """The scores of all searches."""
        return self._scores

    def read(self, tensor: Tensor) -> Tensor:
        """The new tensor that stands for an old one; in a search, for the hypotheses that there are now."""
        return self.context.now(self.new[tensor])

    def read_with_beams(self, tensor: Tensor, of: Tensor) -> Tensor:
        """The same, with the axes over all hypotheses that another old value depends on."""
        return self.context.with_dims(self.read(tensor), self.context.beams_of(self.depending.of(of)))

    def ended(self, op: Op) -> Tensor | None:
        """The hypotheses for which a loop around an op has ended before this step."""
        loop = op.body.loop
        while loop is not None:
            if loop in self.ends:
                return self.ends[loop].ended
            loop = loop.body.loop
        return None

    def beam_after(self, op: Op, size: int | Delayed) -> Dim:
        """
        The axis over the hypotheses after a choice, or a loop with choices: if it is the last one of its body, that
        with which the next step begins.

        :param op: the old op
        :param size: how many hypotheses there are
        """
        loop = op.body.loop
        if loop is not None and loop in self.choices:
            choosing = [other for other in loop.body_of_steps.ops if self._chooses(other)]
            beam = self.choices[loop].beam
            if choosing[-1] is op and same_size(size_of(beam), size):
                return beam
        return self.context.new_beam(size)

    def _chooses(self, op: Op) -> bool:
        return op in self.program.needed and (isinstance(op, Choice) or op in self.depending.choosing)

    # loops

    def copy_loop(self, op: LoopOp, body: Body) -> None:
        """Copies a loop; with masks and generations of hypotheses, where it needs them."""
        if op not in self.depending.choosing and not self.depending.of_steps(op):
            super().copy_loop(op, body)
            return
        limit = self._limit(op)
        new = self._begin(op, body, limit)
        self.copy_body(op.body_of_steps, new.body_of_steps)
        with self.recording.at(new.body_of_steps):
            inner = self._finish(op, new)
        new.body.ops.append(new)
        if op in self.choices:
            self.choices[op].leave()
        self._leave(op, new, inner)

    def _limit(self, op: LoopOp) -> Tensor | None:
        """The number of steps of each hypothesis, if the input says it and it is not the same for all of a sequence."""
        if not (op.axis_is_known and self.depending.of_lengths(op.input_axis)):
            return None
        assert op.length_source is not None
        return Length(self.context.dim_now(op.input_axis), self.read(op.length_source)).output

    def _begin(self, op: LoopOp, body: Body, limit: Tensor | None) -> LoopOp:
        """A new loop, with its states, and those that hypotheses need."""
        context = self.context
        states = [state for state in op.previous.values() if state in self.program.needed]
        initial = {state: self.read(state.initial) for state in states if state.initial is not None}
        around = self.ended(op)
        if around is not None and op not in self.depending.choosing:
            has_all = {dim for dim in around.dims if dim.is_beam} <= set(context.beams_of(self.depending.of_steps(op)))
            around = around if has_all else None
        new = self.begin_loop(op, body)
        if limit is not None:
            new.axis, new.axis_is_given, new._length_source = None, False, None
        if op in self.depending.choosing:
            choices = self.choices[op] = self._choices(op, new)
            initial = {state: choices.entered(value) for state, value in initial.items()}
            around = None if around is None else choices.entered(around)
        for state, value in initial.items():
            self._initial[state] = context.with_dims(value, context.beams_of(self.depending.of(state.output)))
        if op.end is not None or limit is not None:
            new._own_axis = None
            self.ends[op] = Ends(context, op, new, around, limit)
            if op in self.choices:
                with self.recording.at(new.body_of_steps):
                    self.choices[op].normalize(self.ends[op].ended)
        return new

    def _choices(self, op: LoopOp, new: LoopOp) -> ChoicesOfSearch | ChoicesInside:
        for search in self.depending.searches:
            if search.loop is op:
                return ChoicesOfSearch(self.context, search, new)
        assert self.context.generation is not None
        size = size_in_loop(op, self.program, size_of(self.context.generation.beam))
        return ChoicesInside(self.context, new, self.beam_after(op, size))

    def _finish(self, op: LoopOp, new: LoopOp) -> dict[ResultOp, Tensor | PreviousOp]:
        """
        Writes the end of a step.

        :return: what leaves the loop, by the old results
        """
        if op in self.choices:
            self.choices[op].finish()
        ends = self.ends.get(op)
        if ends is not None:
            ends.finish(None if op.end is None else self.read(op.end))
        for old in op.previous.values():
            if old in self.program.needed:
                self.states[old].final = self.final(old)
        return {result: self._inner(result, new, ends) for result in op.results if result in self.program.needed}

    def _inner(self, result: ResultOp, new: LoopOp, ends: Ends | None) -> Tensor | PreviousOp:
        """What a result of a loop is of: a value of its steps, or a state."""
        state = self.states[result.previous] if isinstance(result, FinalState) else None
        value = self.read(result.inner) if state is None or state.final is None else state.final
        if batch_dim in value.dims:
            value = self.context.with_dims(value, self.context.beams_of(self.depending.of(result.output)))
        if isinstance(result, StackOp):
            return value
        if ends is None:
            return value if state is None else state
        if state is None or len(state.output.dims) < len(value.dims):
            state = self._kept(result, new, value)
        state.final = ends.counted(value, self.context.now(state.output))
        return state

    def _kept(self, result: ResultOp, new: LoopOp, value: Tensor) -> PreviousOp:
        """A state that holds the last value that counts of each hypothesis."""
        with self.recording.at(new.body):
            if isinstance(result, FinalState):
                initial = self.states[result.previous].initial
                assert initial is not None
                initial = self.context.with_dims(initial, value.dims)
            else:
                nothing = False if value.dtype == "bool" else 0
                initial = constant(nothing, value.dims, dtype=value.dtype, sparse_dim=value.sparse_dim)
        choices = self.choices.get(result.result_of)
        return self.context.state(new, "last", initial, None if choices is None else choices.first)

    def _leave(self, op: LoopOp, new: LoopOp, inner: dict[ResultOp, Tensor | PreviousOp]) -> None:
        """Writes the results."""
        context, choices, ends = self.context, self.choices.get(op), self.ends.pop(op, None)
        length = None if ends is None else ends.length
        for old, of in inner.items():
            with self.recording.replacing(old):
                if isinstance(of, PreviousOp):
                    self._results[old] = context.result(FinalState(new, of))
                elif isinstance(old, LastOp):
                    self._results[old] = context.result(LastOp(new, of))
                else:
                    steps = context.result(StackOp(new, of))
                    if choices is not None:
                        steps = choices.followed(steps)
                    if length is not None:
                        steps = WithLengths(steps, length, new.get_axis(), context.dim_now(op.get_axis())).output
                    self._results[old] = steps
        if isinstance(choices, ChoicesOfSearch):
            self._scores.append(choices.final_scores())

    def end_loop(self, op: LoopOp, new: LoopOp) -> None:
        """Gives the states of a new loop their new values, and the loop its end."""
        with self.recording.at(new.body_of_steps):
            for state in op.previous.values():
                if state in self.program.needed:
                    self.states[state].final = self.final(state)
            if op.end is not None:
                new.end = self.read(op.end)
        new.body.ops.append(new)

    # what belongs to loops

    def final(self, state: PreviousOp) -> Tensor:
        """The new value of a state."""
        assert state.final is not None
        return self.read_with_beams(state.final, state.output)

    def copy_state(self, op: PreviousOp, body: Body) -> None:
        """Copies a state; its new value is said at the end of the loop."""
        initial = self._initial.pop(op, None)
        if initial is None:
            assert op.initial is not None
            with self.recording.at(self.loops[op.loop].body):
                initial = self.read_with_beams(op.initial, op.output)
        now = self.context.generation
        if op.loop in self.choices:  # it may stand after a choice, but is of the hypotheses before
            self.context.generation = self.choices[op.loop].first
        self.add_state(op, body, initial)
        self.context.generation = now

    def copy_unstack(self, op: UnstackOp, body: Body) -> None:
        """
        The frame of a step; by its position, where each hypothesis has its own number of frames, and where the sequence
        is that of the hypotheses of a step, which a choice of the loop takes to the next one.
        """
        new, sequence = self.loops[op.loop], self.read(op.inputs[0])
        if new.axis is not None and not _is_of_steps(sequence, new):
            super().copy_unstack(op, body)
            return
        frame = Gather(sequence, LoopIndex(new).output, self.context.dim_now(op.loop.input_axis), of_entries=True)
        self.stands_for(op, frame.outputs)

    def copy_result(self, op: ResultOp, body: Body) -> None:
        """What leaves a loop."""
        if op in self._results:
            self.stands_for(op, [self._results.pop(op)])
            return
        super().copy_result(op, body)
        if isinstance(op, FinalState):
            final = self.states[op.previous].final
            assert final is not None
            self.loops[op.result_of].results[-1].inner = final


def _is_of_steps(tensor: Tensor, loop: LoopOp) -> bool:
    """Whether a value is made in the steps of a loop, or in those of a loop inside."""
    body: Body | None = tensor.op.body
    while body is not None and body is not loop.body_of_steps:
        body = body.parent
    return body is not None
