"""Choices: the generations of hypotheses in the steps of a loop, and their scores."""

from __future__ import annotations

from ...ops.choice import Choice
from ...ops.elementwise import Combine, cast, compare, expand, maximum, minimum
from ...ops.history import SelectedHistory
from ...ops.hypotheses import FollowBack, Select
from ...ops.top_k import TopK
from ...plain.delayed import Delayed
from ...plain.dim import Dim, batch_dim
from ...plain.errors import NetworkError
from ...program.searches import Search
from ...record.graph import Tensor
from ...record.loops import FinalState, LastOp, LoopIndex, LoopOp, PreviousOp, StackOp
from .context import Context, where
from .generations import Generation

NO_HYPOTHESIS = -1e30
"""The score that is told of places in a beam for which there is no hypothesis; in the search it is -inf."""


class Choices:
    """
    The hypotheses of a search in the steps of a loop.

    Each choice makes a new generation of them; with the last one the next step begins. Their scores are a state of the
    loop.

    :param context: of the pass
    :param loop: the new loop, which has no steps yet
    :param beam: the axis over the hypotheses with which a step begins
    """

    def __init__(self, context: Context, loop: LoopOp, beam: Dim):
        self.context, self.loop, self.beam = context, loop, beam
        assert context.search is not None
        self.around = context.beams_of(context.depending.of_search(context.search))
        self.first = Generation(beam, loop.body_of_steps)
        """The hypotheses with which a step begins."""
        self._origins_of_history: dict[Generation, PreviousOp] = {}
        self._places_so_far: dict[Generation, Tensor] = {}
        """In each step so far, where what a hypothesis continues was: int32 [batch, history, ..., beam]."""
        self._scores: PreviousOp | None = None
        self._origin: Tensor | None = None
        self._followed: Tensor | None = None

    def begin(self, first: Generation, scores: Tensor) -> None:
        """
        Begins the steps.

        :param first: the hypotheses with which a step begins
        :param scores: of those with which the first one begins
        """
        self.first = self.context.generation = first
        self._scores = self.context.state(self.loop, "scores", scores)
        self.context.scores = self._scores.output

    def choose(self, choice: Choice, log_prob: Tensor, ended: Tensor | None, beam: Dim) -> Tensor:
        """
        The labels by which a choice continues the hypotheses.

        :param choice: the old op
        :param log_prob: of the labels: [batch, ..., labels]
        :param ended: which hypotheses make no such step any more: they keep their score, and have label 0
        :param beam: the axis over the hypotheses that it leaves
        """
        context, before = self.context, self.context.generation
        assert before is not None and context.scores is not None
        labels = choice.inputs[0].feature_dim
        if ended is not None:
            log_prob = where(ended, context.first_alone(labels), log_prob)
        total = Combine("add", context.scores, log_prob, broadcast=True).output
        total = context.with_dims(total, [*self.around, before.beam])
        top = TopK(total, beam=before.beam, labels=labels, out=beam)
        context.scores, origin, label = top.outputs
        self._continue(Generation(beam, top.body, before, origin))
        return label

    def continued(self, frames: Tensor) -> Tensor:
        """
        What came so far of each hypothesis that there is now.

        :param frames: of all steps so far, those of the hypotheses that there were at this place: [batch, history, ...]
        """
        context, now = self.context, self.context.generation
        assert now is not None
        if now not in self._places_so_far:
            places = initial = self._all_places()
            if now.beam is not self.beam:
                places = self._per_sequence(context.places(now.beam))
            state = context.state(self.loop, "origin", initial, self.first)
            self._origins_of_history[now] = state
            history = SelectedHistory(places, context.now(state.output), now.beam)
            self._places_so_far[now] = history.output
        return Select(frames, self._places_so_far[now], now.beam, now.beam).output

    def finish(self) -> None:
        """Writes the end of a step."""
        context = self.context
        assert context.generation is not None and context.scores is not None and self._scores is not None
        if context.generation.beam is not self.beam:
            before = context.generation
            origin, context.scores = self._in_beam_of_step(before.beam, context.scores)
            self._continue(Generation(self.beam, self.loop.body_of_steps, before, origin))
        last = context.generation
        self._scores.final = context.scores
        self._origin = context.selection.origin(self.first, last)
        for generation, state in self._origins_of_history.items():
            to_last = context.selection.origin(generation, last)
            state.final = self._all_places() if to_last is None else to_last

    def followed(self, steps: Tensor) -> Tensor:
        """The values of all steps, those of each hypothesis that there is after the loop."""
        if self.beam not in steps.dims:
            return steps
        if self._followed is None:
            assert self._origin is not None
            origins = self.context.result(StackOp(self.loop, self._origin))
            self._followed = FollowBack(origins, self.loop.get_axis(), self.beam).output
        return Select(steps, self._followed, self.beam, self.beam).output

    def _continue(self, generation: Generation) -> None:
        assert generation.origin is not None
        self.context.generation = generation
        self.context.selection.made(generation.origin, generation)

    def _all_places(self) -> Tensor:
        """0, 1, 2, ... along the axis over hypotheses: int32 [batch, ..., beam]."""
        return self._per_sequence(self.context.places(self.beam))

    def _in_beam_of_step(self, before: Dim, scores: Tensor) -> tuple[Tensor, Tensor]:
        """
        The same hypotheses in the beam with which a step begins, which has room for at least as many.

        :param before: the axis over them
        :param scores: of them
        :return: which one is in each place, int32 [batch, ..., beam], and the scores there
        """
        context = self.context
        if same_size(size_of(before), size_of(self.beam)):
            origin = self._all_places()
            return origin, Select(scores, origin, before, self.beam).output
        places, size = context.places(self.beam), context.constant(size_of(before), dtype="int32")
        with context.recording.at(context.recording.root_body):
            origin = minimum(places, size - 1)
            is_there = compare("less", places, size)
        origin = self._per_sequence(origin)
        selected = Select(scores, origin, before, self.beam).output
        return origin, where(is_there, selected, context.constant(float("-inf")))

    def _per_sequence(self, places: Tensor) -> Tensor:
        """What is the same for all sequences, with their axis: int32 [batch, ..., beam]."""
        context = self.context
        zeros = context.constant(0, [batch_dim, *self.around])
        with context.recording.at(context.recording.root_body):
            return Combine("add", zeros, places, broadcast=True).output


