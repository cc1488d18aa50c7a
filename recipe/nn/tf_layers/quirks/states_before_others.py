"""
RETURNN (1.20261022, ``ConcatLayer`` in tf/layers/basic.py) joins vectors along the axes of the first one. If that is a
state of which it does not know the axes yet, the joined vector has none for sequences: "require broadcasting". Nor can
it join with a state that is itself a part of the joined vector.

So the state is read by a layer that says its axes.
"""

from __future__ import annotations

from typing import Any

from ...ops.array import Concat
from ...ops.linear import LinearOp
from ...record.graph import Op, Tensor
from ...record.loops import PreviousOp
from ..layers import Layer, PreviousLayer
from ..states_with_axes import state_with_axes
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, Concat) or layer.options["class"] != "concat":
        return
    joined = []
    for number, ((part, dim), x) in enumerate(zip(layer.options["from"], op.inputs)):
        if isinstance(part, PreviousLayer) and (number == 0 or _is_made_of(x, op)):
            part = state_with_axes(build, x, part)
        joined.append((part, dim))
    layer.options["from"] = joined


def _is_made_of(state: Tensor, op: Op) -> bool:
    """Whether the new value of a state is made of an op, by ops that read one thing and keep or cut its axes."""
    assert isinstance(state.op, PreviousOp)
    made = None if state.op.final is None else state.op.final.op
    while made is not None and made is not op and len(made.inputs) == 1 and not isinstance(made, LinearOp):
        made = made.inputs[0].op
    return made is op


QUIRK = Quirk("states_before_others", layer=_layer)
