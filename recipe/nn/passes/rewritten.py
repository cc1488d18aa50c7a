"""A program that passes have made of another one, and what became of the other one's values."""

from __future__ import annotations

from typing import NamedTuple

from ..plain.dim import Dim
from ..program.program import Program
from ..record.graph import Tensor
from ..record.loops import LoopOp
from .rewriting import Rewriting


class Rewritten(NamedTuple):
    """
    What passes made of a program.

    :ivar program: the new program
    :ivar values: the new tensors by those of the first program, as far as they are still computed; a value of a step
        may be one of all steps at once
    :ivar loops: the new loops by those of the first program, as far as there are still steps
    :ivar step_dims: the axes over all steps at once, by the loops of the first program
    """

    program: Program
    values: dict[Tensor, Tensor]
    loops: dict[LoopOp, LoopOp]
    step_dims: dict[LoopOp, tuple[Dim, ...]]

    @classmethod
    def start(cls, program: Program) -> Rewritten:
        """A program to which nothing was done yet."""
        values = {tensor: tensor for op in program.all_ops() for tensor in op.outputs}
        return cls(program, values, {loop: loop for loop in program.loops}, {})

    def then(self, rewriting: Rewriting) -> Rewritten:
        """
        What a further pass makes of it.

        :param rewriting: of :attr:`program`, not run yet
        """
        program = rewriting.run()
        became, step_dims = rewriting.values(), rewriting.step_dims()
        return Rewritten(
            program,
            {first: became[last] for first, last in self.values.items() if last in became},
            {first: rewriting.loops[last] for first, last in self.loops.items() if last in rewriting.loops},
            self.step_dims | {first: step_dims[last] for first, last in self.loops.items() if last in step_dims},
        )
