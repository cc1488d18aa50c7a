"""Loops that run over what a search found, which has values of each hypothesis without any axis that says so."""

from __future__ import annotations

from collections.abc import Collection

from ...ops.choice import Choice
from ...program.program import Program
from ...record.graph import Body, Op
from ...record.loops import LoopOp, ResultOp
from .step_graph import tensors_read


def loops_after_searches(program: Program) -> set[LoopOp]:
    """
    The loops that read what was chosen in another one, and those inside of them.

    How often their steps compute a value, for each sequence or for each hypothesis, is only known while they run. As
    soon as choices are ops with an axis over the hypotheses, there are none.
    """
    loops: set[LoopOp] = set()
    if program.beam_sizes:
        _add_loops(program.root_body, program.needed, set(), loops)
    return loops


def _add_loops(body: Body, needed: Collection[Op], found: set[Op], loops: set[LoopOp]) -> None:
    """
    :param found: the ops whose results have values of hypotheses
    """
    for op in body.ops:
        if op not in needed:
            continue
        if isinstance(op, LoopOp):
            if any(tensor.op in found for tensor in tensors_read(op)):
                loops.update(_with_loops_inside(op))
                found.add(op)
            elif _searches(op, needed):
                found.add(op)
            else:
                _add_loops(op.body_of_steps, needed, found, loops)
        elif isinstance(op, ResultOp):
            if op.result_of in found:
                found.add(op)
        elif any(tensor.op in found for tensor in op.inputs):
            found.add(op)


def _with_loops_inside(loop: LoopOp) -> list[LoopOp]:
    inside = [op for op in loop.body_of_steps.ops if isinstance(op, LoopOp)]
    return [loop, *(inner for op in inside for inner in _with_loops_inside(op))]


def _searches(loop: LoopOp, needed: Collection[Op]) -> bool:
    """Whether labels are chosen in it, or in a loop inside."""
    return any(
        isinstance(op, Choice) or (isinstance(op, LoopOp) and _searches(op, needed))
        for op in loop.body_of_steps.ops
        if op in needed
    )
