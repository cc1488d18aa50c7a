"""
RETURNN (1.20261022, ``ConvLayer.get_out_data_from_opts`` in tf/layers/basic.py) fails with an AssertionError without
text where ``conv`` or ``pool`` makes an axis shorter in the steps of a loop; and where there are no frames at all,
``pool`` fails, and ``conv`` makes some.

So there pooling and convolutions are functions of TensorFlow, along an axis made of its lengths.
"""

from __future__ import annotations

from typing import Any

from ...ops.convolution import ConvOp
from ...ops.pooling import Pool
from ...plain.dim import batch_dim
from ...record.graph import Op
from ..config_function import ConfigFunction
from ..empty_axes import may_be_empty
from ..layers import Layer
from ..made_axes import derived_axis
from ..out_type import type_of
from .quirk import Quirk

FRAMES = ConfigFunction(
    '''
    def frames_and_mask(x, axis, order):
        """A sequence with the axes ``order``, the second of which is the time; which of its frames are there."""
        import tensorflow as tf

        time_axis = x.dims[x.get_axis_from_description(axis)]
        frames = x.copy_transpose([order[0], time_axis, *order[2:]]).placeholder
        length = time_axis.dyn_size_ext.copy_compatible_to_dims_raw([order[0], *order[2:]])
        number = tf.reshape(tf.range(tf.shape(frames)[1]), [1, -1] + [1] * (len(order) - 2))
        return frames, number < length[:, None]
    '''
)
POOLED = ConfigFunction(
    '''
    def pooled(source, self, axis, size, mode, **_kwargs):
        """Each ``size`` successive frames as one; the last ones of a sequence may be fewer."""
        import tensorflow as tf

        source(1, as_layer=True)
        x, mask = frames_and_mask(source(0, as_data=True, auto_convert=False), axis, self.output.dims)
        shape, rest = tf.shape(x), len(x.shape) - 2
        groups = -(-shape[1] // size)
        filling = [[0, 0], [0, groups * size - shape[1]]] + [[0, 0]] * rest
        x = tf.reshape(tf.pad(x, filling), tf.concat([[shape[0], groups, size], shape[2:]], axis=0))
        mask = tf.pad(mask, filling)
        mask = tf.reshape(mask, tf.concat([[tf.shape(mask)[0], groups, size], tf.shape(mask)[2:]], axis=0))
        if mode == "max":
            largest = tf.reduce_max(tf.where(mask, x, x.dtype.min), axis=2)
            return tf.where(tf.reduce_any(mask, axis=2), largest, tf.zeros_like(largest))
        count = tf.reduce_sum(tf.cast(mask, x.dtype), axis=2)
        return tf.reduce_sum(tf.where(mask, x, tf.zeros_like(x)), axis=2) / tf.maximum(count, 1.0)
    ''',
    needs=(FRAMES,),
)
CONVOLVED = ConfigFunction(
    '''
    def convolved(source, self, axis, stride, in_dim, is_depthwise, **_kwargs):
        """A convolution with a stride, with zeros before and after each sequence."""
        import tensorflow as tf

        source(3, as_layer=True)
        filters, bias = source(1, auto_convert=False), source(2, auto_convert=False)
        order = [*self.output.dims[:-1], in_dim]
        x, mask = frames_and_mask(source(0, as_data=True, auto_convert=False), axis, order)
        size, length = filters.shape[0], tf.shape(x)[1]
        steps = -(-length // stride)
        left = (size - stride) // 2
        right = tf.maximum((steps - 1) * stride + size - left - length, 0)
        x = tf.where(mask, x, tf.zeros_like(x))
        x = tf.pad(x, [[0, 0], [left, right]] + [[0, 0]] * (len(order) - 2))
        y = 0.0
        for position in range(size):
            frames = x[:, position : position + (steps - 1) * stride + 1 : stride]
            weight = filters[position]
            y += frames * weight[0] if is_depthwise else tf.tensordot(frames, weight, 1)
        return y + bias
    ''',
    needs=(FRAMES,),
)


def _pool(build: Any, op: Pool) -> Layer:
    rest = [dim for dim in op.output.dims if dim not in (batch_dim, op.out_dim)]
    made = derived_axis(build, op, op.axis, op.out_dim, f"-(-source(0) // {op.size})")
    options = {"from": [build.reference(op.inputs[0]), made], "eval": POOLED}
    options["eval_locals"] = {"axis": op.axis, "size": op.size, "mode": op.mode}
    dims = [batch_dim, op.out_dim, *rest]  # in this order, which the function goes by
    out_type = {"sparse_dim": None, **type_of(dims, "float32"), "dims": dims}
    options |= {"allow_broadcast_all_sources": True, "out_type": out_type}
    layer: Layer = build.add(op, "eval", options)
    return layer


def _convolution(build: Any, op: ConvOp) -> Layer:
    x, filters, bias = op.inputs
    rest = [dim for dim in x.dims if dim not in (batch_dim, op.axis, op.in_dim)]
    made = derived_axis(build, op, op.axis, op.out_axis, f"-(-source(0) // {op.stride})")
    options = {"from": [build.reference(x), build.parameter(filters), build.parameter(bias), made], "eval": CONVOLVED}
    locals_ = {"axis": op.axis, "stride": op.stride, "in_dim": op.in_dim, "is_depthwise": op.depthwise}
    dims = [batch_dim, op.out_axis, *rest, op.out_dim]  # in this order, which the function goes by
    out_type = {"sparse_dim": None, **type_of(dims, "float32"), "dims": dims}
    options |= {"eval_locals": locals_, "allow_broadcast_all_sources": True, "out_type": out_type}
    layer: Layer = build.add(op, "eval", options)
    return layer


def _op(build: Any, op: Op) -> Layer | None:
    if isinstance(op, Pool):
        return _pool(build, op) if op.body.loop is not None or may_be_empty(build, op.axis) else None
    if isinstance(op, ConvOp):
        fails = (op.body.loop is not None and op.stride != 1) or may_be_empty(build, op.axis)
        return _convolution(build, op) if fails else None
    return None


QUIRK = Quirk("shorter_axes_in_steps", op=_op)
