"""The full-sum loss of transducers."""

from __future__ import annotations

from typing import Any

from ...ops.transducer import TransducerLoss
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer
from ..out_type import out_type
from ..rule import rule
from .edit_distance import ALIGNED

TRANSDUCER_LOSS = ConfigFunction(
    '''
    def transducer_loss(source, self, frames, prefixes, labels, features, topology, **_kwargs):
        """The forward algorithm, frame by frame, of all numbers of labels at once."""
        import tensorflow as tf

        logits, lengths, targets, counts = [source(number, as_data=True, auto_convert=False) for number in range(4)]
        dims = list(self.output.dims)
        frames, prefixes = [logits.dims[logits.get_axis_from_description(axis)] for axis in (frames, prefixes)]
        labels = targets.dims[targets.get_axis_from_description(labels)]
        logits = aligned(logits, [*dims, frames, prefixes, features])
        lengths, counts = aligned(lengths, dims)[..., None], aligned(counts, dims)[..., None]
        num_frames, num_prefixes = tf.shape(logits)[-3], tf.shape(logits)[-2]
        is_frame = (tf.range(num_frames) < lengths)[..., None]
        is_prefix = (tf.range(num_prefixes) <= counts)[..., None, :]
        log_probs = tf.nn.log_softmax(tf.where((is_frame & is_prefix)[..., None], logits, 0.0))
        targets = aligned(targets, [*dims, labels])
        targets = tf.where(tf.range(tf.shape(targets)[-1]) < counts, targets, 0)
        targets = tf.pad(targets, [[0, 0]] * len(dims) + [[0, 1]])[..., None, :num_prefixes, None]
        rows = tf.broadcast_dynamic_shape(tf.shape(log_probs)[: len(dims)], tf.shape(targets)[: len(dims)])
        shape = tf.concat([rows, [num_frames, num_prefixes]], axis=0)
        log_probs = tf.broadcast_to(log_probs, tf.concat([shape, tf.shape(log_probs)[-1:]], axis=0))
        targets = tf.broadcast_to(targets, tf.concat([shape, [1]], axis=0))
        label = tf.gather(log_probs, targets, axis=-1, batch_dims=len(dims) + 2)[..., :-1, 0]
        by_frames = [len(dims), *range(len(dims)), len(dims) + 1]
        blank, label = tf.transpose(log_probs[..., -1], by_frames), tf.transpose(label, by_frames)
        never = -1e30
        begin = tf.where(tf.equal(tf.range(num_prefixes), 0), 0.0, never)
        begin = tf.broadcast_to(begin, tf.concat([rows, [num_prefixes]], axis=0))

        def any_number_of_labels(before, number):
            way = tf.pad(tf.cumsum(label[number], axis=-1), [[0, 0]] * len(dims) + [[1, 0]])
            after = way + tf.math.cumulative_logsumexp(before - way, axis=-1) + blank[number]
            return tf.where(number < lengths, after, before)

        def one_label_or_blank(before, number):
            read = tf.concat([tf.fill(tf.shape(before[..., :1]), never), before[..., :-1] + label[number]], axis=-1)
            stay = before + blank[number]
            greater = tf.maximum(read, stay)
            after = greater + tf.math.log1p(tf.exp(-tf.abs(read - stay)))
            return tf.where(number < lengths, after, before)

        step = one_label_or_blank if topology == "rna" else any_number_of_labels
        total = tf.foldl(step, tf.range(num_frames), begin)
        total = tf.reduce_sum(tf.where(tf.equal(tf.range(num_prefixes), counts), total, 0.0), axis=-1)
        return tf.ensure_shape(tf.where(total > 0.5 * never, -total, 0.0), [dim.dimension for dim in dims])
    ''',
    needs=(ALIGNED,),
)


@rule(TransducerLoss)
def transducer_loss(op: TransducerLoss, build: Build) -> Layer:
    """``eval``: RETURNN has no such layer."""
    logits, targets = op.inputs
    sources: list[Any] = []
    for tensor, axis in ((logits, op.frames), (targets, targets.spatial_dim)):
        length = {"from": build.reference(tensor), "axis": axis}
        sources += [build.reference(tensor), build.add(op, "length", length, name="length")]
    axes = {"frames": op.frames, "prefixes": op.prefixes, "labels": targets.spatial_dim, "features": logits.feature_dim}
    options: dict[str, Any] = {"from": sources, "eval": TRANSDUCER_LOSS, "allow_broadcast_all_sources": True}
    options["eval_locals"] = {**axes, "topology": op.topology}
    return build.add(op, "eval", {**options, "out_type": {"sparse_dim": None, **out_type(op.output)}})
