"""
RETURNN (1.20261022, ``_SubnetworkRecCell._construct_template`` in tf/layers/rec.py) finds the shape of a state by
following what its new value is made of. If a layer that makes an axis reads the state, and the new value is made of a
loop inside that needs to know that axis, it comes to that loop first, and fails: "dynamic dim undefined".

So the layer of such a state says its type (``states_with_axes.say_type``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...plain.dim import Dim
from ...record.loops import LoopOp
from ..axes_of_inner_loops import dims_inside, makers_inside
from ..layer_graph import references
from ..layers import Layer, LayerNetwork, PreviousLayer
from ..out_type import out_type
from ..states_with_axes import say_type
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    states = {build.previous(state).target: state for state in op.previous.values()}
    for layer in dict.fromkeys(_followed(build, op, unit)):
        if layer in states:
            say_type(layer, out_type(states[layer].output))


def _followed(build: Any, op: LoopOp, unit: LayerNetwork) -> Iterator[Layer]:
    """The layers whose ``prev:`` leads from what makes an axis to a loop that needs to know that axis."""
    for dim, maker in makers_inside(build, op, unit).items():
        todo, seen = [maker], set[Layer]()
        while todo:
            reference = todo.pop()
            layer = reference.layer()
            if layer is None or layer.network is not unit or layer in seen:
                continue
            if isinstance(reference, PreviousLayer) and _leads_to_loop(build, layer, dim):
                yield layer
                continue
            seen.add(layer)
            todo += references(layer.options)


def _leads_to_loop(build: Any, layer: Layer, dim: Dim) -> bool:
    """Whether a layer is made of a loop in its unit that needs to know an axis."""
    todo, seen = [layer], {layer}
    while todo:
        here = todo.pop()
        if dim in dims_inside(build, here):
            return True
        read = _read_in_step(here)
        todo += [one for one in read if one not in seen]
        seen.update(read)
    return False


def _read_in_step(layer: Layer) -> Iterable[Layer]:
    """The layers of the same unit that a layer reads in the same step."""
    found = [reference.layer() for reference in references(layer.options) if not isinstance(reference, PreviousLayer)]
    return [one for one in found if one is not None and one.network is layer.network]


QUIRK = Quirk("states_before_axes", loop=_loop)
