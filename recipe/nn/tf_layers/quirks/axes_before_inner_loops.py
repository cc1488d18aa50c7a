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
from ..layer_graph import references
from ..layers import Layer, LayerNetwork, PreviousLayer, Reference
from ..output_order import read_first
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    makers = list(makers_inside(build, op, unit).values())
    if makers:
        read_first(build, op, unit, [*_states_of_cycles(unit, makers), *makers])


def _states_of_cycles(unit: LayerNetwork, makers: Iterable[Reference]) -> list[PreviousLayer]:
    """The states that these layers are made of, and to which loops inside that read them give their values."""
    _, read = _made_of(unit, makers)
    return [state for state in read if any(state in _made_of(unit, [loop])[1] for loop in _loops_of(unit, state))]


def _loops_of(unit: LayerNetwork, state: PreviousLayer) -> list[Layer]:
    """The loops inside that the new value of a state is made of."""
    assert state.target is not None
    layers, _ = _made_of(unit, [state.target])
    return [layer for layer in layers if isinstance(layer.options.get("unit"), LayerNetwork)]


def _made_of(unit: LayerNetwork, layers: Iterable[Reference]) -> tuple[list[Layer], list[PreviousLayer]]:
    """The layers of a loop that some are made of in the same step, and the states that these read."""
    todo, seen, read = list(layers), dict[Layer, None](), dict[PreviousLayer, None]()
    while todo:
        reference = todo.pop()
        layer = reference.layer()
        if layer is None or layer.network is not unit or layer in seen:
            continue
        if isinstance(reference, PreviousLayer):
            read[reference] = None
            continue
        seen[layer] = None
        todo += references(layer.options)
    return list(seen), list(read)


QUIRK = Quirk("axes_before_inner_loops", loop=_loop)
