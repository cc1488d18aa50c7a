"""
RETURNN (1.20261022, ``_TensorMixin`` in tensor/_tensor_extra.py) takes the last axis of fixed size for the features, as
its layers happen to order them. If a value has several, this may be another one than ours.

So there ``linear`` and ``layer_norm`` say which axis they are for, and a softmax over features is one over an axis that
is named. And what ``gather`` leaves of such a value, which may have no features for RETURNN, is told them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.indexing import Gather
from ...ops.last_frame import LastFrame
from ...ops.layer_norm import LayerNormOp
from ...ops.linear import LinearOp
from ...ops.softmax import Softmax
from ...record.graph import Op
from ..axis_order import has_several_fixed_axes
from ..layers import Layer, Reference
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, (LinearOp, LayerNormOp, Softmax)) or not has_several_fixed_axes(op.inputs[0]):
        return
    if isinstance(op, LayerNormOp):
        layer.options["in_dim"] = op.axis
    elif layer.options["class"] == "linear" and isinstance(op, LinearOp) and op.inputs[0].sparse_dim is None:
        layer.options["in_dim"] = op.in_dim
    elif layer.options["class"] == "activation" and isinstance(op, Softmax):
        layer.options = {"class": "softmax_over_spatial", "from": layer.options["from"], "axis": op.axis}
        if op.log:
            layer.options["log_space"] = True


def _results(build: Any, op: Op, results: Sequence[Reference]) -> Sequence[Reference]:
    if not isinstance(op, (Gather, LastFrame)) or not op.axis.is_static or not has_several_fixed_axes(op.inputs[0]):
        return results
    features = [dim for dim in op.output.dims if dim.is_static and not dim.is_beam]
    if not features:
        return results
    options = {"from": results[0], "set_axes": {"F": features[-1]}}
    return [build.add(op, "reinterpret_data", options, name="features")]


QUIRK = Quirk("several_fixed_axes", layer=_layer, results=_results)
