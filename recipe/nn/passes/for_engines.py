"""The passes that all engines want: a program without searches, and with as little in its loops as can be."""

from __future__ import annotations

from ..program.program import Program
from .beams.rewriting import Beams
from .fission.fission import split
from .rewritten import Rewritten


def for_engines(program: Program) -> Rewritten:
    """
    What engines write of a program, with what became of each value: with plain ops in place of searches, and on whole
    sequences what needs no step of a loop.

    :param program: the user's
    """
    rewritten = Rewritten.start(program)
    if program.beam_sizes:
        rewritten = rewritten.then(Beams(program))
    return split(rewritten)
