"""
RETURNN (1.20261022, ``_SubnetworkRecCell.get_output`` in tf/layers/rec.py) counts the steps of a loop once for all
sequences if its ``end`` is one bool for all, and then fails where layers want the lengths of sequences.

So such an end becomes one per sequence, where something that leaves the loop has a batch, or is used along with the
batch afterwards.
"""

from __future__ import annotations

from ...ops.constants import constant
from ...ops.elementwise import Combine
from ...passes.rewriting import Rewriting
from ...plain.dim import batch_dim
from ...program.program import Program
from ...record.loops import LoopOp, ResultOp, StackOp
from .quirk import Quirk


class _EndsPerSequence(Rewriting):
    def __init__(self, program: Program):
        super().__init__(program)
        tensors = (tensor for op in program.ops_in_order() for tensor in op.outputs if batch_dim in tensor.dims)
        self.axes_beside_batch = {dim for tensor in tensors for dim in tensor.dims}

    def end_loop(self, op: LoopOp, new: LoopOp) -> None:
        """With an end per sequence."""
        super().end_loop(op, new)
        if new.end is None or new.end.dims or not any(self._is_with_batch(result) for result in op.results):
            return
        with self.recording.at(new.body_of_steps), self.recording.replacing(op):
            never = constant(False, [batch_dim])
            new.end = Combine("logical_or", new.end, never, broadcast=True).output

    def _is_with_batch(self, result: ResultOp) -> bool:
        """Whether a result of a loop has a batch, or its steps become those of sequences afterwards."""
        if batch_dim in result.inner.dims:
            return True
        return isinstance(result, StackOp) and result.result_of.get_axis() in self.axes_beside_batch


QUIRK = Quirk("ends_per_sequence", program=_EndsPerSequence)
