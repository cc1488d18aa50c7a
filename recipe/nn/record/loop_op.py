"""The loop as an op: its steps, its axis and length, and what the end of its body does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from ..language.state import StateLeaf, check_assignable
from ..plain.delayed import Delayed, resolved
from ..plain.dim import Dim, batch_dim, dims_text
from ..plain.errors import NetworkError, did_you_mean, warn
from .op import Op
from .recording import Body
from .tensor import Tensor

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.lowering import Lowering
from .loop_ops import FinalState, LastOp, LoopIndex, PreviousOp, ResultOp, StackOp, UnstackOp, is_same_variable


class LoopOp(Op):
    """
    A loop: RETURNN's ``rec`` layer with a subnetwork.

    :param axis: what it runs over; None until it is known
    :param max_seq_len: the most steps, as a number
    :param max_seq_len_tensor: the most steps, as a scalar tensor
    """

    name = "loop"

    def __init__(self, axis: Dim | None, *, max_seq_len: int | Delayed | None, max_seq_len_tensor: Tensor | None):
        self.axis = axis
        self.axis_is_given = axis is not None
        self._own_axis: Dim | None = None
        self._history_dim: Dim | None = None
        self._length_source: Tensor | None = None
        self.max_seq_len = max_seq_len
        self.include_eos = False
        self.end: Tensor | None = None
        self.unstacked: list[UnstackOp] = []
        self.previous: dict[StateLeaf, PreviousOp] = {}
        self.assigned: set[StateLeaf] = set()
        """States to which a value is assigned in it, be it the one they have."""
        self.results: list[ResultOp] = []
        super().__init__(*([max_seq_len_tensor] if max_seq_len_tensor is not None else []), outputs=0)
        self.kept: list[StateLeaf] = []
        """States that hold what a MaskedComputation gave last."""
        self.body_of_steps = Body(self.body.recording, self.body, loop=self)

    def infer(self) -> None:
        """It has no result of its own."""

    def move_to(self, body: Body) -> None:
        """Moves with its steps."""
        super().move_to(body)
        self.body_of_steps.parent = body

    # while the body is recorded

    @property
    def history_dim(self) -> Dim:
        """The axis over the steps so far, which all results of ``nn.cum_concat`` in it have."""
        if self._history_dim is None:
            self._history_dim = Dim(None, "history")
        return self._history_dim

    @property
    def known_history_dim(self) -> Dim | None:
        """The same; None if there is no ``nn.cum_concat`` in it."""
        return self._history_dim

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

    def last(self, y: Tensor) -> Tensor:
        """``y`` in each sequence's last step."""
        known = [result for result in self.results if isinstance(result, LastOp) and result.inner is y]
        if known:
            return known[0].output
        return self.add_result(LastOp(self, self._per_sequence(y) if self.body_of_steps.closed else y)).output

    def add_result(self, result: ResultOp) -> ResultOp:
        """Notes what leaves the loop."""
        self.results.append(result)
        return result

    def keep(self, tensor: Tensor) -> Tensor:
        """The tensor, if it may be read in the body."""
        return self.body.recording.read(tensor, self)

    @property
    def input_axis(self) -> Dim:
        """The axis of what is unstacked."""
        assert self.axis is not None
        return self.axis

    def get_axis(self) -> Dim:
        """The axis over the steps: that of the input; a new one if there is none, or if an end condition cuts it."""
        if self.axis is not None and not self.has_own_axis:
            return self.axis
        return self._make_own_axis()

    @property
    def length_source(self) -> Tensor | None:
        """A tensor from outside of the loop that has its axis, and so the lengths; None if the axis is a new one."""
        if self.unstacked:
            return self.unstacked[0].inputs[0]
        if self._length_source is None and self.axis_is_given:
            self._length_source = self._find_length_source()
        return self._length_source

    def _find_length_source(self) -> Tensor | None:
        body: Body | None = self.body
        while body is not None:
            for op in body.ops:
                for tensor in op.outputs:
                    if self.axis in (tensor.known_dims or ()) and getattr(op, "result_of", None) is not self:
                        return tensor
            body = body.parent
        return None

    @property
    def axis_is_known(self) -> bool:
        """Whether the lengths along the axis are known before the loop runs."""
        return self.length_source is not None

    @property
    def has_limit(self) -> bool:
        """Whether max_seq_len was given."""
        return self.max_seq_len is not None or bool(self.inputs)

    @property
    def has_own_axis(self) -> bool:
        """
        Whether the steps have another axis than the input: because a condition may end the loop before, or a loop
        around runs over the same one.
        """
        return self.axis_is_known and (self.end is not None or self.has_limit or self._is_axis_of_loop_around())

    @property
    def counts_steps(self) -> bool:
        """Whether RETURNN's loop has an axis of its own: it has none of fixed size, and no end over known lengths."""
        return self.has_own_axis or self.has_fixed_length

    @property
    def has_fixed_length(self) -> bool:
        """Whether it runs over an axis of fixed size to its end."""
        return self.axis is not None and self.axis.is_static and not self.has_own_axis

    @property
    def rec_axis(self) -> Dim:
        """The axis of RETURNN's ``rec`` layer."""
        return self._make_own_axis() if self.counts_steps else self.get_axis()

    def _make_own_axis(self) -> Dim:
        if self._own_axis is None:
            self._own_axis = Dim(None, "steps")
        return self._own_axis

    def _is_axis_of_loop_around(self) -> bool:
        loop = self.body.loop
        while loop is not None:
            if loop.axis is self.axis:
                return True
            loop = loop.body.loop
        return False

    # the end of the body

    def close(self) -> None:
        """
        Ends the body: completes the states, moves out what does not depend on the step, gives the states' new values.

        :raises NetworkError: if the loop has no length, or a state's shape cannot be found
        """
        body, recording = self.body_of_steps, self.body.recording
        if not self.axis_is_known and self.end is None:
            raise NetworkError(
                "this loop has no length: unstack something, end it with loop.end(condition), or give it the axis "
                "of a tensor: nn.Loop(axis=...)" + (". max_seq_len alone only limits it" if self.has_limit else ""),
                self.source,
            )
        self._complete_states()
        recording.close_body(body)
        last_of = {leaf: self._with_last_value(op) for leaf, op in self.previous.items() if not op.is_constant}
        for result in self.results:
            if isinstance(result, LastOp):
                result.inner = self._per_sequence(result.inner)
        self.previous.update({op.leaf: op for op in last_of.values()})
        self._inline_constant_states()
        self._join_kept_states()
        self.move_out()
        for op in [self, *self.results]:
            if op in self.body.ops:
                self.body.ops.remove(op)
            self.body.ops.append(op)
        for result in self.results:
            result.infer()
        if self.body.loop is not None:
            recording.sum_losses(self)
        for leaf, previous in last_of.items():
            if leaf in self.kept:
                continue
            final = self.add_result(FinalState(self, previous)).output
            if self.body.loop is not None and leaf in self.body.values:
                check_assignable(leaf, self.body.values[leaf], final, self.previous[leaf].source)
            self.body.values[leaf] = final

    @property
    def ends_per_sequence(self) -> bool:
        """Whether the sequences of a batch may have different numbers of steps."""
        by_input = self.axis_is_known and self.input_axis.is_dynamic
        return by_input or (self.end is not None and batch_dim in self.end.dims)

    def _per_sequence(self, tensor: Tensor) -> Tensor:
        """A value of the body with a batch dim, if its last one may be that of different steps."""
        from ..ops.elementwise import expand

        if not self.ends_per_sequence or batch_dim in (tensor.known_dims or ()):
            return tensor
        with self.body.recording.at(self.body_of_steps):
            return expand(tensor, [batch_dim])

    def _with_last_value(self, previous: PreviousOp) -> PreviousOp:
        """The state whose last value is that of a state: itself, or one that differs between sequences."""
        from ..ops.elementwise import expand

        assert previous.final is not None and previous.initial is not None
        final = self._per_sequence(previous.final)
        if final is previous.final:
            return previous
        with self.body.recording.at(self.body):
            initial = expand(previous.initial, [batch_dim])
        with self.body.recording.at(self.body_of_steps):
            per_sequence = PreviousOp(self, StateLeaf(f"{previous.leaf.name}_per_sequence", None), initial)
        per_sequence.final = final
        return per_sequence

    def _complete_states(self) -> None:
        from ..ops.constants import constant

        body = self.body_of_steps
        for leaf, value in list(body.values.items()):
            if leaf not in self.previous:
                self.carry(leaf, None)
                body.values[leaf] = value
        missing = [previous for previous in self.previous.values() if previous.initial is None]
        for leaf, previous in self.previous.items():
            previous.final = body.values[leaf]
            if previous.is_constant:
                if previous.initial is None:
                    others = [other.name for other, op in self.previous.items() if not op.is_constant]
                    raise NetworkError(
                        f"state {leaf.label} is read, but never assigned, neither in the loop nor before it."
                        f"{did_you_mean(leaf.name, others)}",
                        previous.source,
                    )
                if leaf not in self.assigned and not self._is_state_of_loop_around(leaf):
                    warn(
                        f"state {leaf.label} is read in the loop, but never assigned in it, so it has its initial "
                        "value in each step. Give it a new value in the loop: loop.state.NAME = ..., or "
                        "state.assign(...)",
                        previous.source,
                    )
        for previous in missing:
            final = previous.final
            if final is None or final.known_dims is None:
                raise NetworkError(
                    f"the shape of state {previous.leaf.label} cannot be found from what is assigned to it. Give it "
                    "an initial value before the loop body, for example nn.zeros([nn.batch_dim, dim])",
                    previous.source,
                )
            with self.body.recording.at(self.body):
                zero = constant(
                    False if final.dtype == "bool" else 0, final.dims, dtype=final.dtype, sparse_dim=final.sparse_dim
                )
            previous.initial = zero
        if missing:
            for op in body.ops:
                op.infer()
            for previous in missing:
                assert previous.initial is not None and previous.final is not None
                if set(previous.final.dims) != set(previous.initial.dims):
                    raise NetworkError(
                        f"state {previous.leaf.label} would change its dims from {dims_text(previous.initial.dims)} "
                        f"to {dims_text(previous.final.dims)} in each step; give it an initial value",
                        previous.source,
                    )

    def read_from_outside(self) -> set[Tensor]:
        """What its steps, and loops in them, read; also values of the steps themselves."""
        read = {previous.initial for previous in self.previous.values() if previous.initial is not None}
        for op in self.body_of_steps.ops:
            read.update(op.inputs)
            if isinstance(op, LoopOp):
                read |= op.read_from_outside()
        return read

    def _is_state_of_loop_around(self, leaf: StateLeaf) -> bool:
        loop = self.body.loop
        while loop is not None:
            if leaf in loop.previous:
                return True
            loop = loop.body.loop
        return False

    def _inline_constant_states(self) -> None:
        """What reads a state that no step changes reads its initial value instead, which may stand outside of loops."""
        constant = {op.output: op.initial for op in self.previous.values() if op.is_constant and op.initial is not None}
        if constant:
            self._replace(constant)

    def _join_kept_states(self) -> None:
        """What a mask keeps of a value is the state that the value is assigned to, where that is the same variable."""
        position = {op: number for number, op in enumerate(self.body_of_steps.ops)}
        for leaf in self.kept:
            kept = self.previous[leaf]
            for other in self.previous.values():
                if other is not kept and is_same_variable(kept, other, position):
                    assert kept.final is not None and other.final is not None
                    self._replace({kept.output: other.output, kept.final: other.final})
                    del self.previous[leaf]
                    self.body_of_steps.values.pop(leaf, None)
                    break

    def _replace(self, replaced: dict[Tensor, Tensor]) -> None:
        """Makes all that is in the loop, and in loops in it, read other tensors."""
        for op in self.body_of_steps.ops:
            op.inputs = tuple(replaced.get(tensor, tensor) for tensor in op.inputs)
            if isinstance(op, PreviousOp) and op.initial is not None:
                op.initial = replaced.get(op.initial, op.initial)
            if isinstance(op, LoopOp):
                op._replace(replaced)
        for result in self.results:
            result.inner = replaced.get(result.inner, result.inner)
        for previous in self.previous.values():
            if previous.final is not None and not previous.is_constant:
                previous.final = replaced.get(previous.final, previous.final)
        if self.end is not None:
            self.end = replaced.get(self.end, self.end)

    def move_out(self) -> None:
        """What depends on nothing in the loop is computed once, outside."""
        body = self.body_of_steps
        kept = []
        for op in body.ops:
            fixed = (
                isinstance(op, (PreviousOp, UnstackOp, LoopIndex, LoopOp, ResultOp)) or op.is_random or not op.outputs
            )
            if fixed or any(tensor.op.body.is_inside(body) for tensor in op.inputs):
                kept.append(op)
            else:
                op.body = self.body
                self.body.ops.append(op)
        body.ops = kept

    # what it means, and its layer

    def numpy(self, run: Run, *limit: numpy.ndarray) -> tuple:
        """Runs the body step by step until all sequences have ended."""
        run.run_loop(self, int(limit[0]) if limit else resolved(self.max_seq_len))
        return ()

    def layer(self, lower: Lowering) -> Any:
        """``rec`` with the body as its unit."""
        lower.loop(self)
        return ()
