"""
RETURNN (1.20261022, ``_SubnetworkRecCell._construct_template`` in tf/layers/rec.py) finds the shapes in a loop by
following what its layer ``output`` reads. If that leads to a loop inside before it leads to a layer that makes an axis,
and a layer of the loop inside says that it has that axis, it fails: "dynamic dim undefined".

So ``output`` reads first what makes such axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...plain.dim import Dim
from ...record.loops import LoopOp
from ..layers import Layer, LayerNetwork
from ..made_axes import made_in
from ..output_order import read_first
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    dims = dict.fromkeys(dim for layer in unit.layers for dim in _dims_said_inside(layer) if dim.is_dynamic)
    makers = [maker for dim in dims if (maker := made_in(build, op.body_of_steps, dim)) is not None]
    if makers:
        read_first(build, op, unit, makers)


def _dims_said_inside(layer: Layer) -> Iterator[Dim]:
    """The dims that layers in a layer's unit say that they have."""
    inner = layer.options.get("unit")
    if isinstance(inner, LayerNetwork):
        for one in inner.all_layers():
            yield from one.options.get("out_type", {}).get("dims", ())


QUIRK = Quirk("axes_before_inner_loops", loop=_loop)
