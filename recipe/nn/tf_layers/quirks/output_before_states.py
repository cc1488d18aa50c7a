"""
RETURNN (1.20261022, ``_SubnetworkRecCell._construct_template`` in tf/layers/rec.py) finds the shapes in a loop by
following what its layer ``output`` reads. If that leads by a state back to ``output``, and nothing on the way says its
axes or is of sequences that RETURNN knows already, it may go round in this circle for ever, with shapes that come and
go ("There is a dependency loop on layer 'output'").

So then ``output`` is a layer that says its type, and reads the state first.
"""

from __future__ import annotations

from typing import Any

from ...plain.dim import batch_dim
from ...record.loops import LoopOp
from ..layer_graph import references
from ..layers import Layer, LayerNetwork, PreviousLayer, Reference
from ..output_order import read_first
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    output = unit.layer("output")
    read = _read_in_step(output)
    states = [one for one in read if isinstance(one, PreviousLayer) and one.network is unit]
    targets = [state.target for state in states if state.target is not None]
    if output in targets or not any(output in _layers(_read_in_step(target)) for target in targets):
        return
    read += [one for target in targets for one in _read_in_step(target)]
    inside = [output, *targets, *(layer for layer in _layers(read) if layer is not None and layer.network is unit)]
    outside = {layer for layer in _layers(read) if layer is not None and layer.network is not unit}
    known = {x.layer() for tensor, x in build.references.items() if batch_dim in tensor.dims}
    if not outside & known and not any("dims" in layer.options.get("out_type", {}) for layer in inside):
        read_first(build, op, unit, states)


def _layers(read: list[Reference]) -> set[Layer | None]:
    return {one.layer() for one in read if not isinstance(one, PreviousLayer)}


def _read_in_step(last: Layer) -> list[Reference]:
    """What a layer of a loop is made of in the same step."""
    todo, seen, read = [last], {last}, dict[Reference, None]()
    while todo:
        options = {key: value for key, value in todo.pop().options.items() if key != "initial_output"}
        for reference in references(options):
            read[reference] = None
            layer = reference.layer()
            if isinstance(reference, PreviousLayer) or layer is None or layer.network is not last.network:
                continue
            if layer not in seen:
                seen.add(layer)
                todo.append(layer)
    return list(read)


QUIRK = Quirk("output_before_states", loop=_loop)
