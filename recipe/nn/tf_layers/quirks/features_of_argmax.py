"""
RETURNN (1.20261022, ``ReduceLayer`` in tf/layers/basic.py) declares labels that ``reduce`` with mode argmax gives to
have no feature axis, and ``linear`` takes that over for the vectors that it makes of them.

So such a ``linear`` says its features.
"""

from __future__ import annotations

from typing import Any

from ...ops.linear import LinearOp
from ...ops.loss import ArgMax
from ...record.graph import Op, Tensor
from ...record.loops import PreviousOp, ResultOp
from ..layers import Layer
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if isinstance(op, LinearOp) and _is_from_argmax(op.inputs[0], set()):
        layer.options["out_type"] = {"dim": op.out_dim.dimension}


def _is_from_argmax(labels: Tensor, seen: set[Tensor]) -> bool:
    """Whether labels are or may become those of an argmax, also by a state of a loop."""
    if labels.sparse_dim is None or labels in seen:
        return False
    seen.add(labels)
    op = labels.op
    sources = [*op.inputs]
    if isinstance(op, PreviousOp):
        sources += [tensor for tensor in (op.initial, op.final) if tensor is not None]
    elif isinstance(op, ResultOp):
        sources.append(op.inner)
    return isinstance(op, ArgMax) or any(_is_from_argmax(source, seen) for source in sources)


QUIRK = Quirk("features_of_argmax", layer=_layer)
