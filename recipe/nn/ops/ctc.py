"""CTC: the loss of a label sequence, summed over all its alignments to the frames."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim, batch_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor
from .loss import SmoothedLoss, share_of_others
from .reduce import reduce_mean, reduce_sum
from .softmax import log_softmax


class CtcLoss(Op):
    """``-log`` of the sum over all alignments of the product of their label probabilities."""

    name = "ctc"
    takes_more_axes = False

    def __init__(self, logits: Tensor, targets: Tensor):
        super().__init__(logits, targets)
        if self.body.loop is not None:
            raise NetworkError(
                f"ctc_loss wants whole sequences; call it outside of the loop on loop.stack(...), {logits}"
            )

    def infer(self) -> None:
        """[batch], and the axes over hypotheses that the two have."""
        logits, targets = self.inputs
        self.require_float(logits)
        if targets.sparse_dim is None:
            raise NetworkError(f"ctc_loss wants labels as targets, but {targets} is {targets.dtype}")
        if not has_blank_last(logits.feature_dim, targets.sparse_dim):
            raise NetworkError(
                f"ctc_loss: the targets are labels of {targets.sparse_dim}, so the scores must be over "
                f"{targets.sparse_dim} + 1 with the blank last, but they are over {logits.feature_dim}: {logits}"
            )
        for tensor, rest in ((logits, {logits.feature_dim}), (targets, set[object]())):
            axes = [dim for dim in tensor.dims if dim not in rest and not dim.is_beam]
            if batch_dim not in axes or len(axes) != 2:
                raise NetworkError(
                    f"ctc_loss wants one sequence of frames and one of labels, but {tensor} has {dims_text(axes)}"
                )
        self.set_output([dim for dim in logits.dims if dim.is_batch or dim.is_beam])

    def numpy(self, run: Arrays, logits: numpy.ndarray, targets: numpy.ndarray) -> numpy.ndarray:
        """The forward algorithm, sequence by sequence. 0 where there is no alignment, as RETURNN has it."""
        scores, labels = self.inputs
        frames, positions = scores.spatial_dim, labels.spatial_dim
        dims = self.output.dims
        x: numpy.ndarray = run.aligned(logits, scores.dims, (*dims, frames, scores.feature_dim)).astype("float64")
        x = x - numpy.logaddexp.reduce(x, axis=-1, keepdims=True)
        y = run.aligned(targets, labels.dims, (*dims, positions))
        lengths, counts = run.lengths_along(frames, dims), run.lengths_along(positions, dims)
        losses: numpy.ndarray = numpy.zeros(run.shape(self.output.dims))
        for place in numpy.ndindex(losses.shape):
            at = [numpy.broadcast_to(array, losses.shape)[place] for array in (lengths, counts)]
            loss = _negative_log_prob(x[place][: at[0]], y[place][: at[1]])
            losses[place] = loss if numpy.isfinite(loss) else 0.0
        return losses

    def form(self) -> Form:
        """``ctc_loss``."""
        logits, targets = self.inputs
        return Form("ctc_loss", {"logits": logits, "targets": targets, "blank_index": -1})


def has_blank_last(dim: Dim, labels: Dim) -> bool:
    """
    Whether it is the dim of the labels and one more: their sum, or one that says so by its own labels. Of labels that a
    job gives later the sizes are compared, as far as they are known.
    """
    if dim is labels + 1:
        return True
    if not all(one.delayed_labels is None or one.delayed_labels.is_available() for one in (dim, labels)):
        size, whole = labels.known_size, dim.known_size
        return size is None or whole is None or whole == size + 1
    return dim.labels is not None and labels.labels is not None and dim.labels[:-1] == labels.labels


def _negative_log_prob(log_probs: numpy.ndarray, labels: numpy.ndarray) -> float:
    """Of one sequence: log probs [frames, labels + 1], labels [positions]."""
    blank = log_probs.shape[-1] - 1
    states = numpy.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    may_skip: numpy.ndarray = numpy.zeros(len(states), bool)
    may_skip[2:] = (states[2:] != blank) & (states[2:] != states[:-2])
    alpha = numpy.full(len(states), -numpy.inf)
    alpha[0] = 0.0  # before the first frame: in the first blank, which the first frame may skip
    for number, frame in enumerate(log_probs):
        stay, step, skip = alpha, numpy.roll(alpha, 1), numpy.roll(alpha, 2)
        step[0] = -numpy.inf
        skip = numpy.where(may_skip, skip, -numpy.inf)
        alpha = numpy.logaddexp(stay, step)
        if number:
            alpha = numpy.logaddexp(alpha, skip)
        alpha = alpha + frame[states]
    return -float(numpy.logaddexp.reduce(alpha[-2:]))


def ctc_loss(logits: Tensor, targets: Tensor, *, label_smoothing: Any = 0.0) -> Tensor:
    """
    Connectionist temporal classification (Graves et al. 2006), one value per sequence: ``-log P(targets | frames)``,
    the sum over all ways to write the labels over the frames with repetitions and blanks.

    :param logits: [batch, time, labels + 1], the blank last; the dim is ``labels + 1``, or one with all names of the
        labels and one more
    :param targets: labels [batch, positions]
    :param label_smoothing: at least 0 and below 1: the share of the cross entropy of all frames against labels and
        blank that are equally likely, which keeps distributions from becoming sharp (Kim et al. 2018)
    :return: [batch]; 0 for a sequence with more labels than its frames can hold, but for the smoothing
    """
    logits = as_tensor(logits)
    loss = CtcLoss(logits, as_tensor(targets)).output
    smoothing = share_of_others(label_smoothing)
    if smoothing is not None:
        log_probs = reduce_mean(log_softmax(logits))
        loss = SmoothedLoss(loss, reduce_sum(log_probs, logits.spatial_dim), smoothing).output
    return loss
