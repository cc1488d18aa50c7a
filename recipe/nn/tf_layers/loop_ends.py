"""Whether RETURNN counts the steps of a loop for each sequence, or once for all."""

from __future__ import annotations

from ..plain.dim import Dim, batch_dim
from ..program.program import Program
from ..record.loops import LoopOp, ResultOp, StackOp


def ends_per_sequence(op: LoopOp, axes: set[Dim]) -> bool:
    """
    Whether the layer ``end`` of a loop that ends itself has a value per sequence.

    It has if the condition or the input has one, and over an axis of fixed size if something that leaves the loop has,
    or is used along with the batch afterwards.

    :param axes: those of :func:`axes_beside_batch`
    """
    if op.end is not None and batch_dim in op.end.dims:
        return True
    if not op.counts_steps:
        return False
    return op.input_axis.is_dynamic or any(is_with_batch(result, axes) for result in op.results)


def axes_beside_batch(program: Program) -> set[Dim]:
    """The axes of all values with a batch."""
    tensors = (tensor for op in program.ops_in_order() for tensor in op.outputs if batch_dim in tensor.dims)
    return {dim for tensor in tensors for dim in tensor.dims}


def is_with_batch(result: ResultOp, axes: set[Dim]) -> bool:
    """
    Whether a result of a loop has a batch, or its steps become those of sequences afterwards.

    :param axes: those of :func:`axes_beside_batch`
    """
    if batch_dim in result.inner.dims:
        return True
    return isinstance(result, StackOp) and result.result_of.get_axis() in axes
