"""
RETURNN (1.20261022, ``_SubnetworkRecCell.get_output`` in tf/layers/rec.py) fails where it is to keep the last value of
a layer that has no batch dim, in a loop of which the ``end`` has a value per sequence: "has batch-dim, but target data
has not".

So the last value is that of a copy per sequence; all are the same, and one of them is what leaves the loop.
"""

from __future__ import annotations

from ...ops.constants import constant
from ...ops.expand import Expand
from ...passes.rewriting import Rewriting
from ...passes.without_batch import without_batch
from ...plain.dim import batch_dim
from ...program.program import Program
from ...record.graph import Body, Tensor
from ...record.loops import FinalState, LastOp, LoopOp, PreviousOp, ResultOp
from ...record.state_leaf import StateLeaf
from ..loop_ends import axes_beside_batch, ends_per_sequence
from .quirk import Quirk


class _LastsPerSequence(Rewriting):
    def __init__(self, program: Program):
        super().__init__(program)
        self.axes = axes_beside_batch(program)
        self.per_sequence: dict[ResultOp, Tensor | PreviousOp] = {}
        """What is carried for the last values without batch dim: a value of the steps, or a state."""

    def end_loop(self, op: LoopOp, new: LoopOp) -> None:
        """With values per sequence."""
        if ends_per_sequence(op, self.axes):
            for result in op.results:
                if isinstance(result, LastOp) and batch_dim not in result.inner.dims:
                    with self.recording.replacing(result):
                        self.per_sequence[result] = self._per_sequence(result, new)
        super().end_loop(op, new)

    def _per_sequence(self, result: LastOp, new: LoopOp) -> Tensor | PreviousOp:
        with self.recording.at(new.body):
            sequences = constant(0, [batch_dim])
            initial: Tensor | None = None
            if isinstance(result, FinalState):
                assert result.previous.initial is not None
                initial = Expand(self.read(result.previous.initial), sequences, batch_dim).output
        with self.recording.at(new.body_of_steps):
            inner = Expand(self.read(result.inner), sequences, batch_dim).output
            if initial is None:
                return inner
            assert isinstance(result, FinalState)
            state = PreviousOp(new, StateLeaf(f"{result.previous.leaf.name}_per_sequence", None), initial)
        state.final = inner
        new.previous[state.leaf] = state
        return state

    def copy_result(self, op: ResultOp, body: Body) -> None:
        """One of the sequences' values."""
        carried = self.per_sequence.get(op)
        if carried is None:
            super().copy_result(op, body)
            return
        loop = self.loops[op.result_of]
        last = FinalState(loop, carried) if isinstance(carried, PreviousOp) else LastOp(loop, carried)
        self.stands_for(op, [without_batch(loop.add_result(last).output)])


QUIRK = Quirk("lasts_per_sequence", program=_LastsPerSequence)
