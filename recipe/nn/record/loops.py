"""
Loops: the loop as an op, and the ops at its border: what enters it, what it carries, and what leaves it.

They are one thing, so they are in one file: a loop knows its states and results, and each of these its loop.
"""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.delayed import Delayed
from ..plain.dim import Dim, batch_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError, SourceLine
from .arrays import Arrays
from .form import AnyForm, Form
from .graph import Body, Op, Tensor, current_recorder
from .over_axis import OverAxis
from .state_leaf import StateLeaf


class LoopOp(OverAxis):
    """
    A loop: RETURNN's ``rec`` layer with a subnetwork.

    :param axis: what it runs over; None until it is known
    :param max_seq_len: the most steps, as a number
    :param max_seq_len_tensor: the most steps, as a scalar tensor
    """

    name = "loop"
    not_pickled = ("modules", "unstacked_states")

    def __init__(self, axis: Dim | None, *, max_seq_len: int | Delayed | None, max_seq_len_tensor: Tensor | None):
        self.include_eos = False
        self.unstacked_states: dict[PreviousOp, SourceLine] = {}
        """States that are unstacked in its body, which it may not assign, and the line that does so."""
        self.previous: dict[StateLeaf, PreviousOp] = {}
        self.assigned: set[StateLeaf] = set()
        """States to which a value is assigned in it, be it the one they have."""
        self.results: list[ResultOp] = []
        super().__init__(axis, max_seq_len=max_seq_len, max_seq_len_tensor=max_seq_len_tensor)
        self.kept: list[StateLeaf] = []
        """States that hold what a MaskedComputation gave last."""
        self.moved_out: set[Op] = set()
        """What was written in its steps and stands outside of it, as it depends on nothing in them."""
        self.body_of_steps = Body(self.body.recording, self.body, loop=self)

    def infer(self) -> None:
        """It has no result of its own."""

    def move_to(self, body: Body) -> None:
        """Moves with its steps."""
        super().move_to(body)
        self.body_of_steps.parent = body

    # while the body is recorded

    def is_dim_outside(self, dim: Dim) -> bool:
        """Whether a tensor outside of the loop has this dim."""
        body: Body | None = self.body
        while body is not None:
            if any(dim in (tensor.known_dims or ()) for op in body.ops for tensor in op.outputs):
                return True
            body = body.parent
        return False

    def carry(self, leaf: StateLeaf, initial: Tensor | None) -> Tensor:
        """Makes a state one of this loop; gives its value at the start of a step."""
        with self.body.recording.at(self.body_of_steps):
            self.previous[leaf] = PreviousOp(self, leaf, initial)
        return self.previous[leaf].output

    def forget(self, previous: PreviousOp) -> None:
        """Takes a state that nothing reads out of this loop again."""
        del self.previous[previous.leaf]
        self.body_of_steps.values.pop(previous.leaf, None)
        self.body_of_steps.ops.remove(previous)

    def stack(self, y: Tensor) -> Tensor:
        """All steps of ``y``."""
        known = [result for result in self.results if isinstance(result, StackOp) and result.inner is y]
        return known[0].output if known else self.add_result(StackOp(self, y)).output

    def add_result(self, result: ResultOp) -> ResultOp:
        """Notes what leaves the loop."""
        self.results.append(result)
        return result

    def keep(self, tensor: Tensor) -> Tensor:
        """The tensor, if it may be read in the body."""
        return self.body.recording.read(tensor)

    def read_from_outside(self) -> set[Tensor]:
        """What its steps, and loops in them, read; also values of the steps themselves."""
        read = {previous.initial for previous in self.previous.values() if previous.initial is not None}
        for op in self.body_of_steps.ops:
            read.update(op.inputs)
            if isinstance(op, LoopOp):
                read |= op.read_from_outside()
        return read

    def move_out(self) -> None:
        """What depends on nothing in the loop is computed once, outside."""
        body = self.body_of_steps
        kept = []
        for op in body.ops:
            at_border = isinstance(op, (PreviousOp, UnstackOp, LoopIndex, LoopOp, ResultOp))
            fixed = at_border or op.is_random or op.counts_steps_itself or not op.outputs
            if fixed or any(tensor.op.body.is_inside(body) for tensor in op.inputs):
                kept.append(op)
            else:
                op.body = self.body
                self.body.ops.append(op)
                self.moved_out.add(op)
        body.ops = kept

    def replace(self, replaced: dict[Tensor, Tensor]) -> None:
        """Makes all that is in the loop, and in loops in it, read other tensors."""
        for op in self.body_of_steps.ops:
            op.inputs = tuple(replaced.get(tensor, tensor) for tensor in op.inputs)
            if isinstance(op, PreviousOp) and op.initial is not None:
                op.initial = replaced.get(op.initial, op.initial)
            if isinstance(op, LoopOp):
                op.replace(replaced)
        for result in self.results:
            result.inner = replaced.get(result.inner, result.inner)
        for previous in self.previous.values():
            if previous.final is not None and not previous.is_constant:
                previous.final = replaced.get(previous.final, previous.final)
        if self.end is not None:
            self.end = replaced.get(self.end, self.end)

    def form(self) -> Form:
        """``rec``: over which axis, and when it ends."""
        options: dict[str, Any] = {"axis": self.get_axis(), "max_seq_len": self.max_seq_len}
        if self.inputs:
            options["max_seq_len_via"] = self.inputs[0]
        if self.axis_is_known:
            options["input_axis"] = self.input_axis
        if self.end is not None:
            options |= {"end": self.end, "include_eos": self.include_eos}
        return Form("rec", options)


