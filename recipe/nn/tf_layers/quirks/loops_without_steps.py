"""
RETURNN (1.20261022, ``tensor_array_stack`` in tf/util/basic.py) fails to stack the steps of a loop where there are
none: "TensorArray has size zero, but element shape is not fully defined".

So what may be without steps for a whole batch is stacked by a function that gives an empty tensor then.
"""

from __future__ import annotations

from typing import Any

from ...record.graph import Op
from ...record.loops import StackOp
from ..config_function import ConfigFunction
from ..empty_axes import may_make_no_step
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


QUIRK = Quirk("loops_without_steps", op=_op)
