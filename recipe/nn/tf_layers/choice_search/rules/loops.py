"""Loops: ``rec``, its states, what enters and what leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....record.loops import FinalState, LastOp, LoopIndex, LoopOp, PreviousOp, ResultOp, StackOp, UnstackOp
from ...layers import Layer, Reference
from ..rule import rule


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
    return lower.add(op, "rec_unstack", options)


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
