"""
RETURNN (1.20261022, ``_SubnetworkRecCell._construct_template`` in tf/layers/rec.py) finds the shapes in a loop by
following what its layer ``output`` reads. If that leads to a state which is made of itself, and nothing on the way
round says its axes or is of sequences that RETURNN knows already, it may go round in this circle for ever, with shapes
that come and go ("There is a dependency loop").

So then ``output`` is a layer that says its type, and reads the state first.
"""

from __future__ import annotations

from typing import Any

from ...plain.dim import batch_dim
from ...record.loops import LoopOp
from ..layer_graph import made_of_in_step, states_of
from ..layers import Layer, LayerNetwork, PreviousLayer, Reference
from ..output_order import read_first
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    output = unit.layer("output")
    _, read = _made_of(unit, output)
    known = {x.layer() for tensor, x in build.references.items() if batch_dim in tensor.dims} - {None}
    states = [state for state in states_of(unit, read) if state.target not in (None, output)]
    unknown = [state for state in states if _is_of_unknown_axes(unit, state, known)]
    if unknown:
        read_first(build, op, unit, unknown)


def _is_of_unknown_axes(unit: LayerNetwork, state: PreviousLayer, known: set[Layer | None]) -> bool:
    """Whether a state is made of itself, and nothing that it is made of says its axes."""
    assert state.target is not None
    circle, read = _made_of(unit, state.target)
    said = [layer.options.get("out_type", {}).get("dims", ()) for layer in circle]
    if state not in read or any(batch_dim in dims for dims in said):
        return False
    return not known.intersection(one.layer() for one in read if not isinstance(one, PreviousLayer))


def _made_of(unit: LayerNetwork, last: Layer) -> tuple[list[Layer], list[Reference]]:
    """What a layer is made of in this step and those before: layers of the unit, and what these read besides."""
    layers, read = made_of_in_step(unit, [last])
    while True:
        targets = [state.target for state in states_of(unit, read) if state.target is not None]
        if all(target in layers for target in targets):
            return layers, read
        layers, read = made_of_in_step(unit, [*layers, *targets])


QUIRK = Quirk("output_before_states", loop=_loop)
