"""
RETURNN (1.20261022, ``RecLayer`` in tf/layers/rec.py) fails where no sequence of a batch has a frame. That is so for
``rec`` with a unit or with layers, since TensorFlow stacks no steps ("TensorArray has size zero"); for ``gather``, as
there is nothing that it could read; for ``pool``, ``conv`` and ``ctc_loss``, of which the kernels take no frames; and
the mean of ``reduce`` is no number.

So the config has classes that take the place of these layers when RETURNN starts: they read zeros for one frame then,
and give as many as there are. The network is the same, and so is what they compute for all other batches.
"""

from __future__ import annotations

from typing import Any

from ...ops.convolution import ConvOp
from ...ops.ctc import CtcLoss
from ...ops.indexing import Gather
from ...ops.lstm import LstmSequence
from ...ops.pooling import Pool
from ...ops.reduce import Reduce
from ...plain.dim import Dim
from ...record.graph import Op
from ...record.loops import LoopOp
from ..config_function import ConfigFunction
from ..empty_axes import may_be_empty_in_input
from ..layers import Layer, LayerNetwork
from .quirk import Quirk

AT_LEAST = ConfigFunction(
    '''
    def at_least(size, x, axis):
        """The same along an axis; zeros after what it has, if that is less than a size."""
        import tensorflow as tf

        missing = tf.maximum(size - tf.shape(x)[axis], 0)
        padded = tf.pad(x, [[0, missing if number == axis else 0] for number in range(len(x.shape))])
        padded.set_shape(x.shape)
        return padded
    '''
)
AS_MANY_AS_THERE_ARE = ConfigFunction(
    '''
    def as_many_as_there_are(data):
        """What was computed, without entries that were made of no frames."""
        import tensorflow as tf

        sizes = [dim.get_dim_value() if dim.is_dynamic_seq_length() else -1 for dim in data.dims]
        x = tf.slice(data.placeholder, [0] * len(sizes), sizes)
        x.set_shape(data.placeholder.shape)
        return x
    '''
)
REC = ConfigFunction(
    '''
    def rec_of_nothing():
        """RETURNN's ``rec``, also where no sequence of the batch has a frame."""
        import tensorflow as tf
        from returnn.tf.layers.rec import RecLayer

        class RecOfNothing(RecLayer):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                steps = getattr(self.cell, "output_layers_net", None)
                for name, layer in steps.layers.items() if steps else ():
                    array = self.cell.final_acc_tas_dict["output_" + name]
                    layer.output.placeholder = self.stacked(layer.output, array)
                    if name == "output":
                        self.output.placeholder = layer.output.copy_as_time_major().placeholder
                if self.time_dim_tag and not steps:
                    self.output.placeholder = as_many_as_there_are(self.output)

            def _get_input(self, **kwargs):
                data, x, lengths, state = super()._get_input(**kwargs)
                return data, at_least(1, x, 0) if self.time_dim_tag else x, lengths, state

            def stacked(self, output, array):
                count = tf.reduce_max(output.dims[0].dyn_size_ext.placeholder)
                sizes = [dim.get_dim_value() for dim in output.dims[1:]]
                steps, nothing = (lambda: array.gather(tf.range(count))), (lambda: tf.zeros([0, *sizes], array.dtype))
                return tf.cond(count > 0, steps, nothing)

        return RecOfNothing
    ''',
    needs=(AT_LEAST, AS_MANY_AS_THERE_ARE),
)
GATHER = ConfigFunction(
    '''
    def gather_of_nothing():
        """RETURNN's ``gather``, also where no sequence of the batch has a frame."""
        from returnn.tf.layers.basic import GatherLayer
        from returnn.tf.util.basic import same_control_flow_ctx

        class GatherOfNothing(GatherLayer):
            def __init__(self, axis, **kwargs):
                self.axis = axis
                super().__init__(axis=axis, **kwargs)

            @property
            def input_data(self):
                return self.frames

            @input_data.setter
            def input_data(self, data):
                self.frames = data
                if data is not None and data.placeholder is not None:
                    self.frames = data.copy()
                    with same_control_flow_ctx(data.placeholder):
                        axis = data.get_axis_from_description(self.axis)
                        self.frames.placeholder = at_least(1, data.placeholder, axis)

        return GatherOfNothing
    ''',
    needs=(AT_LEAST,),
)
CONV = ConfigFunction(
    '''
    def conv_of_nothing():
        """RETURNN's ``conv``, also where no sequence of the batch has a frame."""
        from returnn.tf.layers.basic import ConvLayer

        class ConvOfNothing(ConvLayer):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.output.placeholder = as_many_as_there_are(self.output)

            @classmethod
            def transform_input(cls, input_data, in_spatial_dims, **kwargs):
                data, rest = super().transform_input(input_data, in_spatial_dims=in_spatial_dims, **kwargs)
                if data.placeholder is not None:
                    data = data.copy()
                    axis = data.get_axis_from_description(in_spatial_dims[0])
                    data.placeholder = at_least(1, data.placeholder, axis)
                return data, rest

        return ConvOfNothing
    ''',
    needs=(AT_LEAST, AS_MANY_AS_THERE_ARE),
)
POOL = ConfigFunction(
    '''
    def pool_of_nothing():
        """RETURNN's ``pool``, also where no sequence of the batch has a frame."""
        from returnn.tf.layers.basic import PoolLayer

        class PoolOfNothing(PoolLayer):
            def __init__(self, pool_size, in_spatial_dims, **kwargs):
                self.window = (in_spatial_dims[0], pool_size[0])
                super().__init__(pool_size=pool_size, in_spatial_dims=in_spatial_dims, **kwargs)
                self.output.placeholder = as_many_as_there_are(self.output)

            @property
            def input_data(self):
                return self.frames

            @input_data.setter
            def input_data(self, data):
                self.frames = data
                if data is not None:
                    self.frames = data.copy()
                    axis = data.get_axis_from_description(self.window[0])
                    self.frames.placeholder = at_least(self.window[1], data.placeholder, axis)

        return PoolOfNothing
    ''',
    needs=(AT_LEAST, AS_MANY_AS_THERE_ARE),
)
REDUCE = ConfigFunction(
    '''
    def reduce_of_nothing():
        """RETURNN's ``reduce``; the mean is 0 where no sequence of the batch has a frame."""
        import tensorflow as tf
        from returnn.tf.layers.basic import ReduceLayer

        class ReduceOfNothing(ReduceLayer):
            def __init__(self, mode, **kwargs):
                super().__init__(mode=mode, **kwargs)
                if mode == "mean":
                    x = self.output.placeholder
                    is_none = tf.equal(tf.size(self.input_data.placeholder), 0)
                    self.output.placeholder = tf.where(is_none, tf.zeros_like(x), x)

        return ReduceOfNothing
    '''
)
CTC = ConfigFunction(
    '''
    def ctc_loss_of_nothing():
        """RETURNN's ``ctc_loss``, also where no sequence of the batch has a frame."""
        import copy

        from returnn.tf.layers.basic import CtcLossLayer

        class CtcLossOfNothing(CtcLossLayer):
            def __init__(self, logits, **kwargs):
                read = copy.copy(logits)
                read.output = logits.output.copy()
                read.output.placeholder = at_least(1, logits.output.placeholder, logits.output.time_dim_axis)
                super().__init__(logits=read, **kwargs)
                self.logits = logits

        return CtcLossOfNothing
    ''',
    needs=(AT_LEAST,),
)

_CLASSES = {"rec": REC, "gather": GATHER, "conv": CONV, "pool": POOL, "reduce": REDUCE, "ctc_loss": CTC}


def _layer(build: Any, op: Op, layer: Layer) -> None:
    kind = layer.options["class"]
    if kind in _CLASSES and any(axis.is_dynamic and may_be_empty_in_input(build, axis) for axis in _axes(op)):
        build.root.replaced[kind] = _CLASSES[kind]


def _axes(op: Op) -> tuple[Dim, ...]:
    """The axes along which an op needs something to be there, on RETURNN."""
    if isinstance(op, (LstmSequence, Gather, ConvOp, Pool)):
        return (op.axis,)
    if isinstance(op, CtcLoss):
        return (op.inputs[0].spatial_dim,)
    return tuple(op.axes) if isinstance(op, Reduce) and op.mode == "mean" else ()


def _loop(build: Any, loop: LoopOp, _: LayerNetwork) -> None:
    if loop.axis_is_known and may_be_empty_in_input(build, loop.input_axis):
        build.root.replaced["rec"] = REC


QUIRK = Quirk("batches_without_frames", layer=_layer, loop=_loop)
