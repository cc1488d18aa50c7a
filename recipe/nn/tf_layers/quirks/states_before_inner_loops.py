"""
RETURNN (1.20261022, ``_SubnetworkRecCell`` in tf/layers/rec.py) finds shapes by following what layers read. Where that
leads from a layer that a loop inside reads, through the new value of a state, to this very loop, it fails ("There is a
dependency loop"), though it would stop at the state if it looked at that first.

So the layers of states that go round in such a circle say their types (``states_with_axes.say_type``): RETURNN does not
follow what their new values are made of before it has seen all other layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...record.loops import LoopOp, PreviousOp
from ...record.reads import leading_to
from ..layers import LayerNetwork
from ..out_type import out_type
from ..states_with_axes import say_type
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    states = {build.previous(state).target: state for state in _states_of_circles(build, op)}
    for layer, state in states.items():
        if layer is not None:
            say_type(layer, out_type(state.output))


def _states_of_circles(build: Any, op: LoopOp) -> Iterator[PreviousOp]:
    """The states of a loop to which a loop inside gives values, and which lead to what that reads."""
    inside = [inner for inner in op.body_of_steps.ops if isinstance(inner, LoopOp) and inner in build.rec_layers]
    led_to = {inner: leading_to(inner, over_steps=True) for inner in inside}
    for state in op.previous.values():
        if state.final is not None and state.final.op.body is op.body_of_steps:
            made_of = leading_to(state.final.op, over_steps=True)
            if any(inner in made_of and state in led_to[inner] for inner in inside):
                yield state


QUIRK = Quirk("states_before_inner_loops", loop=_loop)
