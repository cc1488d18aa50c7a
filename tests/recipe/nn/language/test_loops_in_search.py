"""Loops over frames in the steps of a search (rule L4): the same hypotheses in NumPy and RETURNN."""

from __future__ import annotations

import pytest

from recipe import nn

from ..agreement import check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, TIME, frames

pytestmark = pytest.mark.xdist_group("returnn-2")

BEAM_LABELS = nn.Dim(4, "labels")


class SearcherWithLoop(nn.Module):
    """
    A search with a loop over the frames in each step.

    :param place: of the loop inside: before or behind the choice of the step
    :param begins: what its state begins with: the label, or what there was before the choice
    :param reads: what its steps read besides
    :param gives: what is read of it: its last state, or all, or the states of two loops that share what they read
    """

    def __init__(self, place: str, begins: str, reads: str, gives: str) -> None:
        super().__init__()
        self.place, self.begins, self.reads, self.gives = place, begins, reads, gives
        self.embedding, self.output = nn.Embedding(BEAM_LABELS, FEATURES), nn.Linear(FEATURES, BEAM_LABELS)
        self.recurrent = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=4)
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=BEAM_LABELS)
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            before = nn.tanh(self.embedding(loop.state.label) + loop.state.h)
            if self.place == "before":
                loop.state.h = self.over_frames(before, before)
            loop.state.label = nn.choice(self.output(before if self.place == "behind" else loop.state.h))
            if self.place == "behind":
                loop.state.h = self.over_frames(self.embedding(loop.state.label), before)
            loop.end(loop.state.label == 1, include_eos=False)
            return loop.stack(loop.state.label)

    def over_frames(self, label: nn.Tensor, before: nn.Tensor) -> nn.Tensor:
        values = {"label": label, "before": before, "nothing": nn.zeros([nn.batch_dim, FEATURES])}
        inner = nn.Loop()
        inner.state.s = values[self.begins]
        with inner:
            x = inner.unstack(frames()) + values[self.reads]
            inner.state.s = nn.tanh(self.recurrent(x) + inner.state.s)
            steps = inner.stack(inner.state.s)
        if self.gives == "all":
            return nn.reduce_sum(steps, TIME)
        if self.gives == "two":
            other = nn.Loop()
            other.state.s = inner.state.s
            with other:
                other.state.s = other.state.s * 0.5 + values[self.begins] * other.unstack(frames())
            return other.state.s
        return inner.state.s


@pytest.mark.parametrize("gives", ["last", "all", "two"])
@pytest.mark.parametrize(
    ("place", "begins", "reads"),
    [
        ("before", "before", "nothing"),
        ("before", "before", "before"),
        ("before", "nothing", "before"),
        ("behind", "label", "label"),
        ("behind", "label", "before"),
        ("behind", "before", "label"),
        ("behind", "before", "nothing"),
    ],
)
def test_inner_loop_in_a_search(place: str, begins: str, reads: str, gives: str) -> None:
    model = SearcherWithLoop(place, begins, reads, gives)
    network = nn.Network(model, search=nn.BeamSearch(3, length_normalization=1.0))
    check_agreement(network, FEEDS, train=False, gradients=False)


class PositionsByLoop(nn.Module):
    """
    Each step goes on over the frames, from the first one, to one that the state says; the frame and the label before
    make the new state. The label is chosen by the old state and by the new one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(BEAM_LABELS, FEATURES), nn.Linear(BEAM_LABELS)
        self.query = nn.Linear(FEATURES)

    def forward(self) -> nn.Tensor:
        x = frames()
        loop = nn.Loop(max_seq_len=4)
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=BEAM_LABELS)
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            before = nn.tanh(nn.concat(self.embedding(loop.state.label), loop.state.h))
            inner = nn.Loop()
            inner.state.position = nn.zeros([nn.batch_dim], dtype="int32")
            with inner:
                energy = nn.reduce_sum(x[inner.state.position] * self.query(before))
                inner.end((inner.state.position >= x.seq_len) | (energy > 0.0), include_eos=False)
                inner.state.position = inner.state.position + 1
            loop.state.h = x[inner.state.position]
            loop.state.label = nn.choice(self.output(nn.concat(before, loop.state.h)))
            loop.end(loop.state.label == 1, include_eos=False)
            return loop.stack(loop.state.label)


def test_what_the_loop_reads_is_made_of_two_states_that_it_leads_to() -> None:
    """RETURNN has to look at the nearer one first."""
    network = nn.Network(PositionsByLoop(), search=nn.BeamSearch(2))
    check_agreement(network, FEEDS, parameters=random_parameters(network, scale=3.0))