class ChoicesOfSearch(Choices):
    """
    Those in the loop of a search itself.

    The scores that are compared in a step are sums of log probabilities; with length normalization, those of hypotheses
    that have ended are put to the number of steps that the others have made: ``score / length ** exponent`` stays.

    :param search: the search
    """

    def __init__(self, context: Context, search: Search, loop: LoopOp):
        context.search = search.loop
        super().__init__(context, loop, context.new_beam(search.beam_size))
        self.search = search
        with context.recording.at(loop.body):
            zeros = context.constant(0.0, [batch_dim, *self.around])
            scores = Combine("add", zeros, context.first_alone(self.beam), broadcast=True).output
        self.begin(Generation(self.beam, loop.body_of_steps), scores)

    def entered(self, tensor: Tensor) -> Tensor:
        """What a value from before the loop is for the hypotheses with which the first step begins: itself."""
        return tensor

    def normalize(self, ended: Tensor) -> None:
        """At the beginning of a step, before its first choice: puts scores to the number of steps with this one."""
        context, scores = self.context, self.context.scores
        assert scores is not None
        if self.search.normalizes:
            index = cast(LoopIndex(self.loop).output, "float32")
            factor = self._power((index + 1.0) / maximum(index, 1.0))
            context.scores = where(ended, scores * factor, scores)

    def leave(self) -> None:
        """Ends the search."""
        self.context.found[self.search.loop] = self.beam
        self.context.search = self.context.generation = self.context.scores = None

    def final_scores(self) -> Tensor:
        """After the loop: the scores of all hypotheses, per length if they are normalized."""
        context = self.context
        assert self._scores is not None
        scores = context.result(FinalState(self.loop, self._scores))
        if self.search.normalizes:
            with context.recording.at(self.loop.body_of_steps):
                made = expand(cast(LoopIndex(self.loop).output + 1, "float32"), [batch_dim])
            steps = maximum(context.result(LastOp(self.loop, made)), 1.0)
            scores = Combine("truediv", scores, self._power(steps), broadcast=True).output
        return maximum(scores, NO_HYPOTHESIS)

    def _power(self, x: Tensor) -> Tensor:
        exponent = self.search.exponent
        return x if exponent == 1.0 else x ** self.context.constant(exponent, dtype="float32")


class ChoicesInside(Choices):
    """
    Those in a loop inside of a search: for each hypothesis, the loop also carries where it was before the loop.

    :param beam: the axis over the hypotheses with which a step begins, of which there is room for as many as before
    """

    def __init__(self, context: Context, loop: LoopOp, beam: Dim):
        super().__init__(context, loop, beam)
        assert context.generation is not None and context.scores is not None
        self._outside = context.generation
        with context.recording.at(loop.body):
            self._entry, scores = self._in_beam_of_step(self._outside.beam, context.scores)
        self._place = context.state(loop, "place", self._entry)
        self.begin(Generation(beam, loop.body_of_steps, self._outside, self._place.output), scores)
        context.made(self._place.output, self.first)

    def entered(self, tensor: Tensor) -> Tensor:
        """What a value from before the loop is for the hypotheses with which the first step begins."""
        if self._outside.beam not in tensor.dims:
            return tensor
        if any(self._outside.beam in dim.length_dims for dim in tensor.dims):
            raise NetworkError(
                f"{tensor} has an axis whose lengths differ between the hypotheses of a search, so it cannot be a "
                "state of a loop in which hypotheses are chosen: reduce it before",
                tensor.op.source,
            )
        with self.context.recording.at(self.loop.body):
            return Select(tensor, self._entry, self._outside.beam, self.beam).output

    def finish(self) -> None:
        """Writes the end of a step."""
        super().finish()
        self._place.final = self.context.now(self._place.output)

    def normalize(self, ended: Tensor) -> None:
        """Nothing: the loop of the search has put the scores to the number of its steps."""

    def leave(self) -> None:
        """Goes on after the loop with the hypotheses that it left."""
        context = self.context
        assert self._scores is not None
        context.generation = None
        origin, context.scores = (context.result(FinalState(self.loop, state)) for state in (self._place, self._scores))
        self._continue(Generation(self.beam, self.loop.body, self._outside, origin))


def same_size(one: int | Delayed, other: int | Delayed) -> bool:
    """Whether two sizes are known to be the same."""
    is_delayed = isinstance(one, Delayed) or isinstance(other, Delayed)
    return one is other if is_delayed else one == other


def size_of(dim: Dim) -> int | Delayed:
    """The size of an axis, which a job may give."""
    return dim.size if dim.delayed_size is None else dim.delayed_size
