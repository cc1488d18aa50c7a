"""
RETURNN (1.20261022, ``_SubnetworkRecCell`` in tf/layers/rec.py) computes the shape of a ``switch`` also while it does
not know the axes of a state that the choices are made of. If the condition is one per sequence, and does not depend on
the state, it fails then, as it finds features in one of them and sequences in the other: "require broadcasting".

So the layer of such a state says its type (``states_with_axes.say_type``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...ops.elementwise import Where
from ...plain.dim import batch_dim
from ...record.graph import Op
from ...record.loops import LoopOp, PreviousOp
from ...record.reads import leading_to
from ..layers import LayerNetwork
from ..out_type import out_type
from ..states_with_axes import say_type
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    states = {build.previous(state).target: state for state in _states_of_choices(op)}
    for layer, state in states.items():
        if layer is not None:
            say_type(layer, out_type(state.output))


def _states_of_choices(op: LoopOp) -> Iterator[PreviousOp]:
    """The labels of the step before of which, by a choice with another condition, new ones are made."""
    choices = [choice for choice in op.body_of_steps.ops if isinstance(choice, Where)]
    for state in op.previous.values():
        final = state.final
        if final is not None and state.output.sparse_dim is not None and final.op.body is op.body_of_steps:
            made_of = leading_to(final.op)
            if any(choice in made_of and _is_of_state_alone(choice, state) for choice in choices):
                yield state


def _is_of_state_alone(choice: Where, state: PreviousOp) -> bool:
    """Whether the condition has a batch dim and is not made of states, and what is chosen is of this state."""
    condition, *values = choice.inputs
    if batch_dim not in condition.dims or (condition.op.body is state.body and _states_of(condition.op)):
        return False
    of_steps: list[Op] = [value.op for value in values if value.op.body is state.body]
    return bool(of_steps) and all(_states_of(value) == {state} for value in of_steps)


def _states_of(op: Op) -> set[Op]:
    """The states that a value is made of in the step."""
    return {before for before in leading_to(op) if isinstance(before, PreviousOp)}


QUIRK = Quirk("states_before_choices", loop=_loop)
