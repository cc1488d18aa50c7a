"""
Beams: a choice by search becomes plain ops, so that any engine can search that can gather.

The hypotheses of a search are an axis of their own, a beam. In a step of the search's loop, ``top_k`` takes the best
continuations of all hypotheses of a sequence; what was computed before and is read after that is selected for those
that live on; which one each continues is kept, and followed back after the loop. Scores are a state of the loop. Where
hypotheses end by themselves, which ones have and how long they are become states, too, so that the loop itself ends
for whole sequences, when all their hypotheses have ended.

What depends on no hypothesis has no such axis. Each choice has its own, so choices of a step may keep different
numbers of hypotheses, and different searches have nothing to do with each other. Loops in the steps of a search, and
those over what a search found, have the axis in their values, and end for each hypothesis in the same way.

- :mod:`.dependencies`: which values depend on which searches
- :mod:`.generations`: how values come from the hypotheses before a choice to those after it
- :mod:`.context`: where the pass is
- :mod:`.ends`: loops that end for each hypothesis by itself
- :mod:`.choices`: the choices in the steps of a loop, and the scores of hypotheses
- :mod:`.loops`: loops, with their states and results
- :mod:`.rewriting`: all other ops
"""

from __future__ import annotations

from ...ops.choice import Choice
from ...program.program import Program
from .rewriting import Beams


def without_choices(program: Program) -> Program:
    """
    The same program with plain ops in place of choices; the scores of its searches are among what it computes.

    A value that depends on hypotheses has their axis after the batch axis, the best one first. The scores of places
    for which there was no hypothesis are -1e30; what else they hold is not said.
    """
    if not any(isinstance(op, Choice) for op in program.all_ops()):
        return program
    return Beams(program).run()
