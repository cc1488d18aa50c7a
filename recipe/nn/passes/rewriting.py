"""Rewriting: a program is copied op by op into a new one; a pass says what it makes of some of the ops."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from ..plain.dim import Dim
from ..program.program import Program
from ..record.graph import Body, Op, Tensor
from ..record.loops import FinalState, LoopIndex, LoopOp, PreviousOp, ResultOp, UnstackOp
from ..record.recording import Recording, record


class KeptNames:
    """The names in a program that is rewritten: modules and parameters were named when it was recorded."""

    def _is_over(self, *_: Any) -> NoReturn:
        raise TypeError("names are given while a model is called, and not when its record is rewritten")

    add = path = path_if_known = parameter = has_parameter = state = _is_over


class Rewriting:
    """
    A copy of a program. By itself it changes nothing; a pass overrides what it does with some ops.

    The old program stays as it is. Ops that a pass records while it deals with an old op have the module and the line
    of that op.

    :param program: the old program
    """

    def __init__(self, program: Program):
        self.program = program
        self.recording = Recording(KeptNames(), {})
        self.new: dict[Tensor, Tensor] = {}
        """The new tensors by the old ones."""
        self.loops: dict[LoopOp, LoopOp] = {}
        """The new loops by the old ones."""
        self.states: dict[PreviousOp, PreviousOp] = {}
        """The new states by the old ones."""

    def run(self) -> Program:
        """The new program."""
        with record(self.recording):
            self.copy_body(self.program.root_body, self.recording.root_body)
            losses = [loss._replace(tensor=self.read(loss.tensor)) for loss in self.program.losses]
            outputs = [(name, self.read(tensor)) for name, tensor in self.program.outputs]
            scores = self.search_scores()
        return Program(self.recording.root_body, losses, outputs, scores)

    def search_scores(self) -> list[Tensor]:
        """The scores of the searches of the new program, where these are ops."""
        return [self.read(tensor) for tensor in self.program.scores]

    def values(self) -> dict[Tensor, Tensor]:
        """The new tensors by the old ones that are still computed; a value of a step may be one of all steps."""
        return self.new

    def step_dims(self) -> dict[LoopOp, tuple[Dim, ...]]:
        """The axes over all steps of old loops, of values that are now computed at once."""
        return {}

    def read(self, tensor: Tensor) -> Tensor:
        """The new tensor that stands for an old one, where the new program is being written."""
        return self.new[tensor]

    def copy_body(self, old: Body, new: Body) -> None:
        """Writes what becomes of the ops of a body into a new one."""
        with self.recording.at(new):
            for op in old.ops:
                if op in self.program.needed:
                    with self.recording.replacing(op):
                        self.copy_op(op, new)

    def copy_op(self, op: Op, body: Body) -> None:
        """Writes what becomes of an op."""
        if isinstance(op, LoopOp):
            self.copy_loop(op, body)
        elif isinstance(op, PreviousOp):
            self.copy_state(op, body)
        elif isinstance(op, ResultOp):
            self.copy_result(op, body)
        elif isinstance(op, UnstackOp):
            self.copy_unstack(op, body)
        else:
            self.copy_plain(op, body)

    def copy_plain(self, op: Op, body: Body) -> None:
        """Copies an op that has to do with no loop but the one that it stands in."""
        new = op.rebuilt(body, [self.read(tensor) for tensor in op.inputs], self.dims_in(op.body))
        if isinstance(op, LoopIndex):
            new.loop = self.loops[op.loop]
        self.stands_for(op, new.outputs)

    def dims_in(self, body: Body) -> Mapping[Dim, Dim]:
        """The Dims that ops of an old body hold in the new program, by those that they hold in the old one."""
        return {}

    def stands_for(self, op: Op, tensors: Iterable[Tensor]) -> None:
        """Notes what the results of an old op became."""
        self.new.update(zip(op.outputs, tensors))

    # loops

    def copy_loop(self, op: LoopOp, body: Body) -> None:
        """Copies a loop with its steps; its results follow as ops of their own."""
        new = self.begin_loop(op, body)
        self.copy_body(op.body_of_steps, new.body_of_steps)
        for result in op.results:
            if result in self.program.needed:
                self.read(result.inner)
        self.end_loop(op, new)

    def begin_loop(self, op: LoopOp, body: Body) -> LoopOp:
        """A new loop with no steps yet; it becomes an op of the body in :meth:`end_loop`."""
        new = copy.copy(op)
        new.body, new.inputs, new.outputs = body, tuple(self.read(tensor) for tensor in op.inputs), ()
        new._module_path = op.module_path()
        new.unstacked, new.previous, new.results, new.kept, new.assigned = [], {}, [], [], set()
        new._length_source = None if op.length_source is None else self.read(op.length_source)
        new.body_of_steps = Body(self.recording, body, loop=new)
        new.end = None
        self.loops[op] = new
        return new

    def end_loop(self, op: LoopOp, new: LoopOp) -> None:
        """
        Gives the states of a new loop their new values, and the loop its end, and makes it an op of its body.

        Only here, so that what a pass records when the loop first reads it stands before the loop.
        """
        with self.recording.at(new.body_of_steps):
            for state in op.previous.values():
                if state in self.states:
                    assert state.final is not None
                    self.states[state].final = self.read(state.final)
            if op.end is not None:
                new.end = self.read(op.end)
        new.body.ops.append(new)

    def copy_state(self, op: PreviousOp, body: Body) -> None:
        """Copies a state; its new value is said at the end of the loop."""
        assert op.initial is not None
        self.add_state(op, body, self.read(op.initial))

    def add_state(self, op: PreviousOp, body: Body, initial: Tensor) -> PreviousOp:
        """A new state for an old one, which begins with this value."""
        new = copy.copy(op)
        new.initial, new.final, new.loop = initial, None, self.loops[op.loop]
        new.body, new.inputs, new.outputs = body, (), (Tensor(new, 0),)
        new._module_path = op.module_path()
        new.infer()
        body.ops.append(new)
        new.loop.previous[op.leaf] = self.states[op] = new
        self.stands_for(op, new.outputs)
        return new

    def copy_unstack(self, op: UnstackOp, body: Body) -> None:
        """Copies what reads the frame of a step."""
        new = copy.copy(op)
        new.loop = self.loops[op.loop]
        new = new.rebuilt(body, [self.read(op.inputs[0])])
        new.loop.unstacked.append(new)
        self.stands_for(op, new.outputs)

    def copy_result(self, op: ResultOp, body: Body) -> None:
        """Copies what leaves a loop."""
        new = copy.copy(op)
        new.result_of, new.inner = self.loops[op.result_of], self.read(op.inner)
        if isinstance(op, FinalState):
            assert isinstance(new, FinalState)
            new.previous = self.states[op.previous]
        new = new.rebuilt(body, ())
        new.result_of.results.append(new)
        self.stands_for(op, new.outputs)
