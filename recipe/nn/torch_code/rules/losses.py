"""What training minimises, or reports."""

from __future__ import annotations

from ...ops.ctc import CtcLoss
from ...ops.edit_distance import EditDistance
from ...ops.loss import NegativeLogProb, SmoothedLoss, SparseCrossEntropy
from ...ops.transducer import TransducerLoss
from ..code import Code
from ..labels_in_range import labels_in_range
from ..layout import primary
from ..rule import rule


@rule(SparseCrossEntropy)
def cross_entropy(op: SparseCrossEntropy, code: Code) -> str:
    """``F.cross_entropy``, by a function of ours."""
    logits, targets = op.inputs
    dims = op.output.dims
    scores = code.aligned(logits, (*dims, logits.feature_dim))
    labels = labels_in_range(targets, code.expanded(targets, dims))
    return f"{code.function('cross_entropies')}({scores}, {labels})"


@rule(NegativeLogProb)
def negative_log_prob(op: NegativeLogProb, code: Code) -> str:
    """The entry of the label."""
    scores, targets = op.inputs
    dims = op.output.dims
    log_probs = code.aligned(scores, (*dims, scores.feature_dim))
    labels = primary(labels_in_range(targets, code.expanded(targets, dims)))
    return f"-{primary(log_probs)}.gather(-1, {labels}.long().unsqueeze(-1)).squeeze(-1)"


@rule(SmoothedLoss)
def smoothed_loss(op: SmoothedLoss, code: Code) -> str:
    """The definition."""
    loss, mean_log_prob = op.inputs
    smoothing = code.number(op.smoothing)
    mean = code.aligned(mean_log_prob, op.output.dims)
    return f"(1.0 - {smoothing}) * {code.of(loss)} - {smoothing} * {mean}"


@rule(CtcLoss)
def ctc_loss(op: CtcLoss, code: Code) -> str:
    """``F.ctc_loss``, by a function of ours."""
    logits, targets = op.inputs
    dims = op.output.dims
    frames, positions = logits.spatial_dim, targets.spatial_dim
    scores = code.expanded(logits, (*dims, frames, logits.feature_dim))
    labels = code.expanded(targets, (*dims, positions))
    lengths = [code.lengths_of_each(axis, dims) for axis in (frames, positions)]
    return f"{code.function('ctc_losses')}({scores}, {labels}, {', '.join(lengths)})"


@rule(TransducerLoss)
def transducer_loss(op: TransducerLoss, code: Code) -> str:
    """A function of ours."""
    logits, targets = op.inputs
    dims = op.output.dims
    positions = targets.spatial_dim
    scores = code.expanded(logits, (*dims, op.frames, op.prefixes, logits.feature_dim))
    labels = code.expanded(targets, (*dims, positions))
    lengths = [code.lengths_of_each(axis, dims) for axis in (op.frames, positions)]
    return f"{code.function('transducer_losses')}({scores}, {labels}, {', '.join(lengths)}, {op.topology == 'rna'})"


@rule(EditDistance)
def edit_distance(op: EditDistance, code: Code) -> str:
    """A function of ours."""
    dims = op.output.dims
    a, b = (code.expanded(x, (*dims, axis)) for x, axis in zip(op.inputs, (op.a_axis, op.b_axis)))
    lengths = [code.lengths_of_each(axis, dims) for axis in (op.a_axis, op.b_axis)]
    return f"{code.function('edit_distances')}({a}, {b}, {', '.join(lengths)})"
