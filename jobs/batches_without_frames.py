"""
Makes RETURNN on TensorFlow compute batches in which no sequence of an input has a frame.

RETURNN (1.20261022) fails there: ``rec`` with a unit or with layers, since TensorFlow stacks no steps ("TensorArray has
size zero", ``RecLayer`` in tf/layers/rec.py); ``gather``, as there is nothing that it could read; ``pool``, ``conv``
and ``ctc_loss``, of which the kernels take no frames; and the mean of ``reduce`` is no number. So these layers read
zeros for one frame then, and give as many as there are. A batch in which no input has a frame is refused by an
assertion, or left out at the end of an epoch (``shapes_for_batches`` in datasets/basic.py): so such a batch has one
frame, of an input that is none. What is computed for all other batches is the same.

:mod:`jobs.returnn_program` loads it by its file; it imports nothing of this setup.
"""

from __future__ import annotations

import copy
from typing import Any


def compute_them() -> None:
    """Puts these layers in the place of RETURNN's, in this process, before it makes its network."""
    from returnn.tf.layers import basic

    for layer_class in (_rec(), _gather(), _conv(), _pool(), _reduce(), _ctc_loss()):
        basic.get_layer_class(layer_class.layer_class)  # fills the table
        basic._LayerClassDict[layer_class.layer_class] = layer_class
    _take_batches()


def _take_batches() -> None:
    """Has a batch in which nothing has a frame one frame of no input."""
    from returnn.engine.batch import Batch
    from returnn.util.basic import NumbersDict

    with_sequence = Batch.try_sequence_as_slice

    def with_sequence_or_frame(batch: Any, length: Any) -> list[Any]:
        frames, count = with_sequence(batch, length)
        if frames.max_value() == 0:
            frames = NumbersDict.max([frames, NumbersDict(numbers_dict={"": 1}, broadcast_value=0)])
        return [frames, count]

    Batch.try_sequence_as_slice = with_sequence_or_frame


def _at_least(size: int, x: Any, axis: int) -> Any:
    """The same along an axis; zeros after what it has, if that is less than a size."""
    import tensorflow as tf

    missing = tf.maximum(size - tf.shape(x)[axis], 0)
    padded = tf.pad(x, [[0, missing if number == axis else 0] for number in range(len(x.shape))])
    padded.set_shape(x.shape)
    return padded


def _with_at_least(size: int, data: Any, axis_or_dim: Any) -> Any:
    """A RETURNN tensor with at least so many entries along an axis, if that has no fixed size."""
    axis = data.get_axis_from_description(axis_or_dim)
    if data.placeholder is None or data.dims[axis].dimension is not None:
        return data
    found = data.copy()
    found.placeholder = _at_least(size, data.placeholder, axis)
    return found


def _as_many_as_there_are(data: Any) -> Any:
    """What was computed, without entries that were made of no frames."""
    import tensorflow as tf

    sizes = [dim.get_dim_value() if dim.is_dynamic_seq_length() else -1 for dim in data.dims]
    x = tf.slice(data.placeholder, [0] * len(sizes), sizes)
    x.set_shape(data.placeholder.shape)
    return x


def _rec() -> Any:
    import tensorflow as tf
    from returnn.tf.layers.rec import RecLayer

    class Rec(RecLayer):  # type: ignore[misc]
        """RETURNN's ``rec``."""

        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            steps = getattr(self.cell, "output_layers_net", None)
            for name, layer in steps.layers.items() if steps else ():
                array = self.cell.final_acc_tas_dict["output_" + name]
                layer.output.placeholder = _stacked(layer.output, array)
                if name == "output":
                    self.output.placeholder = layer.output.copy_as_time_major().placeholder
            if self.time_dim_tag and not steps:
                self.output.placeholder = _as_many_as_there_are(self.output)

        def _get_input(self, **kwargs: Any) -> tuple[Any, ...]:
            data, x, lengths, state = super()._get_input(**kwargs)
            return data, _at_least(1, x, 0) if self.time_dim_tag else x, lengths, state

    def _stacked(output: Any, array: Any) -> Any:
        count = tf.reduce_max(output.dims[0].dyn_size_ext.placeholder)
        sizes = [dim.get_dim_value() for dim in output.dims[1:]]
        return tf.cond(count > 0, lambda: array.gather(tf.range(count)), lambda: tf.zeros([0, *sizes], array.dtype))

    return Rec


def _gather() -> Any:
    from returnn.tf.layers.basic import GatherLayer
    from returnn.tf.util.basic import same_control_flow_ctx

    class Gather(GatherLayer):  # type: ignore[misc]
        """RETURNN's ``gather``."""

        def __init__(self, axis: Any, **kwargs: Any):
            self.axis = axis
            super().__init__(axis=axis, **kwargs)

        @property
        def input_data(self) -> Any:
            return self._frames

        @input_data.setter
        def input_data(self, data: Any) -> None:
            self._frames = data
            if data is not None and data.placeholder is not None:
                with same_control_flow_ctx(data.placeholder):
                    self._frames = _with_at_least(1, data, self.axis)

    return Gather


def _conv() -> Any:
    from returnn.tf.layers.basic import ConvLayer

    class Conv(ConvLayer):  # type: ignore[misc]
        """RETURNN's ``conv``."""

        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.output.placeholder = _as_many_as_there_are(self.output)

        @classmethod
        def transform_input(cls, input_data: Any, in_spatial_dims: Any, **kwargs: Any) -> tuple[Any, Any]:
            data, rest = super().transform_input(input_data, in_spatial_dims=in_spatial_dims, **kwargs)
            return _with_at_least(1, data, in_spatial_dims[0]), rest

    return Conv


def _pool() -> Any:
    from returnn.tf.layers.basic import PoolLayer

    class Pool(PoolLayer):  # type: ignore[misc]
        """RETURNN's ``pool``."""

        def __init__(self, pool_size: Any, in_spatial_dims: Any, **kwargs: Any):
            self.window = (pool_size[0], in_spatial_dims[0])
            super().__init__(pool_size=pool_size, in_spatial_dims=in_spatial_dims, **kwargs)
            self.output.placeholder = _as_many_as_there_are(self.output)

        @property
        def input_data(self) -> Any:
            return self._frames

        @input_data.setter
        def input_data(self, data: Any) -> None:
            size, axis = self.window
            self._frames = data if data is None else _with_at_least(size, data, axis)

    return Pool


def _reduce() -> Any:
    import tensorflow as tf
    from returnn.tf.layers.basic import ReduceLayer

    class Reduce(ReduceLayer):  # type: ignore[misc]
        """RETURNN's ``reduce``; the mean of nothing is 0."""

        def __init__(self, mode: str, **kwargs: Any):
            super().__init__(mode=mode, **kwargs)
            if mode == "mean":
                x = self.output.placeholder
                is_none = tf.equal(tf.size(self.input_data.placeholder), 0)
                self.output.placeholder = tf.where(is_none, tf.zeros_like(x), x)

    return Reduce


def _ctc_loss() -> Any:
    from returnn.tf.layers.basic import CtcLossLayer

    class CtcLoss(CtcLossLayer):  # type: ignore[misc]
        """RETURNN's ``ctc_loss``."""

        def __init__(self, logits: Any, **kwargs: Any):
            read = copy.copy(logits)
            read.output = _with_at_least(1, logits.output, logits.output.dims[logits.output.time_dim_axis])
            super().__init__(logits=read, **kwargs)
            self.logits = logits

    return CtcLoss
