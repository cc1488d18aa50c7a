"""Loops: ``rec``, its states, what enters and what leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...record.loops import FinalState, LastOp, LoopIndex, LoopOp, PreviousOp, ResultOp, StackOp, UnstackOp
from ..config_function import ConfigFunction
from ..layers import Layer, Reference
from ..out_type import out_type
from ..rule import rule

FRAME = ConfigFunction(
    '''
    def frame(source, self, axis, **_kwargs):
        """The frame of a sequence at this step, from a TensorArray that is made where the sequence is."""
        x, step = source(0, as_data=True, auto_convert=False), source(1, auto_convert=False)
        with same_control_flow_ctx(x.placeholder):
            time_axis = x.dims[x.get_axis_from_description(axis)]
            frames = x.copy_transpose([time_axis, *self.output.dims]).placeholder
            size = tf.shape(frames)[0]
            array = tf.TensorArray(frames.dtype, size, clear_after_read=False, element_shape=frames.shape[1:])
            array = array.unstack(frames)
        return array.read(tf.minimum(step, size - 1))
    ''',
    imports=("from returnn.tf.util.basic import same_control_flow_ctx",),
)


@rule(LoopOp)
def loop(op: LoopOp, lower: Any) -> Sequence[Reference]:
    """``rec`` with the body as its unit."""
    lower.loop(op)
    return ()


@rule(PreviousOp)
def state(op: PreviousOp, lower: Any) -> Reference:
    """``prev:`` of the layer that computes its new value."""
    assert op.initial is not None
    return lower.reference(op.initial) if op.is_constant else lower.previous(op)


@rule(UnstackOp)
def unstack(op: UnstackOp, lower: Any) -> Layer:
    """
    ``eval`` of a TensorArray; where an end condition may cut the loop, ``gather``.

    Not ``rec_unstack``, which RETURNN must move out of the loop. Nor ``gather`` always: its gradient is as large as the
    whole sequence in each step.
    """
    options: dict[str, Any] = {"from": lower.reference(op.inputs[0]), "axis": op.loop.input_axis}
    if op.loop.counts_steps:
        position = {"position": lower.step_of(op.loop), "clip_to_valid": True}  # after the end the last frame
        return lower.add(op, "gather", {**options, **position})
    if lower.choices(op.loop):
        return lower.add(op, "gather", {**options, "position": lower.step(), "clip_to_valid": True})
    options = {"from": [options["from"], lower.step()], "eval": FRAME, "eval_locals": {"axis": op.loop.input_axis}}
    return lower.add(op, "eval", {**options, "out_type": out_type(op.output)})


@rule(LoopIndex)
def index(op: LoopIndex, lower: Any) -> Reference:
    """RETURNN's ``:i``."""
    return lower.step()


@rule(StackOp)
@rule(LastOp)
@rule(FinalState)
def result(op: ResultOp, lower: Any) -> Reference:
    """A layer inside of ``rec``, seen from outside; ``rec_last_output`` of the last value."""
    return lower.loop_result(op)
