"""
RETURNN (1.20261022, ``_SubnetworkRecCell._construct_template`` in tf/layers/rec.py) finds the shapes in a loop by
following what its layer ``output`` reads. If that leads to a loop inside before it leads to a layer that makes an axis,
and the loop inside needs to know that axis, because one of its layers says that it has it or reads what has it, it
fails: "dynamic dim undefined".

So ``output`` reads first what makes such axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...plain.dim import Dim
from ...record.loops import LoopOp
from ...record.reads import read_by_loop
from ..config_function import ConfigFunction
from ..layers import Layer, LayerNetwork, Reference
from ..made_axes import made_in
from .quirk import Quirk

AFTER = ConfigFunction(
    '''
    def after(source, self, makers, **_kwargs):
        """The last source, after layers that make axes."""
        for number in range(makers):
            source(number, as_layer=True)
        return source(makers, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
    '''
)


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    makers = list(makers_of_axes(build, op, unit).values())
    if not makers:
        return
    value = unit.layer("output")
    value.name = unit.unique_name("value")
    value.has_own_name = False
    options = {"class": "eval", "from": [*makers, value], "eval": AFTER, "eval_locals": {"makers": len(makers)}}
    options |= {"allow_broadcast_all_sources": True, "out_type": build.output_types[op]}
    Layer(unit, "output", options).has_own_name = True


def makers_of_axes(build: Any, op: LoopOp, unit: LayerNetwork) -> dict[Dim, Reference]:
    """What makes axes in the steps of a loop that loops inside need to know."""
    dims = [dim for layer in unit.layers for dim in dims_inside(build, layer)]
    makers = {dim: made_in(build, op.body_of_steps, dim) for dim in dict.fromkeys(dims) if dim.is_dynamic}
    return {dim: maker for dim, maker in makers.items() if maker is not None}


def dims_inside(build: Any, layer: Layer) -> Iterator[Dim]:
    """The dims that layers in a layer's unit say that they have, and those of what they read from outside."""
    inner = layer.options.get("unit")
    if not isinstance(inner, LayerNetwork):
        return
    for one in inner.all_layers():
        yield from one.options.get("out_type", {}).get("dims", ())
    loop = next(loop for loop, rec in build.rec_layers.items() if rec is layer)
    read = read_by_loop(loop)
    yield from (dim for op in loop.body.ops for tensor in op.outputs if tensor in read for dim in tensor.dims)


QUIRK = Quirk("axes_before_inner_loops", loop=_loop)
