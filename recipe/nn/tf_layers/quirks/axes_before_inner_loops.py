"""
RETURNN (1.20261022, ``_SubnetworkRecCell._construct_template`` in tf/layers/rec.py) finds the shapes in a loop by
following what its layer ``output`` reads. If that leads to a loop inside before it leads to a layer that makes an axis,
and the loop inside needs to know that axis, because one of its layers says that it has it or reads what has it, it
fails: "dynamic dim undefined".

So ``output`` reads first what makes such axes. If that is made of a state to which a loop inside gives its value, and
which that loop reads, ``output`` reads the state before (see states_before_inner_loops).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...record.loops import LoopOp
from ..axes_of_inner_loops import makers_inside
from ..layer_graph import made_of_in_step, states_of
from ..layers import LayerNetwork, PreviousLayer, Reference
from ..output_order import read_first
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    makers = list(makers_inside(build, op, unit).values())
    if makers:
        read_first(build, op, unit, [*_states_of_cycles(unit, makers), *makers])


def _states_of_cycles(unit: LayerNetwork, makers: Iterable[Reference]) -> list[PreviousLayer]:
    """The states that these layers are made of, and to which loops inside that read them give their values."""
    return [state for state in _states_read(unit, makers) if _gets_value_of_its_reader(unit, state)]


def _gets_value_of_its_reader(unit: LayerNetwork, state: PreviousLayer) -> bool:
    assert state.target is not None
    layers, _ = made_of_in_step(unit, [state.target])
    loops = [layer for layer in layers if isinstance(layer.options.get("unit"), LayerNetwork)]
    return any(state in _states_read(unit, [loop]) for loop in loops)


def _states_read(unit: LayerNetwork, layers: Iterable[Reference]) -> list[PreviousLayer]:
    return states_of(unit, made_of_in_step(unit, layers)[1])


QUIRK = Quirk("axes_before_inner_loops", loop=_loop)
