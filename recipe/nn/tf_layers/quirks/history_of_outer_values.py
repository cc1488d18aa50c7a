"""
RETURNN (1.20261022, ``CumConcatLayer`` in tf/layers/rec.py) collects only values that it knows to be of the loop's
steps, and fails without a text for one from outside of the loop.

So such a value goes through a layer of the steps that gives it as it is.
"""

from __future__ import annotations

from typing import Any

from ...ops.history import CumConcat
from ...record.graph import Op
from ..config_function import ConfigFunction
from ..layers import Layer, StepReference
from ..out_type import out_type
from .quirk import Quirk

IN_EACH_STEP = ConfigFunction(
    '''
    def in_each_step(source, **_kwargs):
        """A value from outside of a loop, as a value of its steps."""
        source(1, as_layer=True)
        return source(0)
    '''
)


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, CumConcat) or layer.options["class"] != "cum_concat":
        return
    x, loop = op.inputs[0], op.body.loop
    if x.op.body.is_inside(loop.body_of_steps):
        return
    sources = [layer.options["from"], StepReference(layer.network)]
    options = {"from": sources, "eval": IN_EACH_STEP, "allow_broadcast_all_sources": True}
    layer.options["from"] = build.add(op, "eval", {**options, "out_type": out_type(x)}, name="frame")


QUIRK = Quirk("history_of_outer_values", layer=_layer)
