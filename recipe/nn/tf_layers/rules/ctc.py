"""``ctc_loss``, also of the hypotheses of a search."""

from __future__ import annotations

from typing import Any

from ...ops.ctc import CtcLoss
from ..build import Build
from ..config_function import ConfigFunction
from ..hypotheses_as_rows import ROWS
from ..layers import Reference
from ..out_type import out_type
from ..rule import as_written, rule

CTC_OF_HYPOTHESES = ConfigFunction(
    '''
    def ctc_loss_of_hypotheses(source, self, frames, labels, features, **_kwargs):
        """RETURNN's CTC loss, of hypotheses as rows of the batch."""
        import tensorflow as tf
        from returnn.tf.native_op import ctc_loss

        logits, lengths, targets, counts = [source(number, as_data=True, auto_convert=False) for number in range(4)]
        beams = list(self.output.dims[1:])
        frames = logits.dims[logits.get_axis_from_description(frames)]
        labels = targets.dims[targets.get_axis_from_description(labels)]
        loss = ctc_loss(
            logits=rows_of_hypotheses(logits, beams, [frames, features]),
            logits_seq_lens=rows_of_hypotheses(lengths, beams, []),
            logits_time_major=False,
            targets=rows_of_hypotheses(targets, beams, [labels]),
            targets_seq_lens=rows_of_hypotheses(counts, beams, []),
        )
        return tf.reshape(loss, [-1, *(beam.dimension for beam in beams)])
    ''',
    needs=(ROWS,),
)


@rule(CtcLoss)
def ctc_loss(op: CtcLoss, build: Build) -> Reference:
    """``ctc_loss``; of hypotheses, for which it has no axis, ``eval`` of what it calls."""
    if not any(dim.is_beam for dim in op.output.dims):
        return as_written(op.form(), op, build)
    logits, targets = op.inputs
    sources = []
    for tensor, axis in ((logits, logits.spatial_dim), (targets, targets.spatial_dim)):
        length = {"from": build.reference(tensor), "axis": axis}
        sources += [build.reference(tensor), build.add(op, "length", length, name="length")]
    axes = {"frames": logits.spatial_dim, "labels": targets.spatial_dim, "features": logits.feature_dim}
    options: dict[str, Any] = {"from": sources, "eval": CTC_OF_HYPOTHESES, "eval_locals": axes}
    return build.add(op, "eval", {**options, "allow_broadcast_all_sources": True, "out_type": out_type(op.output)})
