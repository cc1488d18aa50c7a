"""``reduce``."""

from __future__ import annotations

from typing import Any

from ...ops.reduce import Reduce
from ..build import Build
from ..config_function import ConfigFunction
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


@rule(Reduce)
def reduce(op: Reduce, build: Build) -> Layer:
    """
    ``reduce``; over the steps so far of a loop all frames count. Not for ``logsumexp``, of which RETURNN's is a number
    just above -inf where there is nothing, and the gradient none.
    """
    if op.mode == "logsumexp":
        return _log_sum_exp(op, build)
    source: Reference = build.reference(op.inputs[0])
    if op.inputs[0].sparse_dim is not None:
        source = build.add(op, "reinterpret_data", {"from": source, "set_sparse": False}, name="no_labels")
    options: dict[str, Any] = {**op.form().options, "from": source}
    loop = op.body.loop
    if loop is not None and any(axis is loop.known_history_dim for axis in op.axes):
        options["use_time_mask"] = False  # all count
    return build.add(op, "reduce", options)


def _log_sum_exp(op: Reduce, build: Build) -> Layer:
    x = op.inputs[0]
    with_padding = [axis for axis in op.axes if has_padding(op, x, axis)]
    options: dict[str, Any] = {"from": build.reference(x), "eval": LOG_SUM_EXP}
    options["eval_locals"] = {"axes": list(op.axes), "with_padding": with_padding}
    return build.add(op, "eval", {**options, "out_type": out_type(op.output)})
