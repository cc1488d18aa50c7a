"""Loops over frames in the steps of a search (rule L4): the same hypotheses in NumPy and RETURNN."""

from __future__ import annotations

import pytest

from recipe import nn

from ..agreement import check_agreement
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
