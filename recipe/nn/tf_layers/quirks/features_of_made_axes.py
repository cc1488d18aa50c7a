"""
RETURNN (1.20261022, ``LayerBase._base_get_out_data_from_opts`` in tf/layers/base.py) takes the last axis that an
``out_type`` names for the features, if it names no features. If that is an axis which ``range_from_length`` has made,
the last axis of what is read takes its place, so that a value along two such axes has one of them twice.

So there the ``out_type`` says that there are no features.
"""

from __future__ import annotations

from typing import Any

from ...record.graph import Op
from ..layers import Layer
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    said = layer.options.get("out_type")
    if not said or "dims" not in said or "feature_dim" in said or said.get("sparse_dim") is not None:
        return
    axes = [dim for dim in said["dims"] if dim.is_dynamic]
    if len(axes) > 1 and said["dims"][-1] is axes[-1]:
        said["feature_dim_axis"] = None


QUIRK = Quirk("features_of_made_axes", layer=_layer)
