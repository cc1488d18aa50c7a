"""What of a loop stays in it, and what is computed before or after it, for all steps at once."""

from __future__ import annotations

from typing import NamedTuple

from ...ops.cumulative import CumLogSumExp, CumSum
from ...ops.dot import Dot
from ...ops.dropout import Dropout
from ...ops.elementwise import Cast, Combine
from ...ops.history import CumConcat, SelectedHistory
from ...ops.indexing import Gather
from ...ops.lengths import Length, RangeInAxis
from ...ops.lstm import LstmCellOp
from ...ops.positional_encoding import PositionalEncoding
from ...ops.reduce import Reduce
from ...ops.softmax import Softmax
from ...ops.transpose import Transpose
from ...plain.dim import Dim, batch_dim
from ...record.graph import Op
from ...record.loops import FinalState, LoopOp, PreviousOp, ResultOp, UnstackOp
from .cells import sequence_cells
from .step_graph import StepGraph, in_order, reach, turned

_OVER_HISTORIES = (CumConcat, Softmax, Dot, Reduce, Gather, CumSum, CumLogSumExp, RangeInAxis, Length)
"""The ops of which all steps can be computed at once, if they go over the frames that came so far."""

_WITH_ALL_STEPS = (PreviousOp, UnstackOp, LstmCellOp, CumConcat, Dropout, PositionalEncoding)
"""The ops of which all steps are made of all steps of what they read, also where that is the same in each."""


class Division(NamedTuple):
    """
    The ops of a loop's body by where they are computed.

    :ivar fixed: they depend on no step: once, before the loop
    :ivar early: they depend on nothing that needs the steps one after the other: for all steps before the loop
    :ivar core: they stay in the loop
    :ivar late: nothing in the loop depends on them: for all steps after the loop
    :ivar cells: the LSTM cells outside of the core, with their states
    """

    fixed: list[Op]
    early: list[Op]
    core: list[Op]
    late: list[Op]
    cells: dict[Op, tuple[PreviousOp, PreviousOp]]


def divide(graph: StepGraph) -> Division:
    """
    Divides the body of a loop.

    The core are the seeds, which need the steps one after the other, and all that is on a path from one to another, or
    to the end condition. Seeds are states that depend on themselves, choices, histories of hypotheses, loops inside
    and their results, ops that cannot take the steps as one more axis, and reductions over the batch.
    """
    return _Dividing(graph).run()


