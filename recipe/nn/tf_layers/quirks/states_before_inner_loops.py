"""
RETURNN (1.20261022, ``_SubnetworkRecCell`` in tf/layers/rec.py) finds shapes by following what layers read. Where that
leads from a layer that a loop inside reads, through the new value of a state, to this very loop, it fails ("There is a
dependency loop"), though it would stop at the state if it looked at that first.

It follows the option ``initial_output`` of a layer before the layer's unit, and does nothing else with it as long as
nobody reads ``prev:`` of the layer. So the loop inside has as ``initial_output`` the states that it gives values to. If
it counts its steps, that comes too late, as RETURNN needs to know their number before; then the layer ``output`` of the
loop around, where RETURNN begins, reads these states first; and of them first those from which it comes straight to the
loop inside, and not by what that reads.
"""

from __future__ import annotations

from typing import Any

from ...record.graph import Op
from ...record.loops import LoopOp, PreviousOp, ResultOp
from ...record.reads import leading_to, read_in_step
from ..layers import Layer, LayerNetwork, Reference
from ..output_order import read_first
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    inside = [inner for inner in op.body_of_steps.ops if isinstance(inner, LoopOp) and inner in build.rec_layers]
    states = [state for state in op.previous.values() if build.previous(state).target is not None]
    late: dict[PreviousOp, None] = {}
    for inner in inside:
        read = {before for before in read_in_step(inner) if before.body is inner.body}
        in_time = read
        if inner.end is not None or inner.counts_steps:
            in_time = read & {before for other in inside if other is not inner for before in read_in_step(other)}
            computed = {before for before in read - in_time if not isinstance(before, PreviousOp)}
            late |= dict.fromkeys(_straight_first(inner, computed, _states_of_cycle(inner, computed, states)))
        first = _one_after_the_other(build, unit, _states_of_cycle(inner, in_time, states))
        if first is not None:
            build.rec_layers[inner].options["initial_output"] = first
    if late:
        read_first(build, op, unit, [build.previous(state) for state in late])


def _one_after_the_other(build: Any, unit: LayerNetwork, states: list[PreviousOp]) -> Reference | None:
    """One layer that leads to all of these states."""
    read: Reference | None = None
    for state in states:
        previous: Reference = build.previous(state)
        if read is not None:
            options = {"class": "copy", "from": previous, "initial_output": read}
            read = Layer(unit, unit.unique_name(f"{state.leaf.name}_first"), options)
        else:
            read = previous
    return read


def _states_of_cycle(inner: LoopOp, read: set[Op], states: list[PreviousOp]) -> list[PreviousOp]:
    """
    The states that a loop inside gives values to, and that lead to what it reads.

    :param read: what it reads in the loop around
    :param states: those of the loop around
    """
    led_to = {before for op in read for before in leading_to(op)}
    finals = {state: state.final.op for state in states if state in led_to and state.final is not None}
    return [state for state, final in finals.items() if inner in leading_to(final)]


def _straight_first(inner: LoopOp, read: set[Op], states: list[PreviousOp]) -> list[PreviousOp]:
    """
    The same states, those first from which RETURNN comes to a loop inside before it comes to anything that leads to
    what the loop reads.

    :param read: what it reads in the loop around
    """
    led_to = {before for op in read for before in leading_to(op)}
    return sorted(states, key=lambda state: _comes_by(led_to, state, inner))


def _comes_by(led_to: set[Op], state: PreviousOp, inner: LoopOp) -> bool:
    """Whether some of these ops are on the way on which one comes first from a state to a loop, input by input."""
    todo, seen = [(state.final.op, False)] if state.final is not None else [], set[Op]()
    while todo:
        op, by_one = todo.pop()
        if op is inner:
            return by_one
        if op in seen or isinstance(op, LoopOp):
            continue
        seen.add(op)
        by_one = by_one or op in led_to and not isinstance(op, PreviousOp)
        todo += [(before, by_one) for before in reversed(_inputs(op)) if before.body is inner.body]
    return False


def _inputs(op: Op) -> list[Op]:
    """What an op is made of, in its order; of a state, its new value in the step before."""
    if isinstance(op, PreviousOp):
        return [op.final.op] if op.final is not None else []
    return [op.result_of] if isinstance(op, ResultOp) else [tensor.op for tensor in op.inputs]


QUIRK = Quirk("states_before_inner_loops", loop=_loop)
