"""
RETURNN (1.20261022, ``tensor_array_stack`` in tf/util/basic.py) fails to stack the steps of a loop where there are
none: "TensorArray has size zero, but element shape is not fully defined". TensorFlow does the same for the gradient of
no frames.

So what may be without steps for a whole batch is stacked by a function that gives an empty tensor then; and what has
such an axis is read with one more frame after its end, which no step reads.
"""

from __future__ import annotations

from typing import Any

from ...record.graph import Op
from ...record.loops import StackOp, UnstackOp
from ..config_function import ConfigFunction
from ..empty_axes import may_be_empty, may_make_no_step
from ..layers import Layer, NameOf, SubLayer
from ..out_type import out_type
from .quirk import Quirk

STEPS_OR_NONE = ConfigFunction(
    '''
    def steps_or_none(source, self, name, **_kwargs):
        """All steps of a layer in a loop, of which there may be none."""
        import tensorflow as tf

        rec = source(0, as_layer=True)
        steps = (rec if name == "output" else rec.get_sub_layer(name)).output
        array = rec.cell.final_acc_tas_dict["output_" + name]
        count = tf.reduce_max(steps.dims[0].dyn_size_ext.placeholder)
        sizes = [dim.get_dim_value() for dim in steps.dims[1:]]

        def stacked():
            return array.gather(tf.range(count))

        def nothing():
            return tf.zeros([0, *sizes], array.dtype)

        steps = steps.copy_template()
        steps.placeholder = tf.cond(count > 0, stacked, nothing)
        return steps.copy_transpose(self.output.dims).placeholder
    '''
)
FRAME_IF_ANY = ConfigFunction(
    '''
    def frame_if_any(source, self, axis, **_kwargs):
        """The frame of a sequence at this step, where the sequence may have none."""
        import tensorflow as tf
        from returnn.tf.util.basic import same_control_flow_ctx

        x, step = source(0, as_data=True, auto_convert=False), source(1, auto_convert=False)
        with same_control_flow_ctx(x.placeholder):
            time_axis = x.dims[x.get_axis_from_description(axis)]
            frames = x.copy_transpose([time_axis, *self.output.dims]).placeholder
            size = tf.shape(frames)[0]
            frames = tf.pad(frames, [[0, 1]] + [[0, 0]] * (len(frames.shape) - 1))
            array = tf.TensorArray(frames.dtype, size + 1, clear_after_read=False, element_shape=frames.shape[1:])
            array = array.unstack(frames)
        return array.read(tf.maximum(tf.minimum(step, size - 1), 0))
    '''
)


def _op(build: Any, op: Op) -> Layer | None:
    if not isinstance(op, StackOp) or not may_make_no_step(build, op.result_of):
        return None
    loop = op.result_of
    rec, steps = build.rec_layers[loop], build.results[op]
    if steps is rec:
        name: Any = "output"
    elif isinstance(steps, SubLayer) and isinstance(steps.part, Layer):
        name = NameOf(steps.part)
    else:
        name = steps.options.get("eval_locals", {}).get("name")
    if name is None:
        return None  # it has an axis of fixed size
    what = name.of if isinstance(name, NameOf) else build.unit_of(loop).layer(name)
    layer: Layer = build.once(("steps or none", rec, what), lambda: _stacked(build, op, rec, name))
    return layer


def _stacked(build: Any, op: Op, rec: Layer, name: Any) -> Layer:
    """All steps of a layer. One layer for all that read them: TensorFlow lets the steps be read once only."""
    options = {"from": rec, "eval": STEPS_OR_NONE, "eval_locals": {"name": name}}
    options["out_type"] = {"sparse_dim": None, **out_type(op.output)}  # the loop's own output may be labels
    layer: Layer = build.add(op, "eval", options)
    return layer


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if isinstance(op, UnstackOp) and layer.options["class"] == "eval" and may_be_empty(build, op.loop.input_axis):
        layer.options["eval"] = FRAME_IF_ANY


QUIRK = Quirk("loops_without_steps", op=_op, layer=_layer)
