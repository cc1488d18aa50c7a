"""
RETURNN (1.20261022, ``RecLayer.get_rec_initial_state_inner`` in tf/layers/rec.py) reads the initial state of an LSTM
that is the output of another ``rec`` layer as all that the other one carries on, h and c in one vector.

So such an output goes through a copy.
"""

from __future__ import annotations

from typing import Any

from ...record.graph import Op
from ..layers import Layer
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    initial = layer.options.get("initial_state")
    if not isinstance(initial, dict):
        return
    for key, reference in initial.items():
        if isinstance(reference, Layer) and reference.options["class"] == "rec":
            initial[key] = build.copy(layer.network, f"initial_{key}", reference)


QUIRK = Quirk("initial_state_of_lstm", layer=_layer)
