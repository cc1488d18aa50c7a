"""Sums of probabilities in log space."""

from __future__ import annotations

from typing import Any

from ...ops.log_sum_exp import LogAddExp
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer
from ..rule import rule

LOG_ADD_EXP = ConfigFunction(
    '''
    def log_add_exp(source, **_kwargs):
        """The logarithm of the sum of what two are the logarithms of."""
        import tensorflow as tf

        a, b = source(0), source(1)
        greater, smaller = tf.where(a >= b, a, b), tf.where(a >= b, b, a)
        # of two infinite ones there is no difference, nor a gradient of it
        is_same = tf.logical_and(tf.equal(greater, smaller), tf.math.is_inf(greater))
        zero = tf.zeros_like(greater)
        return greater + tf.math.softplus(tf.where(is_same, zero, smaller) - tf.where(is_same, zero, greater))
    '''
)


@rule(LogAddExp)
def log_add_exp(op: LogAddExp, build: Build) -> Layer:
    """``eval``."""
    options: dict[str, Any] = {"from": [build.reference(x) for x in op.inputs], "eval": LOG_ADD_EXP}
    if op.broadcast:
        options["allow_broadcast_all_sources"] = True
    return build.add(op, "eval", options)
