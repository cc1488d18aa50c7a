"""Axes that are made of lengths, and frames of chunks one behind the other."""

from __future__ import annotations

from ...ops.new_axis import RangeFromLength
from ...ops.windows import JoinedChunks
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer
from ..made_axes import axis_of_lengths
from ..out_type import out_type
from ..rule import rule


@rule(RangeFromLength)
def range_from_length(op: RangeFromLength, build: Build) -> Layer:
    """``range_from_length``, of lengths that all sequences have."""
    return axis_of_lengths(build, op, op.out_dim, build.reference(op.inputs[0]), "tf.maximum(source(0), 0)")


JOINED_CHUNKS = ConfigFunction(
    '''
    def joined_chunks(source, self, axis, window, out_axis, **_kwargs):
        """The frames of chunks one behind the other, along an axis that the other source makes."""
        import tensorflow as tf

        source(1, as_layer=True)
        x = source(0, as_data=True, auto_convert=False)
        axes = [x.dims[x.get_axis_from_description(one)] for one in (axis, window)]
        number = self.output.get_axis_from_description(out_axis)
        rest = [dim for place, dim in enumerate(self.output.dims) if place != number]
        frames = x.copy_transpose([*axes, *rest]).placeholder
        shape = tf.shape(frames)
        frames = tf.reshape(frames, tf.concat([[shape[0] * shape[1]], shape[2:]], axis=0))
        order = list(range(1, len(rest) + 1))
        return tf.transpose(frames, [*order[:number], 0, *order[number:]])
    '''
)


@rule(JoinedChunks)
def joined_chunks(op: JoinedChunks, build: Build) -> Layer:
    """``eval``."""
    axes = {"axis": op.axis, "window": op.window, "out_axis": op.out_dim}
    options = {"from": [build.reference(x) for x in op.inputs], "eval": JOINED_CHUNKS, "eval_locals": axes}
    options |= {"allow_broadcast_all_sources": True, "out_type": {"sparse_dim": None, **out_type(op.output)}}
    return build.add(op, "eval", options)
