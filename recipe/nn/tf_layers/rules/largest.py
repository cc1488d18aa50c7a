"""Where the greatest or smallest entries along an axis are, and which ones they are."""

from __future__ import annotations

from collections.abc import Sequence

from ...ops.extreme_position import ExtremePosition
from ...ops.largest import Largest
from ..build import Build
from ..config_function import ConfigFunction
from ..inside import INSIDE, has_padding
from ..layers import Layer
from ..out_type import out_type
from ..rule import rule

POSITION = ConfigFunction(
    '''
    def position_of_extreme(source, self, axis, mode, with_padding, **_kwargs):
        """The first position along an axis of the greatest or smallest entry that is no padding; 0 of none."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        axis = x.dims[x.get_axis_from_description(axis)]
        x = x.copy_transpose([axis, *(dim for dim in self.output.dims if dim in x.dims)])
        values, reduced = x.placeholder, {"argmax": tf.reduce_max, "argmin": tf.reduce_min}[mode]
        if with_padding:
            limits = (values.dtype.min, values.dtype.max) if values.dtype.is_integer else (-float("inf"), float("inf"))
            worst = tf.constant(limits[0 if mode == "argmax" else 1], values.dtype)
            values = tf.where(inside(x, axis), values, worst)
        number = tf.reshape(tf.range(tf.shape(values)[0]), [-1] + [1] * (len(values.shape) - 1))
        nowhere = tf.int32.max
        first = tf.reduce_min(tf.where(tf.equal(values, reduced(values, axis=0)), number, nowhere), axis=0)
        return tf.where(tf.equal(first, nowhere), 0, first)
    ''',
    needs=(INSIDE,),
)


@rule(ExtremePosition)
def extreme_position(op: ExtremePosition, build: Build) -> Layer:
    """``eval``: RETURNN's ``reduce`` takes padding for the greatest entry where all are -inf."""
    x = op.inputs[0]
    options = {"from": build.reference(x), "eval": POSITION, "out_type": {"sparse_dim": None, **out_type(op.output)}}
    options["eval_locals"] = {"axis": op.axis, "mode": op.mode, "with_padding": has_padding(op, x, op.axis)}
    return build.add(op, "eval", options)


LARGEST = ConfigFunction(
    '''
    def largest(source, self, axis, out_axis, positions, with_padding, **_kwargs):
        """
        The greatest entries along an axis, or their positions, the greatest first. Where there are fewer than wanted,
        the rest are the lowest number, at position 0.
        """
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        axis = x.dims[x.get_axis_from_description(axis)]
        rest = [dim for dim in self.output.dims if dim != out_axis and dim in x.dims]
        x = x.copy_transpose([*rest, axis])
        values, count = x.placeholder, out_axis.dimension
        lowest = tf.constant(values.dtype.min if values.dtype.is_integer else -float("inf"), values.dtype)
        length = tf.shape(values)[-1]
        if with_padding:
            is_there = inside(x, axis)
            values = tf.where(is_there, values, lowest)
        missing = [[0, 0]] * len(rest) + [[0, tf.maximum(count - length, 0)]]
        best, places = tf.math.top_k(tf.pad(values, missing, constant_values=lowest), k=count)
        if with_padding:  # the greatest ones are those that are there
            length = tf.reduce_sum(tf.cast(is_there, "int32"), axis=-1, keepdims=True)
        is_one = tf.range(count) < length
        y = tf.where(is_one, places, 0) if positions else tf.where(is_one, best, lowest)
        order = [*rest, out_axis]
        return tf.transpose(y, [order.index(dim) for dim in self.output.dims])
    ''',
    needs=(INSIDE,),
)


@rule(Largest)
def largest(op: Largest, build: Build) -> Sequence[Layer]:
    """
    Two ``eval``.

    Not ``top_k``, of which padding can be the greatest, and which wants as many entries as there are places.
    """
    x = op.inputs[0]
    axes = {"axis": op.axis, "out_axis": op.out_dim, "with_padding": has_padding(op, x, op.axis)}
    layers = []
    for number, name in enumerate(("values", "positions")):
        options = {"from": build.reference(x), "eval": LARGEST, "eval_locals": {**axes, "positions": bool(number)}}
        options["out_type"] = {"sparse_dim": None, **out_type(op.outputs[number])}
        layers.append(build.add(op, "eval", options, name=name))
    return layers
