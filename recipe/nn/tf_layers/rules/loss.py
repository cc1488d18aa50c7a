"""Losses."""

from __future__ import annotations

from ...ops.loss import SmoothedLoss
from ...plain.delayed import resolved
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(SmoothedLoss)
def smoothed(op: SmoothedLoss, build: Build) -> Layer:
    """``eval``, with the number."""
    smoothing = resolved(op.smoothing)
    formula = f"{1.0 - smoothing!r} * source(0) - {smoothing!r} * source(1)"
    return build.add(op, "eval", {"from": [build.reference(x) for x in op.inputs], "eval": formula})
