"""
RETURNN (1.20261022, ``_SubnetworkRecCell`` in tf/layers/rec.py) finds shapes by following what layers read. Where that
leads from a layer that a loop inside reads, through the new value of a state, to this very loop, it fails ("There is a
dependency loop"), though it would stop at the state if it looked at that first.

It follows the option ``initial_output`` of a layer before the layer's unit, and does nothing else with it as long as
nobody reads ``prev:`` of the layer. So the loop inside has as ``initial_output`` the states that it gives values to.
"""

from __future__ import annotations

from typing import Any

from ...record.loops import LoopOp, PreviousOp
from ...record.reads import leading_to, read_in_step
from ..layers import Layer, LayerNetwork, Reference
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    inside = [inner for inner in op.body_of_steps.ops if isinstance(inner, LoopOp) and inner in build.rec_layers]
    states = [state for state in op.previous.values() if build.previous(state).target is not None]
    for inner in inside:
        read: Reference | None = None
        for state in _states_of_cycle(inner, inside, states):
            previous = build.previous(state)
            if read is not None:
                options = {"class": "copy", "from": previous, "initial_output": read}
                read = Layer(unit, unit.unique_name(f"{state.leaf.name}_first"), options)
            else:
                read = previous
        if read is not None:
            build.rec_layers[inner].options["initial_output"] = read


def _states_of_cycle(inner: LoopOp, loops: list[LoopOp], states: list[PreviousOp]) -> list[PreviousOp]:
    """
    The states that a loop inside gives values to, and that lead to what it reads.

    If it counts its steps, only what another of the loops in the body reads, too: RETURNN needs to know the number of
    steps before it looks at states.

    :param loops: all in the body of ``inner``
    :param states: those of the loop around
    """
    read = {op for op in read_in_step(inner) if op.body is inner.body}
    if inner.end is not None or inner.counts_steps:
        read &= {op for other in loops if other is not inner for op in read_in_step(other)}
    led_to = {before for op in read for before in leading_to(op)}
    finals = {state: state.final.op for state in states if state in led_to and state.final is not None}
    return [state for state, final in finals.items() if inner in leading_to(final)]


QUIRK = Quirk("states_before_inner_loops", loop=_loop)
