"""What an op reads: in the step that it is in, in the step before, and in loops inside of its body."""

from __future__ import annotations

from collections.abc import Iterable

from .graph import Op, Tensor
from .loops import LoopOp, PreviousOp, ResultOp


def read_by_loop(loop: LoopOp) -> set[Tensor]:
    """What the steps of a loop read, and loops in them, or hand on: new values of states, results, the end."""
    read = loop.read_from_outside()
    for inner in loop.body_of_steps.ops:
        if isinstance(inner, LoopOp):
            read |= read_by_loop(inner)
    values = [previous.final for previous in loop.previous.values()] + [result.inner for result in loop.results]
    return read | {tensor for tensor in [*values, loop.end] if tensor is not None}


def read_in_step(op: Op) -> set[Op]:
    """The ops whose values an op reads in the step that it is in; of a loop inside also what its steps read."""
    if isinstance(op, LoopOp):
        return {tensor.op for tensor in read_by_loop(op)}
    return {op.result_of} if isinstance(op, ResultOp) else {tensor.op for tensor in op.inputs}


def read_over_steps(op: Op) -> set[Op]:
    """The same; of a state, what computes its new value in the step before."""
    if isinstance(op, PreviousOp) and op.final is not None:
        return {op.final.op}
    return read_in_step(op)


def leading_to(last: Op, *, over_steps: bool = False) -> set[Op]:
    """
    An op and those of its body that lead to it.

    A loop counts as one op: what leads to one of its results leads to all.

    :param over_steps: also by way of states, so those of the steps before
    """
    todo, seen = [last], {last}
    reads = read_over_steps if over_steps else read_in_step
    while todo:
        op = todo.pop()
        read = {other for other in (reads(op) | read_in_step(op)) if other.body is last.body}
        todo.extend(read - seen)
        seen |= read
    return seen


def depends_on(tensor: Tensor, ops: Iterable[Op]) -> bool:
    """Whether a value depends on one of these ops, in the same step or one before."""
    todo, seen = [tensor.op], {tensor.op}
    while todo:
        op = todo.pop()
        read = read_over_steps(op) if isinstance(op, PreviousOp) else {x.op for x in op.inputs}
        new = read - seen
        seen |= new
        todo.extend(new)
    return not seen.isdisjoint(ops)
