"""
RETURNN (1.20261022, ``Loss.init`` in tf/layers/base.py) wants a loss with lengths to have a time axis. But what is
computed of a value without frames and of frames without sequences (a value per sequence times the number of each
frame), or without features, has the time axis of the first of them, none: "Loss flattening not implemented".

So such a loss is told its time axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.array import ReplaceDim
from ...ops.elementwise import Elementwise
from ...ops.inputs import ExternDataOp
from ...plain.dim import Dim, batch_dim
from ...record.graph import Op, Tensor
from ..layers import Reference
from .quirk import Quirk


def _results(build: Any, op: Op, results: Sequence[Reference]) -> Sequence[Reference]:
    losses: frozenset[Tensor] = build.once(
        "tensors of losses", lambda: frozenset(loss.tensor for loss in build.program.losses)
    )
    return [_with_time(build, op, x, result) if x in losses else result for x, result in zip(op.outputs, results)]


def _with_time(build: Any, op: Op, x: Tensor, result: Reference) -> Reference:
    axes = [dim for dim in x.dims if dim.is_dynamic]
    if not axes or _has_time(x, axes[0]):  # it is summed along further ones
        return result
    made: Reference = build.add(op, "reinterpret_data", {"from": result, "set_axes": {"T": axes[0]}}, name="frames")
    return made


def _has_time(x: Tensor, axis: Dim) -> bool:
    """Whether RETURNN has this axis as the time axis of a value per sequence."""
    todo, seen = [(x, axis)], {(x, axis)}
    while todo:
        x, axis = todo.pop()
        op = x.op
        if isinstance(op, ReplaceDim) and axis is op.out_dim:
            axis = op.axis
        if isinstance(op, ExternDataOp) and axis is not next(dim for dim in x.dims if dim.is_dynamic):
            return False
        frames = [source for source in op.inputs if axis in source.dims]
        of_sequences = [source for source in frames if batch_dim in source.dims]
        if isinstance(op, Elementwise) and frames and not of_sequences:
            return False
        if isinstance(op, Elementwise) and frames:
            first = max(op.inputs, key=lambda source: len(source.dims))
            if axis not in first.dims:
                return False  # the first of those with most axes says which one is the time
        made_of = [(source, axis) for source in of_sequences]
        todo += [source for source in made_of if source not in seen]
        seen.update(made_of)
    return True


QUIRK = Quirk("time_of_losses", results=_results)
