"""Which axes the loops inside of a loop need to know, and what makes them in its steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..plain.dim import Dim
from ..record.loops import LoopOp
from ..record.reads import read_by_loop
from .layers import Layer, LayerNetwork, Reference
from .made_axes import made_in


def makers_inside(build: Any, op: LoopOp, unit: LayerNetwork) -> dict[Dim, Reference]:
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
