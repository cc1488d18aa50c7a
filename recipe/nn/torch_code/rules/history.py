"""The frames so far, in the steps of a loop."""

from __future__ import annotations

from ...ops.history import CumConcat, SelectedHistory
from ..code import Code
from ..rule import rule


@rule(CumConcat)
def cum_concat(op: CumConcat, code: Code) -> str:
    """``torch.cat`` of the history of the step before and the frame."""
    loop = op.body.loop
    assert loop is not None
    step, dims, history = code.steps[loop], op.output.dims, loop.history_dim
    code.set_lengths(history, f"torch.full((batch,), {step} + 1, dtype=torch.int32, device=device)", f"{step} + 1")
    name, axis = code.histories[op], dims.index(history)
    before = name
    if isinstance(op, SelectedHistory):
        index = code.aligned(op.inputs[1], dims, full=True)
        before = (
            f"{name} if {name} is None else {code.function('along_hypotheses')}({name}, {index}, {dims.index(op.beam)})"
        )
    frame = code.expanded(op.inputs[0], [dim for dim in dims if dim is not history])
    code.lines.add(f"{name} = {code.function('extended')}({before}, {frame}, {axis})")
    code.define(op.output, name)
    return ""


@rule(SelectedHistory)
def selected_history(op: SelectedHistory, code: Code) -> str:
    """The same of the hypothesis that each one continues."""
    return cum_concat(op, code)
