"""
RETURNN (1.20261022, ``DotLayer`` in tf/layers/basic.py) makes a transposed copy of frames that are time-major, and in
training one of their gradient: of frames that each step of a loop reads, in each step.

So on a CPU frames from outside of a loop are made batch-major once, before the loop.
"""

from __future__ import annotations

from typing import Any

from ...ops.dot import Dot
from ...plain.dim import batch_dim
from ...record.graph import Op, Tensor
from ..axis_order import factors, is_time_major
from ..layers import InputReference, Layer, Reference
from .quirk import Quirk


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, Dot) or layer.options["class"] != "dot" or op.body.loop is None or build.device != "cpu":
        return
    sources = zip(factors(op), layer.options["from"])
    layer.options["from"] = [_batch_major(build, x, source) for x, source in sources]


def _batch_major(build: Any, x: Tensor, source: Reference) -> Reference:
    if x.op.body is not build.program.root_body or batch_dim not in x.dims or isinstance(source, InputReference):
        return source
    if not is_time_major(x):
        return source
    options = {"from": source, "enforce_batch_major": True}
    made: Reference = build.once(
        ("batch_major", source), lambda: build.add_at_root(x.op, "reinterpret_data", options, name="batch_major")
    )
    return made


QUIRK = Quirk("batch_major_frames", layer=_layer)
