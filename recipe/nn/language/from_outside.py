"""What is unstacked in the body of a loop: it may be written there, as long as no step changes it."""

from __future__ import annotations

from ..plain.errors import NetworkError, user_source_line
from ..record.graph import Op, Tensor
from ..record.loops import LoopIndex, LoopOp, PreviousOp, UnstackOp


def from_outside(loop: LoopOp, x: Tensor) -> Tensor:
    """
    A value that is written in the body of a loop, as a value from outside of it; itself if it is one of the steps.

    A state that the loop does not assign is what it was before the loop. That it does not is known when the loop ends:
    :func:`check_unstacked_states`.
    """
    ops = _made_in(loop, x)
    if not any(_is_of_step(op) for op in ops):
        source = user_source_line()
        before = {op.output: _before(loop, op.output) for op in ops if isinstance(op, PreviousOp)}
        for op in ops:
            if isinstance(op, PreviousOp):
                loop.unstacked_states.setdefault(op, source)
                continue
            op.inputs = tuple([before.get(tensor, tensor) for tensor in op.inputs])
            if op.body is not loop.body_of_steps:  # it stands in a branch, or in a loop inside
                op.body.ops.remove(op)
                op.move_to(loop.body_of_steps)
        x = before.get(x, x)
    loop.move_out()
    return x


def check_unstacked_states(loop: LoopOp) -> None:
    """
    :raises NetworkError: if the loop assigns a state that it unstacks
    """
    for state, source in loop.unstacked_states.items():
        if state.final is None or state.is_constant:
            continue
        line = state.final.op.source.seen_from(source) or "this line"
        raise NetworkError(
            f"state {state.leaf.label} is unstacked here, but {line} assigns it in the same loop, so it would be "
            "another sequence in each step. For what it was before the loop, read it there, x = loop.state.NAME, and "
            "unstack x",
            source,
        )


def _made_in(loop: LoopOp, x: Tensor) -> list[Op]:
    """The ops in the body of a loop, and in loops inside, that a value depends on within a step; in order."""
    found: dict[Op, None] = {}
    todo = [(x.op, False)]
    while todo:
        op, its_inputs_are_there = todo.pop()
        if its_inputs_are_there:
            found[op] = None
        elif op not in found and op.body.is_inside(loop.body_of_steps):
            read = list(op.inputs)
            if isinstance(op, PreviousOp) and op.loop is not loop and op.initial is not None:
                read = [op.initial]
            todo += [(op, True), *[(tensor.op, False) for tensor in read]]
    return list(found)


def _is_of_step(op: Op) -> bool:
    """Whether it makes another value in each step, or, of states, one that is not known."""
    if isinstance(op, PreviousOp):
        return op.initial is None or op.leaf in op.loop.kept
    if isinstance(op, (UnstackOp, LoopIndex)) or op.is_random or op.counts_steps_itself:
        return True
    return getattr(op, "result_of", None) is not None


def _before(loop: LoopOp, x: Tensor) -> Tensor:
    """What a state was before the loop, also if a loop inside carries it on."""
    while isinstance(x.op, PreviousOp) and x.op.body.is_inside(loop.body_of_steps):
        assert x.op.initial is not None
        x = x.op.initial
    return x
