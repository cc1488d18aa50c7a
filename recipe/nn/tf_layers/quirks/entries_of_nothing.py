"""
RETURNN (1.20261022, ``GatherLayer`` in tf/layers/basic.py) reads padding for a sequence that has no entry at all, and
fails if none in the batch has one.

So entries along an axis that may be empty are taken of one with at least one entry for each sequence, zeros.
"""

from __future__ import annotations

from typing import Any

from ...ops.indexing import Gather
from ...record.graph import Op
from ..empty_axes import axis_of_frames_or_one, frames_or_one, may_be_empty
from ..layers import Layer
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, Gather) or layer.options["class"] != "gather" or not op.axis.is_dynamic:
        return
    if layer.options["axis"] is op.axis and may_be_empty(build, op.axis):
        entries = frames_or_one(build, op, op.inputs[0], op.axis)
        layer.options |= {"from": entries, "axis": axis_of_frames_or_one(build, op.axis)}


QUIRK = Quirk("entries_of_nothing", layer=_layer)
