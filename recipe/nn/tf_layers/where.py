"""``tf.where``: a choice between two values that broadcasts, which RETURNN's ``switch`` does not."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import Where
from .layers import Layer
from .out_type import out_type


def where_of_all_axes(build: Any, op: Where) -> Layer:
    """Adds an ``eval`` that says the axes of the result, as ``switch`` cannot."""
    sources = [build.reference(x) for x in op.inputs]
    options: dict[str, Any] = {"from": sources, "eval": "tf.where(source(0), source(1), source(2))"}
    options |= {"allow_broadcast_all_sources": True, "out_type": out_type(op.output)}
    layer: Layer = build.add(op, "eval", options)
    return layer
