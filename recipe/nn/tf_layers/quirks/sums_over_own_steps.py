"""
RETURNN (1.20261022, ``CumsumLayer`` in tf/layers/basic.py) takes a ``cumsum`` along the axis of the loop that it is in
for one over the loop's steps, even where its input has this axis itself, as all frames have in a loop over them.

So there it is TensorFlow's function.
"""

from __future__ import annotations

from typing import Any

from ...ops.cumulative import CumSum
from ...record.graph import Op
from ..config_function import ConfigFunction
from ..layers import Layer
from .quirk import Quirk

CUM_SUM = ConfigFunction(
    '''
    def cum_sum(source, self, axis, **_kwargs):
        """The sum of all entries up to each one."""
        import tensorflow as tf

        return tf.cumsum(source(0), axis=self.output.get_axis_from_description(axis))
    '''
)


def _op(build: Any, op: Op) -> Layer | None:
    loop = op.body.loop
    if not isinstance(op, CumSum) or loop is None or op.axis is not loop.get_axis():
        return None
    options = {"from": build.reference(op.inputs[0]), "eval": CUM_SUM, "eval_locals": {"axis": op.axis}}
    layer: Layer = build.add(op, "eval", options)
    return layer


QUIRK = Quirk("sums_over_own_steps", op=_op)
