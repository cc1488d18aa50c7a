"""``reduce``."""

from __future__ import annotations

from typing import Any

from ...ops.reduce import Reduce
from ..build import Build
from ..config_function import ConfigFunction
from ..empty_axes import may_be_empty, reads_what_is_not_there
from ..inside import INSIDE, has_padding
from ..layers import Layer, Reference
from ..out_type import out_type
from ..rule import rule

LOG_SUM_EXP = ConfigFunction(
    '''
    def log_sum_exp(source, self, axes, with_padding, **_kwargs):
        """``log(sum(exp(x)))`` along axes, without overflow and without padding; of nothing, -inf."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        axes = [x.dims[x.get_axis_from_description(axis)] for axis in axes]
        with_padding = [x.dims[x.get_axis_from_description(axis)] for axis in with_padding]
        x = x.copy_transpose([*axes, *(dim for dim in self.output.dims if dim in x.dims)])
        values, nothing = x.placeholder, tf.constant(-float("inf"), x.placeholder.dtype)
        for axis in with_padding:
            values = tf.where(inside(x, axis), values, nothing)
        first = list(range(len(axes)))
        greatest = tf.stop_gradient(tf.reduce_max(values, axis=first))
        shift = tf.where(tf.math.is_finite(greatest), greatest, tf.zeros_like(greatest))
        total = tf.reduce_sum(tf.exp(values - shift), axis=first)
        is_none = tf.equal(total, 0)
        return tf.where(is_none, nothing, tf.math.log(tf.where(is_none, tf.ones_like(total), total)) + shift)
    ''',
    needs=(INSIDE,),
)


EXTREME = ConfigFunction(
    '''
    def extreme(source, self, mode, axes, with_padding, **_kwargs):
        """The greatest or smallest entries along axes, without padding; of nothing, -inf or inf."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        axes = [x.dims[x.get_axis_from_description(axis)] for axis in axes]
        with_padding = [x.dims[x.get_axis_from_description(axis)] for axis in with_padding]
        x = x.copy_transpose([*axes, *(dim for dim in self.output.dims if dim in x.dims)])
        values = x.placeholder
        nothing = tf.constant({"max": -float("inf"), "min": float("inf")}[mode], values.dtype)
        for axis in with_padding:
            values = tf.where(inside(x, axis), values, nothing)
        return {"max": tf.reduce_max, "min": tf.reduce_min}[mode](values, axis=list(range(len(axes))))
    ''',
    needs=(INSIDE,),
)


MEAN = ConfigFunction(
    '''
    def mean_of_entries(source, self, axes, with_padding, **_kwargs):
        """The mean along axes, without padding; of nothing, 0."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        axes = [x.dims[x.get_axis_from_description(axis)] for axis in axes]
        with_padding = [x.dims[x.get_axis_from_description(axis)] for axis in with_padding]
        x = x.copy_transpose([*axes, *(dim for dim in self.output.dims if dim in x.dims)])
        values, counts = x.placeholder, tf.ones_like(x.placeholder)
        for axis in with_padding:
            values = tf.where(inside(x, axis), values, tf.zeros_like(values))
            counts = tf.where(inside(x, axis), counts, tf.zeros_like(counts))
        first = list(range(len(axes)))
        return tf.reduce_sum(values, axis=first) / tf.maximum(tf.reduce_sum(counts, axis=first), 1)
    ''',
    needs=(INSIDE,),
)


@rule(Reduce)
def reduce(op: Reduce, build: Build) -> Layer:
    """
    ``reduce``; over the steps so far of a loop all frames count. ``eval`` for ``logsumexp``, and for extremes and means
    of what may have no entry.

    RETURNN (1.20261022, ``ReduceLayer`` in tf/layers/basic.py) takes the lowest finite number for padding, and so for
    the maximum, or ``logsumexp``, of a sequence without entries; the greatest one for the minimum; the mean of
    none is 0 beside other sequences, but no number without. So it is a function of TensorFlow that gives -inf, inf or
    0.
    Test: ops/test_reduce.py::test_of_nothing
    """
    if op.mode == "logsumexp":
        return _without_padding(op, build, LOG_SUM_EXP)
    if op.mode in ("max", "min") and op.output.dtype.startswith("float") and _is_extreme_of_nothing(op, build):
        return _without_padding(op, build, EXTREME, mode=op.mode)
    if op.mode == "mean" and _may_be_of_nothing(op, build):
        return _without_padding(op, build, MEAN)
    source: Reference = build.reference(op.inputs[0])
    if op.inputs[0].sparse_dim is not None:
        source = build.add(op, "reinterpret_data", {"from": source, "set_sparse": False}, name="no_labels")
    options: dict[str, Any] = {**op.form().options, "from": source}
    loop = op.body.loop
    if loop is not None and any(axis is loop.known_history_dim for axis in op.axes):
        options["use_time_mask"] = False  # all count
    return build.add(op, "reduce", options)


def _may_be_of_nothing(op: Reduce, build: Build) -> bool:
    """Whether it goes over an axis along which sequences may have no entry at all."""
    axes = [axis for axis in op.axes if has_padding(op, op.inputs[0], axis)]
    return any(may_be_empty(build, axis) or any(dim.is_beam for dim in axis.length_dims) for axis in axes)


def _is_extreme_of_nothing(op: Reduce, build: Build) -> bool:
    """The same, where inputs may have sequences without entries, too."""
    axes = [axis for axis in op.axes if has_padding(op, op.inputs[0], axis)]
    beside_others = any(reads_what_is_not_there(build, axis, op.output.dims) for axis in axes)
    return beside_others or _may_be_of_nothing(op, build)


def _without_padding(op: Reduce, build: Build, function: ConfigFunction, **more: Any) -> Layer:
    """``eval`` of a function that knows by itself what is padding."""
    x = op.inputs[0]
    with_padding = [axis for axis in op.axes if has_padding(op, x, axis)]
    options: dict[str, Any] = {"from": build.reference(x), "eval": function}
    options["eval_locals"] = {"axes": list(op.axes), "with_padding": with_padding, **more}
    return build.add(op, "eval", {**options, "out_type": out_type(op.output)})
