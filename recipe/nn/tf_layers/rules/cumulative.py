"""Sums and maxima along an axis."""

from __future__ import annotations

from ...ops.cumulative import CumMax
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer
from ..rule import rule

CUM_MAX = ConfigFunction(
    '''
    def cum_max(source, self, axis, **_kwargs):
        """The greatest of all entries up to each one."""
        import tensorflow as tf

        axis = self.output.get_axis_from_description(axis)
        order = [axis] + [number for number in range(self.output.batch_ndim) if number != axis]
        x = tf.transpose(source(0), order)
        longer = tf.pad(x, [[0, 1]] + [[0, 0]] * (len(order) - 1))  # as there is no scan of no entries
        greatest = tf.scan(tf.maximum, longer)[:-1]
        return tf.transpose(greatest, [order.index(number) for number in range(len(order))])
    '''
)


@rule(CumMax)
def cum_max(op: CumMax, build: Build) -> Layer:
    """``eval``."""
    options = {"from": build.reference(op.inputs[0]), "eval": CUM_MAX, "eval_locals": {"axis": op.axis}}
    return build.add(op, "eval", options)
