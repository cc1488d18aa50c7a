"""What the steps of a loop read of it; :mod:`recipe.nn.torch_code.loops` writes the loop itself."""

from __future__ import annotations

from ...record.loops import LoopIndex, UnstackOp
from ..code import Code
from ..rule import rule


@rule(UnstackOp)
def unstack(op: UnstackOp, code: Code) -> str:
    """The frame of the step."""
    return f"{code.frames[op.inputs[0], op.loop]}[{code.steps[op.loop]}]"


@rule(LoopIndex)
def index(op: LoopIndex, code: Code) -> str:
    """The number of the step."""
    code.define_scalar(op.output, code.steps[op.loop])
    return ""
