"""What a module with a recurrent state is given as its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..record.graph import Tensor
from ..record.loops import PreviousOp
from ..record.recording import current_recording
from .state import State


def state_argument(given: Any, initial_state: Callable[[], Any]) -> Any:
    """
    The value of a state that a module is called with, for its ``forward``.

    A :class:`State` stands for its value. One that was never given any, as in the discussion's
    ``y, loop.state.lstm = lstm(x, loop.state.lstm)`` without a line before the loop, starts with the module's own
    initial state.

    :param given: the argument of the call
    :param initial_state: makes the module's initial state
    """
    if isinstance(given, State):
        given = given.get()
    state = _state_without_value(given) if isinstance(given, Tensor) else None
    if state is None:
        return given
    recording = current_recording()
    with recording.at(recording.root_body):
        initial = initial_state()
    for previous in _carried_by(given):
        previous.loop.forget(previous)
    state.declare(recording, initial)
    return state.get()


def _state_without_value(tensor: Tensor) -> State | None:
    """The state that is read here, if nothing is known of it: no value, and no other use of it."""
    carried = _carried_by(tensor)
    if not carried or carried[-1].initial is not None or any(_is_used(op.output, op) for op in carried):
        return None
    return carried[0].leaf.state


def _carried_by(tensor: Tensor) -> list[PreviousOp]:
    """The states of loops that a value is: of the loop that it is read in, and of those around that it starts with."""
    carried: list[PreviousOp] = []
    while isinstance(tensor.op, PreviousOp):
        carried.append(tensor.op)
        if tensor.op.initial is None:
            break
        tensor = tensor.op.initial
    return carried


def _is_used(tensor: Tensor, op: PreviousOp) -> bool:
    return any(read is tensor for other in op.body.ops for read in other.inputs)
