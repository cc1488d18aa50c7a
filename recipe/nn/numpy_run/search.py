"""Beam search as it is defined: the hypotheses of a search, and what a choice makes of them."""

from __future__ import annotations

import numpy

from ..ops.choice import Choice
from ..plain.delayed import resolved
from ..program.searches import Search
from .state import RunState
from .values import Beam, Value, union

NO_HYPOTHESIS = -1e30
"""The score that is told of places in the beam for which there is no hypothesis."""


class Hypotheses(Beam):
    """
    The hypotheses of a search while a program runs.

    The score of a hypothesis is the sum of the log probabilities of its labels; with length normalization, divided by
    ``length ** exponent``, where its length is the number of steps of the search's loop that it has made, also that of
    its end. At first there is one hypothesis. Places for which there is none have the score -inf.

    :param search: the search
    :param number: how many were begun before
    :param batch_size: of the run
    """

    def __init__(self, search: Search, number: int, batch_size: int):
        self.loop, self.number = search.loop, number
        self.exponent: float = resolved(search.exponent)
        self.beam_size: int = resolved(search.beam_size)
        self.size = max(self.beam_size, *(resolved(choice.search.beam_size) for choice in search.choices))
        """The number of places, as many as the choice with the most hypotheses needs; ``beam_size`` after the loop."""
        self.around: tuple[Beam, ...] = ()
        self.log_prob: numpy.ndarray = numpy.full((batch_size, self.size), -numpy.inf)
        self.log_prob[:, 0] = 0.0

    def choose(self, run: RunState, choice: Choice, scores: numpy.ndarray) -> numpy.ndarray:
        """
        The labels by which a choice continues the hypotheses, the best ones first; of equal ones, those that continue
        a better one, or by a smaller label.

        One that makes no such step any more, because a loop that the choice is in has ended for it, keeps its score
        and has label 0. If that is so for all of a sequence, nothing is chosen for it: what is found for a sequence
        does not depend on others.

        :param scores: [rows, labels]
        """
        self._depend_on(run.beams)
        rows, labels = len(self.log_prob), scores.shape[-1]
        log_prob = _log_prob(scores.astype("float64"), choice.input_type).reshape(rows, self.size, labels)
        goes_on = run.goes_on().reshape(rows, self.size) & (self.log_prob > -numpy.inf)
        stays: numpy.ndarray = numpy.where(numpy.arange(labels) == 0, 0.0, -numpy.inf)
        total = self.log_prob[..., None] + numpy.where(goes_on[..., None], log_prob, stays)
        normalized = total / self._lengths(run)[..., None] ** self.exponent
        best = numpy.argsort(-normalized.reshape(rows, -1), axis=-1, kind="stable")[:, : self.size]
        is_kept = numpy.arange(self.size) < min(resolved(choice.search.beam_size), best.shape[1])
        best = numpy.pad(best, ((0, 0), (0, self.size - best.shape[1])))
        best = numpy.where(is_kept, best, best[:, :1])  # the rest are none; they hold what the best one does
        log_prob = numpy.where(is_kept, numpy.take_along_axis(total.reshape(rows, -1), best, axis=-1), -numpy.inf)
        origin, label = numpy.divmod(best, labels)
        chooses = goes_on.any(axis=1, keepdims=True)
        self._continue(run, numpy.where(chooses, origin, numpy.arange(self.size)))
        self.log_prob = numpy.where(chooses, log_prob, self.log_prob)
        return numpy.where(chooses, label, 0).reshape(-1).astype("int32")

    def leave(self, run: RunState) -> numpy.ndarray:
        """The scores at the end of the search, [rows, beam]; there are ``beam_size`` hypotheses then."""
        self._depend_on(union([self.around, run.run_of(self.loop).steps_made.beams]))
        scores = self.log_prob / self._lengths(run) ** self.exponent
        self._continue(run, numpy.broadcast_to(numpy.arange(self.beam_size), (len(scores), self.beam_size)))
        return numpy.maximum(scores[:, : self.beam_size], NO_HYPOTHESIS)

    def _depend_on(self, beams: tuple[Beam, ...]) -> None:
        """Goes on with hypotheses of its own for each hypothesis of these other searches."""
        around = tuple(beam for beam in beams if beam is not self)
        self.log_prob = Value(self.log_prob, 0, self.around).spread(around).array
        self.around = around

    def _continue(self, run: RunState, origin: numpy.ndarray) -> None:
        """Makes all values those of hypotheses that continue others: [rows, hypotheses]."""
        run.reorder(lambda value: value.continued(self, origin, self.around))
        self.size = origin.shape[1]

    def _lengths(self, run: RunState) -> numpy.ndarray:
        """The number of steps that each has made, this one included: [rows, hypotheses], from 1 on."""
        steps = run.run_of(self.loop).steps_made.spread((*self.around, self)).array
        return numpy.maximum(steps, 1).reshape(self.log_prob.shape)


def _log_prob(scores: numpy.ndarray, input_type: str) -> numpy.ndarray:
    if input_type == "log_prob":
        return scores
    if input_type == "prob":
        return numpy.log(numpy.maximum(scores, 1e-30))
    scores = scores - scores.max(axis=-1, keepdims=True)
    return scores - numpy.log(numpy.exp(scores).sum(axis=-1, keepdims=True))
