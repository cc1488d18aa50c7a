"""
RETURNN (1.20261022, ``ConcatLayer`` in tf/layers/basic.py) joins vectors along the axes of the first one. If that is a
state of which it does not know the axes yet, the joined vector has none for sequences: "require broadcasting".

So the state is read by a layer that says its axes.
"""

from __future__ import annotations

from typing import Any

from ...ops.array import Concat
from ...record.graph import Op
from ..layers import Layer, PreviousLayer
from ..states_with_axes import state_with_axes
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, Concat) or layer.options["class"] != "concat":
        return
    (first, dim), *rest = layer.options["from"]
    if isinstance(first, PreviousLayer):
        layer.options["from"] = [(state_with_axes(build, op.inputs[0], first), dim), *rest]


QUIRK = Quirk("states_before_others", layer=_layer)
