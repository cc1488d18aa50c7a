"""Which entries of a value are no padding, for functions of TensorFlow that go along axes."""

from __future__ import annotations

from ..plain.dim import Dim, batch_dim
from ..record.graph import Op, Tensor
from .config_function import ConfigFunction

INSIDE = ConfigFunction(
    '''
    def inside(x, axis):
        """Which entries along an axis are before the ends of sequences, with as many axes as the value has."""
        import tensorflow as tf

        axis = x.get_axis_from_description(axis)
        length = x.dims[axis].dyn_size_ext.copy_compatible_to_dims_raw(x.dims)
        shape = [-1 if number == axis else 1 for number in range(x.batch_ndim)]
        return tf.reshape(tf.range(tf.shape(x.placeholder)[axis]), shape) < length
    '''
)


def has_padding(op: Op, x: Tensor, axis: Dim) -> bool:
    """Whether a value that an op goes over has padding along an axis; there is none in the steps so far of a loop."""
    loop = op.body.loop
    return axis.is_dynamic and batch_dim in x.dims and (loop is None or axis is not loop.known_history_dim)
