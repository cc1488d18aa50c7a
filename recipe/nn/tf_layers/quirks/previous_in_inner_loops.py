"""
RETURNN (1.20261022, ``_SubnetworkRecCell`` in tf/layers/rec.py) fails ("There is a dependency loop") where a loop that
counts its steps reads ``prev:`` of the loop around, the state of which depends on it: it looks at the new value of the
state before it knows how many steps the loop inside makes.

So a copy in the loop around reads the value of the step before, and the loop inside reads that copy.
"""

from __future__ import annotations

from typing import Any

from ...record.graph import Tensor
from ...record.loops import PreviousOp
from ..layers import LayerNetwork, PreviousLayer, Reference
from .quirk import Quirk


def _read(build: Any, tensor: Tensor, reference: Reference, here: LayerNetwork) -> Reference:
    if not isinstance(reference, PreviousLayer) or reference.network is here:
        return reference
    assert isinstance(tensor.op, PreviousOp)
    name = f"{tensor.op.leaf.name}_before"
    copy: Reference = build.once(("previous", tensor), lambda: build.copy(reference.network, name, reference))
    return copy


QUIRK = Quirk("previous_in_inner_loops", read=_read)
