"""
Loop fission: what needs no step of a loop is computed before the loop or after it, on whole sequences.

As an optimising compiler splits a loop into one that vectorizes and one that does not (Allen and Kennedy, Optimizing
Compilers for Modern Architectures, 2001). An engine then computes in a loop only what needs the steps one after the
other, and need not find out by itself what else there is.
"""

from __future__ import annotations

from ...ops.array import ReplaceDim
from ...plain.dim import Dim
from ...program.program import Program
from ...record.graph import Body, Tensor
from ...record.loops import LoopOp, PreviousOp, ResultOp, StackOp
from ..rewriting import Rewriting
from ..rewritten import Rewritten
from .loop_fission import LoopFission
from .searches import loops_after_searches


def fission(program: Program) -> Program:
    """
    A program that computes the same with as little as possible in its loops.

    Loops inside of others come first, so that what leaves them may leave those around as well.
    """
    return split(Rewritten.start(program)).program


def split(rewritten: Rewritten) -> Rewritten:
    """The same, with what became of each value."""
    depths = {_depth(loop) for loop in rewritten.program.loops}
    for depth in range(max(depths, default=-1), -1, -1):
        rewritten = rewritten.then(Fission(rewritten.program, depth))
    return rewritten


def _depth(loop: LoopOp) -> int:
    """How many loops are around it."""
    return 0 if loop.body.loop is None else 1 + _depth(loop.body.loop)


class Fission(Rewriting):
    """
    Fission of all loops of one depth.

    :param program: the old program
    :param depth: how many loops are around those
    """

    def __init__(self, program: Program, depth: int):
        super().__init__(program)
        self.depth = depth
        self.fissions: dict[LoopOp, LoopFission] = {}
        self._kept = loops_after_searches(program)

    def values(self) -> dict[Tensor, Tensor]:
        """Those of steps are values of all steps, where these are computed at once."""
        values = dict(self.new)
        for split_loop in self.fissions.values():
            values.update(split_loop.whole_values())
        return values

    def step_dims(self) -> dict[LoopOp, tuple[Dim, ...]]:
        """Those of the loops that are split."""
        return {loop: split_loop.step_dims() for loop, split_loop in self.fissions.items()}

    def read(self, tensor: Tensor) -> Tensor:
        """Of a value of a step that is not computed in its loop any more, what is there of all steps."""
        if tensor not in self.new:
            loop = tensor.op.body.loop
            assert loop is not None, tensor
            self.new[tensor] = self.fissions[loop].in_step(tensor)
        return self.new[tensor]

    def copy_loop(self, op: LoopOp, body: Body) -> None:
        """A loop of this depth is split, if that can be."""
        if _depth(op) != self.depth or op in self._kept:
            super().copy_loop(op, body)
            return
        self.fissions[op] = LoopFission(self, op, body)
        self.fissions[op].run()

    def copy_state(self, op: PreviousOp, body: Body) -> None:
        """One that no step changes is what it begins with: that is read before there is a new loop."""
        if op.loop in self.loops:
            super().copy_state(op, body)
            return
        assert op.is_constant and op.initial is not None
        self.stands_for(op, [self.read(op.initial)])

    def copy_result(self, op: ResultOp, body: Body) -> None:
        """Of such a loop it may be no result of the new one."""
        split = self.fissions.get(op.result_of)
        if split is not None and not split.leaves_new_loop(op):
            self.stands_for(op, [split.whole_result(op)])
            return
        super().copy_result(op, body)
        axis, new_axis = op.result_of.get_axis(), self.loops[op.result_of].get_axis()
        if isinstance(op, StackOp) and new_axis is not axis:
            self.stands_for(op, ReplaceDim(self.new[op.output], new_axis, axis).outputs)
