"""
RETURNN (1.20261022, ``SearchChoices.translate_to_common_search_beam`` in tf/layers/base.py) goes through the options of
a layer, also through dicts. If a key is a dim that RETURNN has found to be the same as another one meanwhile, its hash
is another one, and TensorFlow may fail: "Dictionary was modified during iteration over it".

So ``set_dim_tags`` is a list of pairs, where the dim in whose place another one comes is not that of an input.
"""

from __future__ import annotations

from typing import Any

from ...ops.inputs import ExternDataOp
from ...plain.dim import Dim
from ...record.graph import Op
from ..layers import Layer
from ..made_axes import makers_of_axes
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    pairs = layer.options.get("set_dim_tags")
    if isinstance(pairs, dict) and any(not _is_of_input(build, dim) for dim in pairs):
        layer.options["set_dim_tags"] = list(pairs.items())


def _is_of_input(build: Any, dim: Dim) -> bool:
    makers: dict[Dim, Op] = build.once("makers of axes", lambda: makers_of_axes(build.program))
    return dim.is_static or isinstance(makers.get(dim), ExternDataOp)


QUIRK = Quirk("pairs_of_dims", layer=_layer)
