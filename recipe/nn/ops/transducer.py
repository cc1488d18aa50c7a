"""The full-sum loss of transducers: the sum over all alignments of labels to frames."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, DimLike, batch_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor
from .ctc import has_blank_last

TOPOLOGIES = ("rnnt", "rna")


class TransducerLoss(Op):
    """``-log`` of the sum over all alignments of the product of their label probabilities."""

    name = "transducer"
    takes_more_axes = False

    def __init__(self, logits: Tensor, targets: Tensor, frames: Dim, prefixes: Dim, topology: str):
        self.frames, self.prefixes, self.topology = frames, prefixes, topology
        super().__init__(logits, targets)
        if self.body.loop is not None:
            raise NetworkError(
                f"transducer_loss wants whole sequences; call it outside of the loop on loop.stack(...), {logits}"
            )

    def infer(self) -> None:
        """[batch], and the axes over hypotheses that the two have."""
        logits, targets = self.inputs
        self.require_float(logits)
        if targets.sparse_dim is None:
            raise NetworkError(f"transducer_loss wants labels as targets, but {targets} is {targets.dtype}")
        if not has_blank_last(logits.feature_dim, targets.sparse_dim):
            raise NetworkError(
                f"transducer_loss: the targets are labels of {targets.sparse_dim}, so the scores must be over "
                f"{targets.sparse_dim} + 1 with the blank last, but they are over {logits.feature_dim}: {logits}"
            )
        axes = [dim for dim in logits.dims if not dim.is_beam and dim is not logits.feature_dim]
        if set(axes) != {batch_dim, self.frames, self.prefixes} or len(axes) != 3:
            raise NetworkError(
                f"transducer_loss wants scores [batch, {self.frames}, {self.prefixes}, labels + 1], but {logits} has "
                f"{dims_text(logits.dims)}"
            )
        of_targets = [dim for dim in targets.dims if not dim.is_beam]
        if batch_dim not in of_targets or len(of_targets) != 2:
            raise NetworkError(
                f"transducer_loss wants one sequence of labels, but {targets} has {dims_text(of_targets)}"
            )
        beams = [dim for dim in dict.fromkeys((*logits.dims, *targets.dims)) if dim.is_beam]
        self.set_output([batch_dim, *beams])

    def numpy(self, run: Arrays, logits: numpy.ndarray, targets: numpy.ndarray) -> numpy.ndarray:
        """The forward algorithm, sequence by sequence. 0 where there is no alignment, as for CTC."""
        scores, labels = self.inputs
        dims, positions = self.output.dims, labels.spatial_dim
        order = (*dims, self.frames, self.prefixes, scores.feature_dim)
        x: numpy.ndarray = run.aligned(logits, scores.dims, order).astype("float64")
        y = run.aligned(targets, labels.dims, (*dims, positions))
        losses: numpy.ndarray = numpy.zeros(run.shape(dims))
        x = numpy.broadcast_to(x, (*losses.shape, *x.shape[len(dims) :]))
        y = numpy.broadcast_to(y, (*losses.shape, y.shape[-1]))
        of_axes = [
            numpy.broadcast_to(run.lengths_along(axis, dims), losses.shape)
            for axis in (self.frames, positions, self.prefixes)
        ]
        for place in numpy.ndindex(losses.shape):
            frames, count, prefixes = (int(lengths[place]) for lengths in of_axes)
            if prefixes != count + 1:
                raise NetworkError(
                    f"transducer_loss: sequence {place[0]} has {count} labels, so there are {count + 1} prefixes of "
                    f"them, but {self.prefixes} has {prefixes}",
                    self.source,
                )
            loss = _negative_log_prob(x[place][:frames, :prefixes], y[place][:count], self.topology)
            losses[place] = loss if numpy.isfinite(loss) else 0.0
        return losses

    def form(self) -> Form:
        """``transducer_loss``, which is no layer of RETURNN: each engine has a rule for it."""
        logits, targets = self.inputs
        axes = {"frames": self.frames, "prefixes": self.prefixes}
        return Form("transducer_loss", {"logits": logits, "targets": targets, **axes, "topology": self.topology})


def _negative_log_prob(logits: numpy.ndarray, labels: numpy.ndarray, topology: str) -> float:
    """Of one sequence: logits [frames, labels read, labels + 1]."""
    log_probs = logits - numpy.logaddexp.reduce(logits, axis=-1, keepdims=True)
    blank = log_probs.shape[-1] - 1
    before = numpy.full(len(labels) + 1, -numpy.inf)  # of having read so many labels before a frame
    before[0] = 0.0
    for frame in log_probs:
        after = before + frame[:, blank] if topology == "rna" else before.copy()
        for count, label in enumerate(labels):
            arrived = (before if topology == "rna" else after)[count] + frame[count, label]
            after[count + 1] = numpy.logaddexp(after[count + 1], arrived)
        before = after if topology == "rna" else after + frame[:, blank]
    return -float(before[-1])


def transducer_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    frames: DimLike | str,
    prefixes: DimLike | str,
    topology: str = "rnnt",
) -> Tensor:
    """
    The full-sum loss of a transducer (Graves 2012), one value per sequence: ``-log P(targets | frames)``, the sum over
    all ways to write the labels over the frames with blanks, where each step reads one more label or goes on.

    With ``"rnnt"`` blank goes on to the next frame, and a label stays at its frame, so that a frame may have any number
    of labels. With ``"rna"`` each frame has one label or blank (Sak et al. 2017).

    :param logits: [batch, frames, prefixes, labels + 1], the blank last: of each frame, after so many labels. The first
        prefix is that without a label, so there is one more than there are labels
    :param targets: labels [batch, positions]
    :param frames: the axis over frames
    :param prefixes: the axis over prefixes
    :param topology: "rnnt" or "rna"
    :return: [batch]; 0 for a sequence that no alignment fits, such as one with more labels than frames for "rna"
    """
    logits, targets = as_tensor(logits), as_tensor(targets)
    if topology not in TOPOLOGIES:
        raise NetworkError(f'transducer_loss: topology is "rnnt" or "rna", not {topology!r}')
    over_frames, over_prefixes = logits.resolve_axis(frames), logits.resolve_axis(prefixes)
    return TransducerLoss(logits, targets, over_frames, over_prefixes, topology).output
