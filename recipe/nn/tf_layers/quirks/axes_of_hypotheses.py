"""
RETURNN (1.20261022, ``_TensorMixin`` in tensor/_tensor_extra.py) takes an axis of fixed size for the features, so also
one over the hypotheses of a search, and finds the axes of a state only after the layers that read it.

So layers of such values say all their axes, a ``linear`` which axis it is for, and a state is read by a layer that says
its axes.
"""

from __future__ import annotations

from typing import Any

from ...ops.linear import LinearOp
from ...plain.dim import Dim
from ...record.graph import Op, Tensor
from ..layers import Layer, LayerNetwork, PreviousLayer, Reference
from ..out_type import out_type
from ..states_with_axes import state_with_axes
from .quirk import Quirk


def _has_beams(dims: tuple[Dim, ...]) -> bool:
    return any(dim.is_beam for dim in dims)


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if len(op.outputs) != 1 or not _has_beams(op.output.dims):
        return
    if isinstance(op, LinearOp) and layer.options["class"] == "linear" and op.inputs[0].sparse_dim is None:
        layer.options["in_dim"] = op.in_dim
    if layer.is_part and "out_type" not in layer.options:
        return  # the type is that of the op's result, and not of each of its layers
    if layer.options["class"] in ("eval", "combine", "compare"):
        said = {"sparse_dim": None, **layer.options.get("out_type", out_type(op.output))}
        if layer.options["class"] == "compare" and any(dim.is_dynamic for dim in op.output.dims):
            said["time_dim_axis"] = None  # else the place that it has in the input, whose axes have another order
        layer.options["out_type"] = said


def _read(build: Any, tensor: Tensor, reference: Reference, here: LayerNetwork) -> Reference:
    if not isinstance(reference, PreviousLayer) or not _has_beams(tensor.dims):
        return reference
    return state_with_axes(build, tensor, reference)


QUIRK = Quirk("axes_of_hypotheses", read=_read, layer=_layer)
