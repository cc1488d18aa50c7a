"""Histories in a search: those of hypotheses go with them."""

from __future__ import annotations

import pytest

from recipe import nn

from ...inputs import FEATURES, frames
from .models import END, MAX_STEPS, OTHERS, Parts, searched


class WithHistory(Parts):
    """
    Attention to what came so far, in a search.

    :param places: where: before the first choice, between the two, or after both
    """

    def __init__(self, places: tuple[str, ...]):
        super().__init__()
        self.places = places

    def forward(self, sizes: tuple[int, int] = (3, 2)) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=MAX_STEPS)
        self.begin(loop)
        with loop:
            h = self.attend("before", self.step(loop))
            label = nn.choice(self.output(h), search=nn.BeamSearch(sizes[0]))
            h = self.attend("between", h + self.embedding(label))
            other = nn.choice(self.other_output(h), search=nn.BeamSearch(sizes[1]))
            loop.state.h = self.attend("after", h + self.other_embedding(other))
            loop.state.label = label
            loop.end(label == END, include_eos=True)
            results = {"label": loop.stack(label), "other": loop.stack(other)}
        return {**results, "h": loop.state.h}

    def attend(self, place: str, x: nn.Tensor) -> nn.Tensor:
        """The value, and the attention to it in all steps so far, if it is wanted here."""
        return nn.tanh(x + self.history(x)) if place in self.places else nn.tanh(x)


@pytest.mark.parametrize("sizes", [(3, 3), (4, 2), (2, 5)])
@pytest.mark.parametrize("places", [("before",), ("between",), ("after",), ("before", "between", "after")])
def test_histories_of_hypotheses(places: tuple[str, ...], sizes: tuple[int, int]) -> None:
    searched(WithHistory(places), sizes=sizes)


@pytest.mark.parametrize("after", [False, True])
def test_history_of_one_choice(after: bool) -> None:
    """A value of a history that is read after the choice, and one that is made there."""

    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop(max_seq_len=MAX_STEPS)
            self.begin(loop)
            with loop:
                h = self.step(loop)
                so_far = None if after else nn.cum_concat(h)
                loop.state.label = nn.choice(self.output(h), search=nn.BeamSearch(3))
                so_far = nn.cum_concat(h + self.embedding(loop.state.label)) if so_far is None else so_far
                weights = nn.softmax_over_spatial(nn.dot(h, so_far, reduce=FEATURES))
                loop.state.h = nn.dot(weights, so_far, reduce=weights.spatial_dim)
                loop.end(loop.state.label == END)
                labels = loop.stack(loop.state.label)
            return {"labels": labels, "h": loop.state.h}

    searched(Model())


def test_history_that_depends_on_no_hypothesis() -> None:
    """It has no axis over them, and what is compared with it has."""

    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop()
            self.begin(loop)
            with loop:
                x = self.history(loop.unstack(frames())) + self.step(loop)
                loop.state.label = nn.choice(self.output(x), search=nn.BeamSearch(3))
                return {"labels": loop.stack(loop.state.label), "h": loop.stack(loop.state.h)}

    found = searched(Model())
    histories = [op for op in found.program.all_ops() if op.name == "cum_concat"]
    assert histories and not any(dim.is_beam for op in histories for dim in op.output.dims)


@pytest.mark.parametrize("place", ["before", "behind"])
def test_history_of_a_loop_inside(place: str) -> None:
    """It begins anew in each step of the search."""

    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop(max_seq_len=3)
            self.begin(loop)
            with loop:
                h = self.step(loop)
                if place == "before":
                    h = self.over_frames(h)
                loop.state.label = nn.choice(self.output(h), search=nn.BeamSearch(3))
                if place == "behind":
                    loop.state.h = self.over_frames(self.embedding(loop.state.label) + h)
                loop.end(loop.state.label == END)
                labels = loop.stack(loop.state.label)
            return {"labels": labels, "h": loop.state.h}

        def over_frames(self, h: nn.Tensor) -> nn.Tensor:
            inner = nn.Loop()
            inner.state.s = h
            with inner:
                inner.state.s = nn.tanh(inner.state.s + self.history(inner.unstack(frames()) + inner.state.s))
            return inner.state.s

    searched(Model())


def test_two_histories_of_other_labels() -> None:
    """Histories of labels, which are reduced."""

    class Model(Parts):
        def forward(self) -> nn.Tensor:
            loop = nn.Loop(max_seq_len=MAX_STEPS)
            self.begin(loop)
            with loop:
                h = self.step(loop)
                loop.state.label = nn.choice(self.output(h), search=nn.BeamSearch(4))
                so_far = nn.cum_concat(self.embedding(loop.state.label))
                most = nn.reduce_max(so_far, so_far.spatial_dim) - nn.reduce_mean(so_far, so_far.spatial_dim)
                other = nn.argmax(self.other_output(most))
                counts = nn.cum_concat(nn.cast(other == 0, "float32"))
                loop.state.h = nn.tanh(h + most + nn.reduce_sum(counts, counts.spatial_dim))
                loop.end(loop.state.label == END)
                return loop.stack(loop.state.label)

    assert OTHERS.size == 3
    searched(Model())


def test_history_that_leads_to_no_choice() -> None:
    """It is a result alone, and yet each hypothesis has its own."""

    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop()
            self.begin(loop)
            with loop:
                h = loop.unstack(frames()) + self.embedding(loop.state.label)
                label = nn.choice(self.output(h), search=nn.BeamSearch(2))
                other = nn.choice(self.other_output(h + self.embedding(label)), search=nn.BeamSearch(3))
                loop.state.label = label
                y = self.history(nn.tanh(self.embedding(label)) + self.other_embedding(other))
                return {"labels": loop.stack(label), "y": loop.stack(y), "last": loop.last(y)}

    searched(Model())
