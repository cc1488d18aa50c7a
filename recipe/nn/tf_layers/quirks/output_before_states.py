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
from ..layer_graph import made_of_in_step, states_of
from ..layers import LayerNetwork, PreviousLayer
from ..output_order import read_first
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    output = unit.layer("output")
    leading, read = made_of_in_step(unit, [output])
    states = states_of(unit, read)
    targets = [state.target for state in states if state.target is not None]
    circle, read_there = made_of_in_step(unit, targets)
    if output in targets or output not in circle:
        return
    outside = {one.layer() for one in (*read, *read_there) if not isinstance(one, PreviousLayer)}
    known = {x.layer() for tensor, x in build.references.items() if batch_dim in tensor.dims}
    if outside & known - {None} or any("dims" in layer.options.get("out_type", {}) for layer in (*leading, *circle)):
        return
    read_first(build, op, unit, states)


QUIRK = Quirk("output_before_states", loop=_loop)
