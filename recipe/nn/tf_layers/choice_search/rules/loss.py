"""Losses."""

from __future__ import annotations

from ....ops.loss import NegativeLogProb, SmoothedLoss, SparseCrossEntropy
from ....plain.delayed import resolved
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(SparseCrossEntropy)
def sparse_cross_entropy(op: SparseCrossEntropy, lower: OpLowering) -> Layer:
    """``sparse_softmax_cross_entropy_with_logits``."""
    logits, targets = (lower.in_steps(op, x) for x in op.inputs)
    options = {"logits": logits, "targets": targets, "axis": op.inputs[0].feature_dim}
    return lower.add(op, "sparse_softmax_cross_entropy_with_logits", options)


@rule(NegativeLogProb)
def negative_log_prob(op: NegativeLogProb, lower: OpLowering) -> Layer:
    """``gather``, and its negative."""
    scores, targets = op.inputs
    options = {"from": lower.in_steps(op, scores), "position": lower.in_steps(op, targets)}
    of_target = lower.add(op, "gather", {**options, "axis": scores.feature_dim}, name="of_target")
    return lower.add(op, "eval", {"from": of_target, "eval": "-source(0)"})


@rule(SmoothedLoss)
def smoothed(op: SmoothedLoss, lower: OpLowering) -> Layer:
    """``eval``, with the number."""
    smoothing = resolved(op.smoothing)
    formula = f"{1.0 - smoothing!r} * source(0) - {smoothing!r} * source(1)"
    return lower.add(op, "eval", {"from": [lower.reference(x) for x in op.inputs], "eval": formula})
