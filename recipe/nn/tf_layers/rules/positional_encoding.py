"""``positional_encoding``."""

from __future__ import annotations

from typing import Any

from ...ops.positional_encoding import PositionalEncoding
from ...record.graph import Tensor
from ..axis_order import has_several_fixed_axes
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Reference
from ..out_type import out_type
from ..rule import as_written, rule

ENCODED_POSITIONS = ConfigFunction(
    '''
    def encoded_positions(source, self, axis, **_kwargs):
        """Values plus the sinusoids of their positions along an axis, or of the step of the loop."""
        import math

        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
        size = self.output.dims[-1].dimension
        half = size // 2
        frequencies = tf.exp(-math.log(1.0e4) / (half - 1) * tf.range(half, dtype=tf.float32))
        if axis is None:
            angles = tf.cast(source(1, auto_convert=False), tf.float32) * frequencies
        else:
            number = self.output.dims.index(axis)
            positions = tf.range(tf.shape(x)[number], dtype=tf.float32)
            angles = tf.reshape(positions, [-1] + [1] * (len(self.output.dims) - number - 1)) * frequencies
        signal = tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)
        missing = [[0, 0]] * (len(signal.shape) - 1) + [[0, size - 2 * half]]
        return x + tf.pad(signal, missing)
    '''
)


@rule(PositionalEncoding)
def positional_encoding(op: PositionalEncoding, build: Build) -> Reference:
    """
    ``positional_encoding``, where that will do.

    RETURNN (1.20261022, ``PositionalEncodingLayer`` in tf/layers/rec.py) takes no axis over the hypotheses of a search,
    nor more than one of fixed size, nor features that are not the last axis, and in the steps of a loop it fails along
    an axis of the step, with an AssertionError without text. So there the sinusoids are a function of TensorFlow.
    Test: ops/test_positional_encoding.py::test_along_an_axis_of_a_step
    """
    along_axis_in_loop = op.axis is not None and op.body.loop is not None
    has_more_axes = has_several_fixed_axes(op.output) or any(dim.is_beam for dim in op.output.dims)
    if not along_axis_in_loop and not has_more_axes and _has_features_last(op.inputs[0]):
        return as_written(op.form(), op, build)
    sources = [build.reference(op.inputs[0]), *([build.step()] if op.axis is None else [])]
    options: dict[str, Any] = {"from": sources, "eval": ENCODED_POSITIONS, "eval_locals": {"axis": op.axis}}
    return build.add(op, "eval", {**options, "allow_broadcast_all_sources": True, "out_type": out_type(op.output)})


def _has_features_last(x: Tensor) -> bool:
    """Whether RETURNN has the features last, too: nothing that a value is made of has them at another place."""
    features = x.feature_dim
    todo, seen = [x], {x}
    while todo:
        tensor = todo.pop()
        if tensor.dims[-1] is not features:
            return False
        new = [source for source in tensor.op.inputs if features in source.dims and source not in seen]
        todo += new
        seen.update(new)
    return True
