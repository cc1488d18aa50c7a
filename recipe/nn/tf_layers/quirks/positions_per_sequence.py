"""
RETURNN (1.20261022, ``GatherLayer`` in tf/layers/basic.py) fails to keep positions within each sequence
(``clip_to_valid``) if they are no values per sequence themselves.

So such positions are kept within each sequence's length beforehand, which makes them values per sequence.
"""

from __future__ import annotations

from typing import Any

from ...ops.indexing import Gather
from ...plain.dim import batch_dim
from ...record.graph import Op
from ..layers import Layer
from ..out_type import type_of
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, Gather) or layer.options["class"] != "gather":
        return
    x, position = op.inputs
    if op.axis.is_static or batch_dim not in x.dims or set(op.axis.length_dims) <= set(position.dims):
        return
    length = build.add(op, "length", {"from": layer.options["from"], "axis": op.axis}, name="gather_length")
    options: dict[str, Any] = {
        "from": [layer.options["position"], length],
        "eval": "tf.maximum(tf.minimum(source(0), source(1) - 1), 0)",
    }
    if position.dims:
        options |= {"allow_broadcast_all_sources": True}
    options["out_type"] = type_of(
        [*op.axis.length_dims, *(dim for dim in position.dims if dim not in op.axis.length_dims)], "int32"
    )
    layer.options["position"] = build.add(op, "eval", options, name="position")


QUIRK = Quirk("positions_per_sequence", layer=_layer)