class _Dividing:
    def __init__(self, graph: StepGraph):
        self.graph, self.loop = graph, graph.loop
        self.history = graph.loop.known_history_dim
        self.ends = [] if self.loop.end is None or self.loop.end.op not in graph.reads else [self.loop.end.op]
        self.cells = sequence_cells(graph)
        states = {cell: set(states) for cell, states in self.cells.items()}
        self.reads = {
            op: [other for other in reads if other not in states[op]] if op in states else reads
            for op, reads in graph.reads.items()
        }
        """Where a cell that can be a whole LSTM does not read its own states."""
        self.readers = turned(self.reads)
        self.seeds = [op for op in graph.ops if op in graph.varying and self._is_seed(op)]

    def run(self) -> Division:
        """The ops of the body by where they are computed."""
        core = self._core()
        late = self._late(core)
        cells = {cell: states for cell, states in self.cells.items() if cell not in core}
        unread = {state for cell in cells for state in cells[cell] if self.graph.users(state.output) == [cell]}
        fixed, early, in_core, after = list[Op](), list[Op](), list[Op](), list[Op]()
        for op in self.graph.ops:
            if op not in self.graph.varying:
                fixed.append(op)
            elif op in core:
                in_core.append(op)
            elif op not in unread:
                (after if op in late else early).append(op)
        return Division(fixed, in_order(early, self.reads), in_core, in_order(after, self.reads), cells)

    def _late(self, core: set[Op]) -> set[Op]:
        """What is computed after the loop: what depends on the core, and what nothing in the loop needs."""
        late = reach(core, self.readers) - core
        if not self.graph.has_known_steps:
            leading = reach([*core, *self.ends], self.reads)
            late |= {op for op in self.graph.varying if op not in leading}
        return late

    # seeds

    def _is_seed(self, op: Op) -> bool:
        if isinstance(op, PreviousOp):
            return op in reach(self.reads[op], self.reads)
        if op in self.cells:
            return False
        return (
            isinstance(op, (LoopOp, ResultOp, SelectedHistory))
            or not op.takes_more_axes
            or (batch_dim in op.held_dims and not isinstance(op, Transpose))
            or self._needs_each_history(op)
            or self._drops_frames_anew(op)
            or (not self.loop.runs_to_the_end and _may_fail(op))
        )

    def _needs_each_history(self, op: Op) -> bool:
        """Whether it goes over the frames that came so far in a way that a mask over all frames cannot express."""
        if self.history is None or self.history not in op.held_dims:
            return False
        return not isinstance(op, _OVER_HISTORIES) or (isinstance(op, Softmax) and op.energy_factor <= 0)

    def _drops_frames_anew(self, op: Op) -> bool:
        """Whether it is dropout of the same sequence in each step, of which all steps at once would be large."""
        if not isinstance(op, Dropout) or op.inputs[0].op in self.graph.varying:
            return False
        return any(dim.is_dynamic for dim in op.output.dims)

    # the core

    def _core(self) -> set[Op]:
        seeds = list(self.seeds)
        while True:
            core = reach(seeds, self.readers) & reach([*seeds, *self.ends], self.reads) & self.graph.varying
            if not self.loop.axis_is_known:  # nothing can be computed for all steps before it is known how many
                core = reach([*core, *self.ends], self.reads) & self.graph.varying
            more = [op for op in self._more(core) if op not in core]
            if not more:
                return core
            seeds += more

    def _more(self, core: set[Op]) -> list[Op]:
        """What has to be in the core, as other ops are."""
        more: list[Op] = []
        for cell, states in self.cells.items():
            if cell in core:
                more += states
        late = self._late(core)
        more += [
            result.previous
            for result in self.graph.results
            if isinstance(result, FinalState) and self._is_carried(result, core)
        ]
        if self.graph.is_search:
            more += [op for op in self.graph.ops if op in late and self._has_no_hypotheses(op)]
        made = self._dims_made_in(core)
        for reader, tensors in self.graph.tensors.items():
            for tensor in tensors:
                read = tensor.op
                if self.history is not None and self.history in tensor.dims:
                    if (reader in core) != (read in core) or self._change_axes(read, reader, late):
                        more += [reader, read]
                elif read in core and any(dim in made for dim in tensor.dims):
                    more.append(reader)
        return more

    def _is_carried(self, result: FinalState, core: set[Op]) -> bool:
        """
        Whether the loop carries a state that has a last value: that is computed in it anyway, or stands before it, and
        nothing else reads the state.
        """
        if result.inner.op in core:
            return True
        is_there = not self.graph.has_known_steps and result.inner.op not in reach(core, self.readers)
        return is_there and not self.graph.users(result.previous.output)

    def _change_axes(self, read: Op, reader: Op, late: set[Op]) -> bool:
        """Whether one op is before the loop and the other after it, where all steps are along another axis."""
        return not self.graph.has_known_steps and reader in late and read not in late

    def _has_no_hypotheses(self, op: Op) -> bool:
        """Whether it has values for sequences, but of what it reads in a step none is of each hypothesis."""
        if isinstance(op, _WITH_ALL_STEPS) or not any(batch_dim in x.dims for x in op.outputs):
            return False
        if isinstance(op, Length):
            return True  # of the frames so far it is made of the number of the step
        return not any(batch_dim in x.dims for x in self.graph.tensors[op] if x.op in self.graph.varying)

    def _dims_made_in(self, core: set[Op]) -> set[Dim]:
        """The dims that ops in the core make, whose lengths may differ between steps."""
        made: set[Dim] = set()
        for op in core:
            if isinstance(op, PreviousOp):
                continue
            read = {dim for tensor in op.inputs for dim in tensor.dims}
            made.update(dim for tensor in op.outputs for dim in tensor.dims if dim.is_dynamic and dim not in read)
        made.discard(self.history)  # type: ignore[arg-type]
        return made - self._dims_before(core) if made else made

    def _dims_before(self, core: set[Op]) -> set[Dim]:
        """The dims of values that are there before the loop."""
        depending = reach(core, self.readers)
        before = [op for op in self.graph.ops if op not in depending]
        loop: LoopOp | None = self.loop
        while loop is not None:
            before += loop.body.ops[: loop.body.ops.index(loop)]
            loop = loop.body.loop
        return {dim for op in before for tensor in op.outputs for dim in tensor.dims}


def _may_fail(op: Op) -> bool:
    """
    Whether TensorFlow may refuse to compute it for a frame after the end of a loop, which no step computes.

    Numbers that become labels may be none there, and whole numbers may be divided by zero.
    """
    if isinstance(op, Cast):
        return op.sparse_dim is not None
    if isinstance(op, Combine):
        divides = op.kind in ("floordiv", "mod") and op.output.dtype.startswith("int")
        return divides or op.output.sparse_dim is not None
    return False
