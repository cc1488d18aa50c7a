"""Whether RETURNN counts the steps of a loop for each sequence, or once for all."""

from __future__ import annotations

from ..plain.dim import batch_dim
from ..record.loops import LoopOp


def ends_per_sequence(op: LoopOp) -> bool:
    """
    Whether the layer ``end`` of a loop that ends itself has a value per sequence.

    It has if the condition or the input has one, and over an axis of fixed size if something that leaves the loop has.
    """
    if op.end is not None and batch_dim in op.end.dims:
        return True
    return op.counts_steps and (op.input_axis.is_dynamic or any(batch_dim in x.inner.dims for x in op.results))
