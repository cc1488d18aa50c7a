"""
RETURNN (1.20261022, ``_ConcatInputLayer`` in tf/layers/basic.py) draws one mask for all dropouts of one rate that read
the same layer.

So each further one reads a copy of that layer, and draws its own.
"""

from __future__ import annotations

from typing import Any

from ...record.graph import Op
from ..layers import Layer, Reference
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if "dropout" not in layer.options:
        return
    source = layer.options["from"]
    if isinstance(source, Reference):
        key = ("dropout", source, repr(layer.options["dropout"]))
        if build.once(key, lambda: layer) is not layer:
            layer.options["from"] = build.copy(layer.network, "dropped_again", source)


QUIRK = Quirk("one_dropout_of_a_layer", layer=_layer)
