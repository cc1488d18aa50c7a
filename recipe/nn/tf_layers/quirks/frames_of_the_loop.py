"""
RETURNN (1.20261022, ``RecLayer.transform_config_dict`` in tf/layers/rec.py) takes an LSTM along the axis of the loop
that it is in for one over the loop's steps, even where its input has this axis itself, as all frames have in a loop
over them: the numbers are wrong, or it fails. So it does with a ``cumsum`` (``CumsumLayer`` in tf/layers/basic.py).

So there an LSTM goes over another axis of the same length, and sums are TensorFlow's function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.cumulative import CumSum
from ...ops.lstm import LstmSequence
from ...plain.dim import Dim
from ...record.graph import Op
from ..config_function import ConfigFunction
from ..layers import Layer, Reference
from .quirk import Quirk

CUM_SUM = ConfigFunction(
    '''
    def cum_sum(source, self, axis, **_kwargs):
        """The sum of all entries up to each one."""
        import tensorflow as tf

        return tf.cumsum(source(0), axis=self.output.get_axis_from_description(axis))
    '''
)


def _is_over_own_axis(op: CumSum | LstmSequence) -> bool:
    return op.body.loop is not None and op.axis is op.body.loop.get_axis()


def _frames_dim(build: Any, axis: Dim) -> Dim:
    """The other axis."""
    dim: Dim = build.once(("frames of the loop", axis), lambda: axis.with_name(f"{axis.name}_frames"))
    return dim


def _op(build: Any, op: Op) -> Layer | None:
    if not isinstance(op, CumSum) or not _is_over_own_axis(op):
        return None
    options = {"from": build.reference(op.inputs[0]), "eval": CUM_SUM, "eval_locals": {"axis": op.axis}}
    layer: Layer = build.add(op, "eval", options)
    return layer


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, LstmSequence) or layer.options["class"] != "rec" or layer.options["axis"] is not op.axis:
        return
    if _is_over_own_axis(op):
        dim = _frames_dim(build, op.axis)
        options = {"from": layer.options["from"], "set_dim_tags": {op.axis: dim}}
        layer.options |= {"from": build.add(op, "reinterpret_data", options, name="frames"), "axis": dim}


def _results(build: Any, op: Op, results: Sequence[Reference]) -> Sequence[Reference]:
    if not isinstance(op, LstmSequence) or not _is_over_own_axis(op):
        return results
    steps, *last = results
    layer = steps.layer()
    dim = _frames_dim(build, op.axis)
    if layer is None or layer.options.get("axis") is not dim or op.outputs[0] not in build.program.needed_tensors:
        return results
    return [build.add(op, "reinterpret_data", {"from": steps, "set_dim_tags": {dim: op.axis}}, name="steps"), *last]


QUIRK = Quirk("frames_of_the_loop", op=_op, layer=_layer, results=_results)
