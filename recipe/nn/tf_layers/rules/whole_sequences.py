"""What the passes make of loops: frames shifted, repeated, picked at the end; and the frame of a step."""

from __future__ import annotations

from ...ops.expand import Expand
from ...ops.last_frame import LastFrame
from ...ops.lengths import WithLengths
from ...ops.shift import Shift
from ...ops.transpose import Transpose
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer, Reference
from ..out_type import out_type, out_type_beside
from ..rule import rule

SHIFTED = ConfigFunction(
    '''
    def shifted(source, self, axis, **_kwargs):
        """The frame before along an axis; for the first frame, another value."""
        import tensorflow as tf

        x, first = source(0), source(1)
        axis = self.output.get_axis_from_description(axis)
        shape = [-1 if number == axis else 1 for number in range(self.output.batch_ndim)]
        is_first = tf.reshape(tf.equal(tf.range(tf.shape(x)[axis]), 0), shape)
        return tf.where(is_first, first, tf.roll(x, 1, axis=axis))
    '''
)
REPEATED = ConfigFunction(
    '''
    def repeated(source, self, **_kwargs):
        """The same value at each place of one more axis, which the other source has."""
        import tensorflow as tf

        source(1, as_layer=True)
        return tf.broadcast_to(source(0), [dim.get_dim_value() for dim in self.output.dims])
    '''
)
LAST_FRAME = ConfigFunction(
    '''
    def last_frame(source, self, axis, **_kwargs):
        """Each sequence's last frame along an axis; for a sequence without frames, another value."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        dims = [dim for dim in self.output.dims if dim in x.dims]
        time_axis = x.dims[x.get_axis_from_description(axis)]
        x = x.copy_transpose([time_axis, *dims]).placeholder
        length = source(2, as_data=True, auto_convert=False).copy_compatible_to_dims_raw([time_axis, *self.output.dims])
        position = tf.range(tf.shape(x)[0])
        shape = [tf.shape(x)[0], *(dim.get_dim_value() if dim in dims else 1 for dim in self.output.dims)]
        x = tf.reshape(x, shape)
        is_last = tf.equal(tf.reshape(position, [-1] + [1] * len(self.output.dims)), length - 1)
        if x.dtype == tf.bool:
            last = tf.reduce_any(tf.logical_and(is_last, x), axis=0)
        else:
            last = tf.reduce_sum(tf.where(is_last, x, tf.zeros_like(x)), axis=0)
        return tf.where(tf.greater(length[0], 0), last, source(1))
    '''
)


@rule(Shift)
def shift(op: Shift, build: Build) -> Layer:
    """``eval``."""
    options = {"from": [build.reference(x) for x in op.inputs], "eval": SHIFTED, "eval_locals": {"axis": op.axis}}
    return build.add(op, "eval", {**options, "allow_broadcast_all_sources": True, "out_type": out_type(op.output)})


@rule(Expand)
def expand(op: Expand, build: Build) -> Layer:
    """``eval``, after the layer that has the axis, as that may be what makes its lengths."""
    options = {"from": [build.reference(x) for x in op.inputs], "eval": REPEATED, "allow_broadcast_all_sources": True}
    return build.add(op, "eval", {**options, "out_type": out_type_beside(op.output, op.inputs)})


@rule(LastFrame)
def last_frame(op: LastFrame, build: Build) -> Layer:
    """``eval``; of an axis of fixed size ``gather``."""
    x, other = op.inputs
    if op.axis.is_static:
        return build.add(op, "gather", {"from": build.reference(x), "axis": op.axis, "position": op.axis.size - 1})
    length = {"from": build.reference(x), "axis": op.axis}
    sources = [build.reference(x), build.reference(other), build.add(op, "length", length, name="length")]
    options = {"from": sources, "eval": LAST_FRAME, "eval_locals": {"axis": op.axis}}
    return build.add(op, "eval", {**options, "allow_broadcast_all_sources": True, "out_type": out_type(op.output)})


@rule(Transpose)
def transpose(op: Transpose, build: Build) -> Reference:
    """Nothing: RETURNN knows axes by their dims."""
    return build.reference(op.inputs[0])


@rule(WithLengths)
def with_lengths(op: WithLengths, build: Build) -> Layer:
    """``gather`` of the positions that ``range_from_length`` makes of the lengths."""
    x, lengths = op.inputs
    options = {"from": build.reference(lengths), "out_spatial_dim": op.out_dim}
    unit = build.unit
    positions = build.once(
        ("range", op.out_dim, unit), lambda: build.add(op, "range_from_length", options, name="range")
    )
    return build.add(op, "gather", {"from": build.reference(x), "axis": op.axis, "position": positions})
