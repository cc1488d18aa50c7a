"""A program that passes have made of another one, and what became of the other one's values."""

from __future__ import annotations

from typing import NamedTuple

from ..program.program import Program
from ..record.graph import Tensor
from .rewriting import Rewriting


class Rewritten(NamedTuple):
    """
    What passes made of a program.

    :ivar program: the new program
    :ivar values: the new tensors by those of the first program, as far as they are still computed; a value of a step
        may be one of all steps at once
    """

    program: Program
    values: dict[Tensor, Tensor]

    @classmethod
    def start(cls, program: Program) -> Rewritten:
        """A program to which nothing was done yet."""
        return cls(program, {tensor: tensor for op in program.all_ops() for tensor in op.outputs})

    def then(self, rewriting: Rewriting) -> Rewritten:
        """
        What a further pass makes of it.

        :param rewriting: of :attr:`program`, not run yet
        """
        program = rewriting.run()
        became = rewriting.values()
        return Rewritten(program, {first: became[last] for first, last in self.values.items() if last in became})
