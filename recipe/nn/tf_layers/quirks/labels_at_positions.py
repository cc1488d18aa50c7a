"""
RETURNN (1.20261022, ``GatherLayer.get_out_data_from_opts`` in tf/layers/basic.py) takes the feature axis of positions
for that of what it gathers, also of labels, and fails: "cannot have feature_dim_axis when sparse".

So positions of labels along an axis of fixed size are said to have no features.
"""

from __future__ import annotations

from typing import Any

from ...ops.indexing import Gather
from ...record.graph import Op
from ..layers import Layer
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, Gather) or layer.options["class"] != "gather" or op.inputs[0].sparse_dim is None:
        return
    position = layer.options["position"]
    said = position.options.get("out_type", {}) if isinstance(position, Layer) else {}
    if said.get("feature_dim") is None:
        return
    out_type = {name: value for name, value in said.items() if name != "feature_dim"}
    options = {"from": position, "eval": "source(0)", "out_type": {**out_type, "feature_dim_axis": None}}
    layer.options["position"] = build.add(op, "eval", options, name="position_of_labels")


QUIRK = Quirk("labels_at_positions", layer=_layer)