class PreviousOp(Op):
    """
    A state at the start of a step: the value at the end of the step before, in the first step the initial one.

    :param loop: the loop that carries it
    :param leaf: the state
    :param initial: its value before the loop; None where none was given (rule L8)
    """

    name = "state"
    makes_lengths = False

    dims_follow_from_inputs = False

    def __init__(self, loop: LoopOp, leaf: StateLeaf, initial: Tensor | None):
        self.loop = loop
        self.leaf = leaf
        self.initial = initial
        self.final: Tensor | None = None
        super().__init__()

    def infer(self) -> None:
        """Those of the initial value."""
        like = self.initial
        if like is None:
            self.set_output(None, dtype="float32")
        else:
            self.set_output(like.known_dims, dtype=like.dtype, sparse_dim=like.sparse_dim)

    def describe(self, tensor: Tensor) -> str:
        """With the name of the state."""
        labels = f", labels of {tensor.sparse_dim}" if tensor.sparse_dim is not None else ""
        return f"state {self.leaf.label} {dims_text(tensor.known_dims)}{labels}"

    @property
    def place(self) -> None:
        """None: its name says which it is."""
        return None

    @property
    def is_constant(self) -> bool:
        """Whether no step changes it."""
        return self.final is self.output

    def form(self) -> AnyForm:
        """Its initial value and what each step makes of it."""
        assert self.initial is not None and self.final is not None
        if self.is_constant:
            return self.initial
        return Form("state", {"loop": self.loop, "initial": self.initial, "new": self.final})


