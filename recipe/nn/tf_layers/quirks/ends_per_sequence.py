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
from ...record.loops import LoopOp
from ..loop_ends import axes_beside_batch, is_with_batch
from .quirk import Quirk


class _EndsPerSequence(Rewriting):
    def __init__(self, program: Program):
        super().__init__(program)
        self.axes = axes_beside_batch(program)

    def end_loop(self, op: LoopOp, new: LoopOp) -> None:
        """With an end per sequence."""
        super().end_loop(op, new)
        if new.end is None or new.end.dims or not any(is_with_batch(result, self.axes) for result in op.results):
            return
        with self.recording.at(new.body_of_steps), self.recording.replacing(op):
            never = constant(False, [batch_dim])
            new.end = Combine("logical_or", new.end, never, broadcast=True).output


QUIRK = Quirk("ends_per_sequence", program=_EndsPerSequence)
