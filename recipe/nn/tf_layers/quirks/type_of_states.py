"""
RETURNN (1.20261022, ``_SubnetworkRecCell`` in tf/layers/rec.py) takes a state of which it knows nothing yet for a
float, and may not find out about the layers that lead back to it.

So a layer that makes whole numbers or bools of a state says its type.
"""

from __future__ import annotations

from typing import Any

from ...record.graph import Op
from ...record.loops import PreviousOp
from ..layers import Layer
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if layer.options["class"] not in ("eval", "combine") or len(op.outputs) != 1:
        return
    if op.output.dtype not in ("int32", "bool"):
        return
    if any(isinstance(x.op, PreviousOp) and x.op.final is not op.output for x in op.inputs):
        layer.options.setdefault("out_type", {"dtype": op.output.dtype})


QUIRK = Quirk("type_of_states", layer=_layer)