class UnstackOp(Op):
    """
    The frame of a tensor at this step, from the loop's axis.

    :param loop: the loop
    :param x: a value from outside of it
    """

    name = "rec_unstack"

    dims_follow_from_inputs = False

    def __init__(self, loop: LoopOp, x: Tensor):
        self.loop = loop
        super().__init__(x)
        loop.unstacked.append(self)

    def infer(self) -> None:
        """Those of ``x`` without the axis."""
        x = self.inputs[0]
        self.set_output([dim for dim in x.dims if dim is not self.loop.axis], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``x[..., t, ...]``; beyond its end, where no sequence looks any more, the last frame."""
        axis = self.inputs[0].dims.index(self.loop.input_axis)
        step = run.steps[self.loop]
        if x.shape[axis] == 0:
            return numpy.zeros(x.shape[:axis] + x.shape[axis + 1 :], x.dtype)
        return numpy.take(x, min(step, x.shape[axis] - 1), axis=axis)

    def form(self) -> Form:
        """``rec_unstack``."""
        return Form("rec_unstack", {"from": self.inputs[0], "axis": self.loop.input_axis})


class LoopIndex(Op):
    """
    The number of the step, from 0: int32 scalar.

    :param loop: the loop
    """

    name = "index"

    dims_follow_from_inputs = False

    def __init__(self, loop: LoopOp):
        self.loop = loop
        super().__init__()

    def infer(self) -> None:
        """A scalar."""
        self.set_output([], dtype="int32")

    def numpy(self, run: Arrays) -> numpy.ndarray:
        """The count of steps so far."""
        return numpy.array(run.steps[self.loop], "int32")

    def form(self) -> Form:
        """RETURNN's ``:i``."""
        return Form("step", {"loop": self.loop}, is_shared=True)


class ResultOp(Op):
    """
    A value that leaves the loop; it lives in the body around it.

    :param loop: the loop
    :param inner: the value in the loop
    """

    dims_follow_from_inputs = False

    def __init__(self, loop: LoopOp, inner: Tensor):
        self.result_of = loop
        self.inner = inner
        recording = current_recorder()
        if loop._history_dim in (inner.known_dims or ()):
            raise NetworkError(
                f"{inner} has one more frame in each step, so it has no value for all steps together; reduce it first, "
                "as attention does, or stack what cum_concat was called with"
            )
        made_in = inner.op.body.body_of_steps
        if not made_in.is_inside(recording.root_body) or not loop.body_of_steps.is_inside(made_in):
            raise NetworkError(
                f"{inner} is no value of this loop: it was made in another one. A value leaves its own loop by that "
                "one's stack or last"
            )
        with recording.at(loop.body):
            super().__init__()


class StackOp(ResultOp):
    """All steps of a value, with the loop's axis."""

    name = "stack"

    def infer(self) -> None:
        """Those of the value with the loop's axis, after the batch dim where there is one."""
        dims = list(self.inner.known_dims or ())
        dims.insert(dims.index(batch_dim) + 1 if batch_dim in dims else 0, self.result_of.get_axis())
        self.set_output(dims, dtype=self.inner.dtype, sparse_dim=self.inner.sparse_dim)

    def form(self) -> Form:
        """A layer inside of ``rec``, seen from outside."""
        return Form("rec_output", {"loop": self.result_of, "from": self.inner})


class LastOp(ResultOp):
    """A value in each sequence's last step."""

    name = "last"

    def infer(self) -> None:
        """Those of the value."""
        self.set_output(self.inner.known_dims, dtype=self.inner.dtype, sparse_dim=self.inner.sparse_dim)

    def form(self) -> Form:
        """``rec_last_output``."""
        return Form("rec_last_output", {"loop": self.result_of, "from": self.inner})


class FinalState(LastOp):
    """
    A state after the loop: in each sequence's last step, or the initial value where there was no step.

    :param loop: the loop
    :param previous: the state at the start of a step
    """

    name = "final_state"

    def __init__(self, loop: LoopOp, previous: PreviousOp):
        assert previous.final is not None
        self.previous = previous
        super().__init__(loop, previous.final)

    def infer(self) -> None:
        """Those of the state."""
        self.set_output(
            self.previous.output.known_dims,
            dtype=self.previous.output.dtype,
            sparse_dim=self.previous.output.sparse_dim,
        )

    def form(self) -> Form:
        """``rec_last_output`` of a state."""
        return Form("rec_last_output", {"loop": self.result_of, "state": self.previous})
