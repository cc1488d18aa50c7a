"""``eval`` of a function that turns vectors."""

from __future__ import annotations

from ...ops.rotary_encoding import RotaryEncoding
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer
from ..out_type import out_type
from ..rule import rule

ROTARY_ENCODING = ConfigFunction(
    '''
    def rotary_encoding(source, self, axis, base, **_kwargs):
        """Pairs of features, entries of both halves, turned by angles that grow with the position."""
        import tensorflow as tf

        x, position = [source(number, as_data=True, auto_convert=False) for number in (0, 1)]
        x, position = [data.copy_compatible_to_dims_raw(self.output.dims) for data in (x, position)]
        axis = self.output.get_axis_from_description(axis)
        first, second = tf.split(x, 2, axis=axis)
        half = self.output.dims[axis].dimension // 2
        frequency = tf.constant([base ** (-number / half) for number in range(half)], tf.float64)
        frequency = tf.reshape(frequency, [half if number == axis else 1 for number in range(len(self.output.dims))])
        angle = tf.cast(position, tf.float64) * frequency  # in float32, those of far positions would be inexact
        sine, cosine = tf.cast(tf.sin(angle), x.dtype), tf.cast(tf.cos(angle), x.dtype)
        return tf.concat([first * cosine - second * sine, second * cosine + first * sine], axis=axis)
    '''
)


@rule(RotaryEncoding)
def rotary_encoding(op: RotaryEncoding, build: Build) -> Layer:
    """``eval``."""
    options = {"from": [build.reference(x) for x in op.inputs], "eval": ROTARY_ENCODING}
    options["eval_locals"] = {"axis": op.axis, "base": op.base}
    return build.add(op, "eval", {**options, "allow_broadcast_all_sources": True, "out_type": out_type(op.output)})
