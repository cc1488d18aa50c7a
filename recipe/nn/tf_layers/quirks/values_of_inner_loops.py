"""
RETURNN (1.20261022, ``_SubnetworkRecCell._construct_template`` in tf/layers/rec.py) gives the results of a loop inside
axes that they do not have, as long as it does not know better. That is so while it goes round in a circle, from a state
to the loop and, by the loop's results, to the new value of the state. What computes of such a result beside another
value fails then: "require broadcasting".

So such ops say the axes of their result.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...ops.elementwise import Elementwise, Where
from ...record.graph import Op
from ...record.loops import LoopOp, PreviousOp
from ...record.reads import leading_to
from ..layer_graph import references
from ..layers import Layer
from ..out_type import out_type_beside
from ..where import where_of_all_axes
from .quirk import Quirk


def _is_in_circle(build: Any, op: Op) -> bool:
    """Whether an op leads from a loop inside, which a state leads to, to the new value of this state."""
    loop = op.body.loop
    if loop is None or len(op.inputs) < 2:
        return False
    circles: set[Op] = build.once(("ops in circles", loop), lambda: _ops_in_circles(loop))
    return op in circles


def _ops_in_circles(loop: LoopOp) -> set[Op]:
    inside = [op for op in loop.body_of_steps.ops if isinstance(op, LoopOp)]
    found: set[Op] = set()
    for state in loop.previous.values():
        final = state.final
        if final is None or not inside or final.op.body is not loop.body_of_steps:
            continue
        leading = leading_to(final.op)
        loops = [inner for inner in inside if inner in leading and any(state in leading_to(op) for op in _read(inner))]
        found |= {op for op in leading if any(inner in leading_to(op) for inner in loops)}
    return {op for op in found if not isinstance(op, (LoopOp, PreviousOp))}


def _read(inner: LoopOp) -> Iterator[Op]:
    """A loop inside, which stands for what its steps read, and what its lengths and those of loops in it are of."""
    yield inner
    lengths = [loop.length_source for loop in _with_inner(inner) if loop.axis_is_known]
    yield from (source.op for source in lengths if source is not None and source.op.body is inner.body)


def _with_inner(loop: LoopOp) -> Iterator[LoopOp]:
    yield loop
    for op in loop.body_of_steps.ops:
        if isinstance(op, LoopOp):
            yield from _with_inner(op)


def _op(build: Any, op: Op) -> Layer | None:
    return where_of_all_axes(build, op) if isinstance(op, Where) and _is_in_circle(build, op) else None


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, Elementwise) or layer.is_part or layer.options["class"] not in ("eval", "combine", "compare"):
        return
    if "out_type" in layer.options or len(references(layer.options["from"])) < 2 or not _is_in_circle(build, op):
        return
    said = out_type_beside(op.output, op.inputs)
    if layer.options["class"] == "compare":
        said["time_dim_axis"] = None  # else the place that it has in the input, whose axes may have another order
    layer.options |= {"allow_broadcast_all_sources": True, "out_type": said}


QUIRK = Quirk("values_of_inner_loops", op=_op, layer=_layer)
