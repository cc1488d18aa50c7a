"""Losses."""

from __future__ import annotations

from ...ops.loss import SmoothedLoss, SparseCrossEntropy
from ...plain.delayed import resolved
from ..build import Build
from ..labels_in_range import labels_in_range
from ..layers import Layer
from ..rule import rule


@rule(SparseCrossEntropy)
def cross_entropy(op: SparseCrossEntropy, build: Build) -> Layer:
    """``sparse_softmax_cross_entropy_with_logits``."""
    form, (logits, targets) = op.form(), op.inputs
    options = {"logits": build.reference(logits), "targets": labels_in_range(op, targets, build)}
    return build.add(op, form.kind, {**form.options, **options})


@rule(SmoothedLoss)
def smoothed(op: SmoothedLoss, build: Build) -> Layer:
    """``eval``, with the number."""
    smoothing = resolved(op.smoothing)
    formula = f"{1.0 - smoothing!r} * source(0) - {smoothing!r} * source(1)"
    return build.add(op, "eval", {"from": [build.reference(x) for x in op.inputs], "eval": formula})
