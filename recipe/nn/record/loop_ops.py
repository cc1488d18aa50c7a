"""The ops at the borders of a loop: what enters it, what it carries, and what leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

from ..language.state import StateLeaf
from ..plain.dim import batch_dim, dims_text
from ..plain.errors import NetworkError
from .op import Op
from .recording import current_recording
from .tensor import Tensor

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..numpy_run.values import Value
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering
    from .loop_op import LoopOp


class PreviousOp(Op):
    """
    A state at the start of a step: the value at the end of the step before, in the first step the initial one.

    :param loop: the loop that carries it
    :param leaf: the state
    :param initial: its value before the loop; None where none was given (rule L8)
    """

    name = "state"

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

    def numpy(self, run: Run) -> Value:
        """What the loop carried here."""
        return run.values[self.initial] if self.is_constant and self.initial in run.values else run.carried[self]

    def layer(self, lower: Lowering) -> Reference:
        """``prev:`` of the layer that computes its new value."""
        assert self.initial is not None
        return lower.reference(self.initial) if self.is_constant else lower.previous(self)


class UnstackOp(Op):
    """
    The frame of a tensor at this step, from the loop's axis.

    :param loop: the loop
    :param x: a value from outside of it
    """

    name = "rec_unstack"

    def __init__(self, loop: LoopOp, x: Tensor):
        self.loop = loop
        super().__init__(x)
        loop.unstacked.append(self)

    def infer(self) -> None:
        """Those of ``x`` without the axis."""
        x = self.inputs[0]
        self.set_output([dim for dim in x.dims if dim is not self.loop.axis], sparse_dim=x.sparse_dim)

    def numpy(self, run: Run, x: numpy.ndarray) -> numpy.ndarray:
        """``x[..., t, ...]``; beyond its end, where no sequence looks any more, the last frame."""
        axis = self.inputs[0].dims.index(self.loop.input_axis)
        step = run.steps[self.loop]
        if x.shape[axis] == 0:
            return numpy.zeros(x.shape[:axis] + x.shape[axis + 1 :], x.dtype)
        return numpy.take(x, min(step, x.shape[axis] - 1), axis=axis)

    def layer(self, lower: Lowering) -> Reference:
        """
        ``rec_unstack``; where an end condition may cut the loop, ``gather``: RETURNN would ignore the condition. In a
        search, too: there all layers stay in the loop, and ``rec_unstack`` cannot.
        """
        x = lower.reference(self.inputs[0])
        axis = self.loop.input_axis
        if self.loop.counts_steps and not lower.is_canonical:
            position = {"position": lower.step_of(self.loop), "clip_to_valid": True}  # behind the end the last frame
            return lower.add(self, "gather", {"from": x, "axis": axis, **position})
        if lower.choices(self.loop) and not lower.is_canonical:
            options = {"from": x, "axis": axis, "position": lower.step(), "clip_to_valid": True}
            return lower.add(self, "gather", options)
        return lower.add(self, "rec_unstack", {"from": x, "axis": axis})


class LoopIndex(Op):
    """
    The number of the step, from 0: int32 scalar.

    :param loop: the loop
    """

    name = "index"

    def __init__(self, loop: LoopOp):
        self.loop = loop
        super().__init__()

    def infer(self) -> None:
        """A scalar."""
        self.set_output([], dtype="int32")

    def numpy(self, run: Run) -> numpy.ndarray:
        """The count of steps so far."""
        return numpy.array(run.steps[self.loop], "int32")

    def layer(self, lower: Lowering) -> Reference:
        """RETURNN's ``:i``."""
        return lower.step()


class ResultOp(Op):
    """
    A value that leaves the loop; it lives in the body around it.

    :param loop: the loop
    :param inner: the value in the loop
    """

    def __init__(self, loop: LoopOp, inner: Tensor):
        self.result_of = loop
        self.inner = inner
        recording = current_recording()
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
    is_time_major = True

    def infer(self) -> None:
        """Those of the value with the loop's axis, after the batch dim where there is one."""
        dims = list(self.inner.known_dims or ())
        dims.insert(dims.index(batch_dim) + 1 if batch_dim in dims else 0, self.result_of.get_axis())
        self.set_output(dims, dtype=self.inner.dtype, sparse_dim=self.inner.sparse_dim)

    def numpy(self, run: Run) -> Value:
        """What the loop collected."""
        return run.results[self]

    def layer(self, lower: Lowering) -> Reference:
        """A layer inside of ``rec``, seen from outside."""
        return lower.loop_result(self)


class LastOp(ResultOp):
    """A value in each sequence's last step."""

    name = "last"

    def infer(self) -> None:
        """Those of the value."""
        self.set_output(self.inner.known_dims, dtype=self.inner.dtype, sparse_dim=self.inner.sparse_dim)

    def numpy(self, run: Run) -> Value:
        """What the loop kept."""
        return run.results[self]

    def layer(self, lower: Lowering) -> Reference:
        """``rec_last_output``."""
        return lower.loop_result(self)


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


def is_same_variable(kept: PreviousOp, other: PreviousOp, position: dict[Op, int]) -> bool:
    """Whether two states start alike and are assigned alike, the other one before this one."""
    from ..ops.constants import constant_value
    from ..ops.elementwise import Where

    if kept.final is None or other.final is None or kept.initial is None or other.initial is None:
        return False
    first, second = other.final.op, kept.final.op
    return (
        isinstance(first, Where)
        and isinstance(second, Where)
        and all(a is b for a, b in zip(first.inputs[:2], second.inputs[:2]))
        and first.inputs[2] is other.output
        and second.inputs[2] is kept.output
        and position.get(first, 0) < position.get(second, 0)
        and constant_value(kept.initial) is not None
        and constant_value(kept.initial) == constant_value(other.initial)
        and set(kept.initial.dims) == set(other.initial.dims)
    )
