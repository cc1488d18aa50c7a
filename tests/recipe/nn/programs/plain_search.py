"""
Beam search over a program of one sequence, by running it again from the start for each hypothesis.

The program calls ``choose(log_probs)`` for each choice. It runs with the labels of a hypothesis, and stops where it
wants one more: there the hypothesis is continued by each label, and the best ones are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

CLOSE = 1e-4
"""Scores nearer than this may change places in single precision."""


class Wanted(Exception):
    """
    A program wants a label that its hypothesis does not have yet.

    :ivar log_probs: of the labels
    :ivar beam_size: how many hypotheses are kept
    :ivar moment: when; hypotheses whose next choice is later wait
    """

    def __init__(self, log_probs: numpy.ndarray, beam_size: int, moment: tuple[int, ...]):
        super().__init__(moment)
        self.log_probs, self.beam_size, self.moment = log_probs, beam_size, moment


class Hypothesis(NamedTuple):
    """
    What is found.

    :ivar score: the sum of the log probabilities of its labels
    :ivar labels: of all choices, in their order
    """

    score: float
    labels: tuple[int, ...]


class Choose:
    """
    Gives the labels of a hypothesis one after the other.

    :param labels: those that it has
    :param beam_size: of choices that do not say their own
    """

    def __init__(self, labels: tuple[int, ...], beam_size: int):
        self._labels, self._beam_size = labels, beam_size
        self._made = 0

    def __call__(
        self, log_probs: numpy.ndarray, beam_size: int | None = None, moment: tuple[int, ...] | None = None
    ) -> int:
        """
        The next label.

        :param moment: when this is, where hypotheses may have made different numbers of choices by then
        :raises Wanted: if the hypothesis has no more
        """
        if self._made == len(self._labels):
            at = moment if moment is not None else (self._made,)
            raise Wanted(numpy.asarray(log_probs), beam_size or self._beam_size, at)
        self._made += 1
        return self._labels[self._made - 1]


def beam_search(program: Callable[[Choose], Any], beam_size: int) -> list[tuple[float, Any]]:
    """
    The scores and results of the hypotheses that are found, best first.

    :param program: gets what chooses
    :param beam_size: of choices that do not say their own
    :raises ValueError: if two scores are so close that rounding would decide
    """
    beam = [Hypothesis(0.0, ())]
    while True:
        runs = [_run(program, hypothesis, beam_size) for hypothesis in beam]
        wanted = [run for run in runs if isinstance(run, Wanted)]
        if not wanted:
            return [(hypothesis.score, run) for hypothesis, run in zip(beam, runs)]
        now = min(run.moment for run in wanted)
        (size,) = {run.beam_size for run in wanted if run.moment == now}
        candidates = []
        for hypothesis, run in zip(beam, runs):
            if isinstance(run, Wanted) and run.moment == now:
                candidates += [
                    Hypothesis(hypothesis.score + float(log_prob), (*hypothesis.labels, label))
                    for label, log_prob in enumerate(run.log_probs)
                ]
            else:
                candidates.append(hypothesis)
        candidates.sort(key=lambda hypothesis: -hypothesis.score)
        _check_apart(candidates[: size + 1])
        beam = candidates[:size]


def _run(program: Callable[[Choose], Any], hypothesis: Hypothesis, beam_size: int) -> Any:
    try:
        return program(Choose(hypothesis.labels, beam_size))
    except Wanted as wanted:
        return wanted


def _check_apart(candidates: list[Hypothesis]) -> None:
    for better, worse in zip(candidates, candidates[1:]):
        if better.score - worse.score < CLOSE:
            raise ValueError(f"the scores of {better} and {worse} are too close to be told apart; take other numbers")
