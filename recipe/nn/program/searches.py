"""The searches of a program: which choices are made in one search, and how many hypotheses it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..ops.choice import Choice
from ..plain.delayed import Delayed, greatest
from ..record.graph import Body, Op
from ..record.loops import LoopOp

if TYPE_CHECKING:
    from .program import Program


class Search(NamedTuple):
    """
    All choices within one loop that is in no other loop: they share their hypotheses.

    A hypothesis is what the labels that were chosen so far make of a sequence. Each choice continues those that there
    are by each label, and keeps the best.

    :ivar loop: the loop; the choices are made in its steps, or in those of loops inside
    :ivar choices: in the order in which they are made first
    :ivar beam_size: of how many hypotheses each sequence has room at the end of a step, and so after the loop
    """

    loop: LoopOp
    choices: tuple[Choice, ...]
    beam_size: int | Delayed

    @property
    def exponent(self) -> float | Delayed:
        """That of the length by which scores are divided; 0 for plain sums."""
        return 0.0 if self.loop.axis_is_known else self.choices[0].search.length_normalization

    @property
    def normalizes(self) -> bool:
        """Whether scores are divided by lengths."""
        return isinstance(self.exponent, Delayed) or bool(self.exponent)


def searches(program: Program) -> tuple[Search, ...]:
    """The searches of a program, in the order in which they are made."""
    found = []
    for op in program.root_body.ops:
        if isinstance(op, LoopOp) and op in program.needed:
            choices = tuple(choices_in(op.body_of_steps, program))
            if choices:
                found.append(Search(op, choices, size_after(op.body_of_steps, program, 1)))
    return tuple(found)


def choices_in(body: Body, program: Program) -> Iterator[Choice]:
    """The choices of a body and of loops in it."""
    return (op for op in program.ops_in_order(body) if isinstance(op, Choice))


def size_after(body: Body, program: Program, before: int | Delayed) -> int | Delayed:
    """
    Of how many hypotheses there is room after a body: as many as its last choice keeps.

    :param before: of how many there is room before it
    """
    size = before
    for op in body.ops:
        if isinstance(op, Choice) and op in program.needed:
            size = op.search.beam_size
        elif isinstance(op, LoopOp) and op in program.needed:
            size = size_in_loop(op, program, size)
    return size


def size_in_loop(loop: LoopOp, program: Program, before: int | Delayed) -> int | Delayed:
    """
    Of how many hypotheses there is room at the beginning of each step of a loop inside of a search, and after it: it
    may make no step at all, so it is never less than before.
    """
    if not makes_choices(loop, program):
        return before
    after = size_after(loop.body_of_steps, program, before)
    return after if before == 1 else greatest(before, after)


def makes_choices(loop: LoopOp, program: Program) -> bool:
    """Whether there is a choice in the steps of a loop, or in those of loops in it."""
    return any(True for _ in choices_in(loop.body_of_steps, program))


def loops_around(op: Op) -> list[LoopOp]:
    """The loops that an op is in, the innermost first; the last one is that of its search, if there are choices."""
    found = []
    loop = op.body.loop
    while loop is not None:
        found.append(loop)
        loop = loop.body.loop
    return found
