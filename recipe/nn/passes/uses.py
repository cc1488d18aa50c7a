"""How often each tensor of a program is used."""

from __future__ import annotations

from collections import Counter

from ..program.program import Program
from ..record.graph import Tensor
from ..record.loops import LoopOp, PreviousOp, ResultOp


def uses(program: Program) -> Counter[Tensor]:
    """How often each tensor is read: by ops, as a state's value, a result of a loop, its end, a loss or an output."""
    count: Counter[Tensor] = Counter(loss.tensor for loss in program.losses)
    count.update(tensor for _, tensor in program.outputs)
    for op in program.needed:
        count.update(op.inputs)
        if isinstance(op, PreviousOp):
            count.update(tensor for tensor in (op.initial, op.final) if tensor is not None)
        elif isinstance(op, ResultOp):
            count[op.inner] += 1
        elif isinstance(op, LoopOp):
            count.update(tensor for tensor in (op.end, op.length_source) if tensor is not None)
    return count
