"""
What a search means, a second time: each hypothesis of each sequence is a run of its own, with its labels given.

There is no beam, no batch and no padding: of a program with choices a copy is made in which a choice is an op that
gives the next label of a list, and where the list ends says what it would choose from. So nothing has to be selected,
followed back or masked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy

from recipe import nn
from recipe.nn.numpy_run.interpreter import Run
from recipe.nn.ops.choice import Choice
from recipe.nn.passes.rewriting import Rewriting
from recipe.nn.plain.delayed import resolved
from recipe.nn.program.program import Program
from recipe.nn.program.searches import Search, loops_around, searches
from recipe.nn.record.graph import Body, Op, Tensor


class NeedsLabel(Exception):
    """
    A choice for which no label is given.

    :ivar choice: the op
    :ivar place: when it is made: numbers of steps, and places in bodies
    :ivar log_prob: of each label
    """

    def __init__(self, choice: Choice, place: tuple[int, ...], log_prob: numpy.ndarray):
        super().__init__()
        self.choice, self.place, self.log_prob = choice, place, log_prob


@dataclasses.dataclass
class Labels:
    """The labels that are given to the choices of a run, in order, and how many were taken."""

    given: tuple[int, ...] = ()
    taken: int = 0


class Given(Op):
    """A label that is given."""

    name = "given"

    def __init__(self, scores: Tensor, choice: Choice, labels: Labels):
        self.choice, self.labels = choice, labels
        super().__init__(scores)

    def infer(self) -> None:
        """Those of the choice."""
        self.set_output(self.choice.output.dims, dtype="int32", sparse_dim=self.choice.output.sparse_dim)

    def numpy(self, run: Run, scores: numpy.ndarray) -> numpy.ndarray:
        """:raises NeedsLabel: if there is none"""
        labels = self.labels
        if labels.taken == len(labels.given):
            raise NeedsLabel(self.choice, self._place(run), _log_prob(scores[0], self.choice.input_type))
        labels.taken += 1
        return numpy.array([labels.given[labels.taken - 1]], "int32")

    def _place(self, run: Run) -> tuple[int, ...]:
        place: list[int] = []
        op: Op = self
        while op.body.loop is not None:
            place = [run.steps[op.body.loop], op.body.ops.index(op), *place]
            op = op.body.loop
        return (op.body.ops.index(op), *place)


class _WithGivenLabels(Rewriting):
    def __init__(self, program: Program, labels: Labels):
        super().__init__(program)
        self.labels = labels

    def copy_op(self, op: Op, body: Body) -> None:
        """A choice is given."""
        if isinstance(op, Choice):
            self.stands_for(op, Given(self.read(op.inputs[0]), op, self.labels).outputs)
        else:
            super().copy_op(op, body)


@dataclasses.dataclass(frozen=True)
class Hypothesis:
    """
    A sequence of labels that is being written.

    :ivar labels: the labels, of this search and those before
    :ivar log_prob: of those of this search
    :ivar length: the steps of the search's loop that it has made
    :ivar pending: what it would choose next; None if it is complete
    """

    labels: tuple[int, ...]
    log_prob: float
    length: int
    pending: NeedsLabel | None

    def score(self, exponent: float) -> float:
        """What is compared."""
        return self.log_prob / max(self.length, 1) ** exponent


class PlainSearch:
    """
    The searches of a program, for one sequence.

    :param network: the program
    :param feeds: of a batch
    :param parameters: by name
    :param index: the place of the sequence in the batch
    """

    def __init__(self, network: Program, feeds: Mapping[str, Any], parameters: Mapping[str, numpy.ndarray], index: int):
        self.searches = searches(network)
        self.parameters = parameters
        self.feeds = {name: _alone(feed, index) for name, feed in feeds.items()}
        self.labels = Labels()
        rewriting = _WithGivenLabels(network, self.labels)
        self.program = rewriting.run()
        self.loops = {search.loop: rewriting.loops[search.loop] for search in self.searches}

    def hypotheses(self, search: Search, labels: tuple[int, ...] = ()) -> list[Hypothesis]:
        """
        What a search finds, the best one first.

        :param labels: what the searches before found
        """
        exponent = resolved(search.exponent) if search.normalizes else 0.0
        beam = [self._run(search, labels, 0.0)]
        while any(self._is_pending(one, search) for one in beam):
            place = min(one.pending.place for one in beam if one.pending and self._is_pending(one, search))
            candidates: list[Hypothesis] = []
            for one in beam:
                if one.pending is None or not self._is_pending(one, search) or one.pending.place != place:
                    candidates.append(one)
                    continue
                size = resolved(one.pending.choice.search.beam_size)
                for label, log_prob in enumerate(one.pending.log_prob):
                    candidates.append(
                        dataclasses.replace(one, labels=(*one.labels, label), log_prob=one.log_prob + float(log_prob))
                    )
            candidates.sort(key=lambda one: -one.score(exponent))
            beam = [
                one if one in beam else self._run(search, one.labels, one.log_prob)
                for one in candidates[:size]
                if one.log_prob > -numpy.inf
            ]
        return [dataclasses.replace(one, log_prob=one.score(exponent)) for one in beam]

    def outputs(self, labels: tuple[int, ...]) -> dict[str, numpy.ndarray]:
        """The outputs of the program with all labels given, without the batch axis."""
        self.labels.given, self.labels.taken = labels, 0
        run = nn.run_numpy(self.program, self.feeds, self.parameters)
        return {name: _without_batch(result) for name, result in run.outputs.items()}

    def _is_pending(self, one: Hypothesis, search: Search) -> bool:
        return one.pending is not None and loops_around(one.pending.choice)[-1] is search.loop

    def _run(self, search: Search, labels: tuple[int, ...], log_prob: float) -> Hypothesis:
        self.labels.given, self.labels.taken = labels, 0
        run = Run(self.program, self.feeds, self.parameters, trace=True)
        pending = None
        try:
            run.execute(self.program.root_body)
        except NeedsLabel as needs:
            pending = needs
        assert run.trace is not None
        loop = self.loops[search.loop]
        steps = [step.step[0] for step in run.trace if step.loop is loop]
        if pending is not None and loop in run.steps:
            steps.append(run.steps[loop])
        return Hypothesis(labels, log_prob, max(steps, default=-1) + 1, pending)


def _alone(feed: Any, index: int) -> Any:
    """A sequence of a batch by itself, without padding."""
    array, *lengths = feed if isinstance(feed, tuple) else (feed,)
    array = array[index : index + 1]
    for axis, of in enumerate(lengths):
        array = numpy.take(array, range(int(of[index])), axis=axis + 1)
    return (array, *(of[index : index + 1] for of in lengths)) if lengths else array


def _without_batch(result: Any) -> numpy.ndarray:
    return (
        numpy.take(result.value, 0, axis=result.dims.index(nn.batch_dim))
        if nn.batch_dim in result.dims
        else result.value
    )


def _log_prob(scores: numpy.ndarray, input_type: str) -> numpy.ndarray:
    scores = scores.astype("float64")
    if input_type == "log_prob":
        return scores
    if input_type == "prob":
        return numpy.log(numpy.maximum(scores, 1e-30))
    return scores - scores.max() - numpy.log(numpy.exp(scores - scores.max()).sum())
