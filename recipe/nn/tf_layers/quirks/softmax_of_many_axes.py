"""
RETURNN (1.20261022, ``SoftmaxOverSpatialLayer`` in tf/layers/basic.py) gives a tensor to TensorFlow's
softmax as it is. On the CPU that takes five axes and fails for more ("AbortedError").

So a softmax of more axes is that of rows.
"""

from __future__ import annotations

from typing import Any

from ...ops.softmax import Softmax
from ...record.graph import Op
from ..config_function import ConfigFunction
from ..layers import Layer
from ..out_type import out_type
from .quirk import Quirk

MOST_AXES = 5
SOFTMAX_OF_ROWS = ConfigFunction(
    '''
    def softmax_of_rows(source, self, axis, log, energy_factor, **_kwargs):
        """The softmax along an axis, of a tensor with any number of axes; what stands after ends counts for nothing."""
        import tensorflow as tf

        data = source(0, as_data=True, auto_convert=False).copy_transpose(self.output.dims)
        number = self.output.get_axis_from_description(axis)
        x = data.placeholder * energy_factor
        if self.output.dims[number].dimension is None:
            x = tf.where(data.get_sequence_mask_broadcast(axis=number), x, -1e30)
        order = [other for other in range(len(self.output.dims)) if other != number] + [number]
        x = tf.transpose(x, order)
        shape = tf.shape(x)
        function = tf.nn.log_softmax if log else tf.nn.softmax
        rows = function(tf.reshape(x, [tf.reduce_prod(shape[:-1]), shape[-1]]))
        return tf.transpose(tf.reshape(rows, shape), [order.index(other) for other in range(len(order))])
    '''
)


def _op(build: Any, op: Op) -> Layer | None:
    if not isinstance(op, Softmax) or len(op.output.dims) <= MOST_AXES:
        return None
    options: dict[str, Any] = {"from": build.reference(op.inputs[0]), "eval": SOFTMAX_OF_ROWS}
    options["eval_locals"] = {"axis": op.axis, "log": op.log, "energy_factor": op.energy_factor}
    layer: Layer = build.add(op, "eval", {**options, "out_type": out_type(op.output)})
    return layer


QUIRK = Quirk("softmax_of_many_axes", op=_op)
