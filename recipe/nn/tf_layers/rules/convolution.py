"""Convolutions over two axes, and such that make sequences longer: functions of TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.convolution_2d import Conv2dOp
from ...ops.transposed_convolution import TransposedConvOp
from ...plain.dim import Dim
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer, Reference
from ..made_axes import derived_axis
from ..out_type import type_of
from ..rule import rule

FRAMES_WITHOUT_PADDING = ConfigFunction(
    '''
    def frames_without_padding(x, order, axes):
        """A value [others, *axes, features], the last axes of ``order``: 0 in all padding along them; its shape."""
        import tensorflow as tf

        x = x.copy_transpose(order)
        value = x.placeholder
        for axis in axes:
            number = x.get_axis_from_description(axis)
            dim, others = x.dims[number], [*x.dims[:number], *x.dims[number + 1 :]]
            if dim.dimension is None:
                lengths = tf.expand_dims(dim.dyn_size_ext.copy_compatible_to_dims_raw(others), number)
                position = tf.range(tf.shape(value)[number])
                position = tf.reshape(position, [-1] + [1] * (len(others) - number))
                value = tf.where(position < lengths, value, tf.zeros_like(value))
        shape = tf.shape(value)
        last = shape[len(order) - len(axes) - 1 :]
        return tf.reshape(value, tf.concat([[tf.reduce_prod(shape[: len(order) - len(axes) - 1])], last], 0)), shape
    '''
)
CONVOLVED_2D = ConfigFunction(
    '''
    def convolved_2d(source, self, order, axes, strides, **_kwargs):
        """A convolution over two axes, with zeros around each sequence."""
        import tensorflow as tf

        for number in range(3, len(self.sources)):
            source(number, as_layer=True)
        filters, bias = source(1, auto_convert=False), source(2, auto_convert=False)
        x, shape = frames_without_padding(source(0, as_data=True, auto_convert=False), order, axes)
        padding, steps = [[0, 0]], []
        for number, stride in enumerate(strides):
            size, length = int(filters.shape[number]), tf.shape(x)[number + 1]
            steps.append(-(-length // stride))
            left = (size - stride) // 2
            reach = tf.maximum((steps[-1] - 1) * stride + size, size)  # of at least one step, as it takes no none
            padding.append([left, tf.maximum(reach - left - length, 0)])
        x = tf.pad(x, [*padding, [0, 0]])
        x.set_shape([None, None, None, filters.shape[2]])
        y = tf.nn.conv2d(x, filters, strides=strides, padding="VALID")[:, : steps[0], : steps[1]] + bias
        return tf.reshape(y, tf.concat([shape[:-3], steps, [filters.shape[3]]], 0))
    ''',
    needs=(FRAMES_WITHOUT_PADDING,),
)
CONVOLVED_TRANSPOSED = ConfigFunction(
    '''
    def convolved_transposed(source, self, order, axis, stride, **_kwargs):
        """A transposed convolution of each sequence, without what is before and after it."""
        import tensorflow as tf

        for number in range(3, len(self.sources)):
            source(number, as_layer=True)
        filters, bias = source(1, auto_convert=False), source(2, auto_convert=False)
        x, shape = frames_without_padding(source(0, as_data=True, auto_convert=False), order, [axis])
        size, out_dim, length = int(filters.shape[0]), int(filters.shape[2]), tf.shape(x)[1]
        x = tf.pad(x, [[0, 0], [0, 1], [0, 0]])  # a frame of zeros, as it takes no none
        x.set_shape([None, None, filters.shape[1]])
        wanted = tf.stack([tf.shape(x)[0], length * stride + size, out_dim])
        filters = tf.transpose(filters, [0, 2, 1])
        y = tf.nn.conv1d_transpose(x, filters, wanted, strides=stride, padding="VALID")
        left = (size - stride) // 2
        y = y[:, left : left + length * stride] + bias
        return tf.reshape(y, tf.concat([shape[:-2], [length * stride, out_dim]], 0))
    ''',
    needs=(FRAMES_WITHOUT_PADDING,),
)


@rule(Conv2dOp)
def conv_2d(op: Conv2dOp, build: Build) -> Layer:
    """
    ``eval``.

    RETURNN (1.20261022, ``ConvLayer`` in tf/layers/basic.py) masks only the axis that it takes for the time, and pads
    by the longest sequence. So ``conv`` over two axes is a function of TensorFlow.
    Test: modules/test_convolution_2d.py::test_conv_2d
    """
    made = [
        derived_axis(build, op, axis, out_axis, f"-(-source(0) // {stride})")
        for axis, out_axis, stride in zip(op.axes, op.out_axes, op.strides)
        if axis.is_dynamic and out_axis is not axis
    ]
    order = [*op.rest_dims, *op.axes, op.in_dim]
    locals_ = {"order": order, "axes": list(op.axes), "strides": list(op.strides)}
    return _eval(op, build, CONVOLVED_2D, made, locals_, [*op.rest_dims, *op.out_axes, op.out_dim])


@rule(TransposedConvOp)
def transposed_conv(op: TransposedConvOp, build: Build) -> Layer:
    """
    ``eval``.

    RETURNN (1.20261022, ``TransposedConvLayer`` in tf/layers/basic.py) reads what stands after shorter sequences. So
    ``transposed_conv`` is a function of TensorFlow.
    Test: modules/test_transposed_convolution.py::test_transposed_conv
    """
    made = []
    if op.out_axis is not op.axis:
        made = [derived_axis(build, op, op.axis, op.out_axis, f"source(0) * {op.stride}")]
    locals_ = {"order": [*op.rest_dims, op.axis, op.in_dim], "axis": op.axis, "stride": op.stride}
    return _eval(op, build, CONVOLVED_TRANSPOSED, made, locals_, [*op.rest_dims, op.out_axis, op.out_dim])


def _eval(
    op: Conv2dOp | TransposedConvOp,
    build: Build,
    function: ConfigFunction,
    made: Sequence[Reference],
    locals_: dict[str, Any],
    dims: list[Dim],
) -> Layer:
    """
    :param made: what has axes of the result that the input has not
    :param dims: of the result, in the order in which the function gives them
    """
    x, filters, bias = op.inputs
    options: dict[str, Any] = {
        "from": [build.reference(x), build.parameter(filters), build.parameter(bias), *made],
        "eval": function,
        "eval_locals": locals_,
        "allow_broadcast_all_sources": True,
        "out_type": {"sparse_dim": None, **type_of(dims, "float32"), "dims": dims},
    }
    return build.add(op, "eval", options)
