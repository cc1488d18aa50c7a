"""States of the step before that say their axes, for layers that RETURNN looks at before it knows them."""

from __future__ import annotations

from typing import Any

from ..record.graph import Tensor
from ..record.loops import PreviousOp
from .config_function import ConfigFunction
from .layers import Layer, PreviousLayer, Reference
from .out_type import out_type
from .output_order import AFTER

_OF_STEPS = ("initial_output", "is_output_layer", "need_last")
"""Options of a layer that say what becomes of it from step to step."""

BEFORE = ConfigFunction(
    '''
    def before(source, self, **_kwargs):
        """The value of the step before, its axes in the order that the layer says."""
        return source(0, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
    '''
)


def state_with_axes(build: Any, tensor: Tensor, reference: PreviousLayer) -> Reference:
    """
    A layer that reads a state and says its axes: one for all that read it so.

    :param tensor: the state
    :param reference: ``prev:`` of the layer that holds it
    """
    op = tensor.op
    assert isinstance(op, PreviousOp)
    options = {"from": reference, "eval": BEFORE, "out_type": out_type(tensor)}
    name = f"{op.leaf.name}_before"
    made: Reference = build.once(("before", tensor), lambda: build.add_in(reference.network, op, "eval", options, name))
    return made


def say_type(layer: Layer, type_said: dict[str, Any]) -> None:
    """
    Leaves a state's layer only to say its type, and computes its new value in another one.

    It reads ``prev:`` of itself first: RETURNN takes note that it goes round in a circle there, believes the layer, and
    does not follow what the new value is made of before it has seen all others.
    """
    if layer.options.get("eval") is AFTER:
        return  # it says it
    unit = layer.network
    before = PreviousLayer(unit)
    before.target = layer
    stays = {key: value for key, value in layer.options.items() if key in _OF_STEPS}
    options = {key: value for key, value in layer.options.items() if key not in _OF_STEPS}
    value = Layer(unit, unit.unique_name("value" if layer.has_own_name else f"{layer.name}_value"), options)
    layer.options = {"class": "eval", "from": [before, value], "eval": AFTER, "eval_locals": {"before": 1}}
    layer.options |= {"allow_broadcast_all_sources": True, "out_type": type_said, **stays}
