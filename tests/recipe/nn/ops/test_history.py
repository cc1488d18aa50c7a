"""cum_concat in loops, and what is made of it."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, frames, vector

pytestmark = pytest.mark.xdist_group("returnn-1")


def mean_of_history() -> nn.Tensor:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        history = nn.cum_concat(nn.tanh(x))
        return loop.stack(nn.reduce_mean(history, history.spatial_dim))


def test_mean_of_all_frames_so_far() -> None:
    value = check_agreement(mean_of_history, FEEDS).in_numpy.outputs["output"].value
    data = numpy.tanh(FEEDS["data"][0])
    for row, length in enumerate(LENGTHS):
        for step in range(length):
            numpy.testing.assert_allclose(value[row, step], data[row, : step + 1].mean(axis=0), rtol=1e-5)


def test_of_a_state_in_a_loop_that_ends_itself() -> None:
    """It cannot be moved out of the loop here."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.y = nn.ones([nn.batch_dim, FEATURES])
        start = nn.reduce_mean(frames(), frames().spatial_dim)
        with loop:
            history = nn.cum_concat(loop.state.y)
            weights = nn.softmax_over_spatial(nn.dot(history, start, reduce=FEATURES))
            loop.state.y = nn.tanh(nn.dot(weights, history, reduce=weights.spatial_dim) + start)
            loop.end(nn.reduce_sum(loop.state.y) > 3.0, include_eos=True)
            steps = loop.stack(loop.state.y)
        return {"steps": steps, "last": loop.state.y}

    check_agreement(model, FEEDS, gradients=True)


def test_with_beams() -> None:
    """Each hypothesis has its own history."""
    labels = nn.Dim(3, name="labels")

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(labels, FEATURES)
            self.attention = nn.CausalSelfAttention(FEATURES, 4, 6)
            self.readout = nn.Linear(6, labels)

        def forward(self) -> nn.Tensor:
            loop = nn.Loop(max_seq_len=4)
            loop.state.label = nn.zeros([nn.batch_dim], dtype="int32", sparse_dim=labels)
            start = nn.reduce_mean(frames(), frames().spatial_dim)
            with loop:
                y = self.attention(self.embed(loop.state.label) + start)
                loop.state.label = nn.choice(self.readout(y), search=nn.BeamSearch(3, length_normalization=0.0))
                loop.end(loop.state.label == 0, include_eos=True)
                return loop.stack(loop.state.label)

    check_agreement(Decoder(), FEEDS)


def test_of_the_steps_in_which_a_condition_holds() -> None:
    """What the message about cum_concat in a mask says to write: attention to some of the frames, and their sum."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            x = loop.unstack(frames()) + loop.state.s
            condition = nn.reduce_sum(x) > 0.0
            keys, counts = nn.cum_concat(x), nn.cum_concat(condition)
            energy = nn.where(counts, nn.dot(keys, x, reduce=FEATURES), -1e9)
            weights = nn.softmax_over_spatial(energy)
            with nn.MaskedComputation(mask=condition):
                loop.state.s = 0.1 * nn.dot(weights, keys, reduce=weights.spatial_dim)
            total = nn.reduce_sum(keys * nn.cast(counts, "float32"), keys.spatial_dim)
            return {"s": loop.stack(loop.state.s), "total": loop.stack(total)}

    run = check_agreement(model, FEEDS).in_numpy.outputs
    for row, length in enumerate(LENGTHS):
        s, history = FEEDS["vector"][row], []
        for step in range(length):
            x = FEEDS["data"][0][row, step] + s
            if x.sum() > 0:
                history.append(x)
                weights = numpy.exp(numpy.array(history) @ x)
                s = 0.1 * (weights / weights.sum()) @ numpy.array(history)
            numpy.testing.assert_allclose(run["s"].value[row, step], s, rtol=1e-4, atol=1e-5)
            total = numpy.sum(history, axis=0) if history else numpy.zeros(5)
            numpy.testing.assert_allclose(run["total"].value[row, step], total, rtol=1e-4, atol=1e-5)


def outside_of_loops() -> Any:
    return nn.cum_concat(frames())


def in_a_mask() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
            y = nn.reduce_sum(nn.cum_concat(x), "T")
        return loop.stack(y)


def stacked() -> Any:
    with nn.Loop() as loop:
        return loop.stack(nn.cum_concat(loop.unstack(frames())))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (outside_of_loops, ["outside of loops"]),
        (in_a_mask, ["in Cond or MaskedComputation"]),
        (stacked, ["one more frame in each step", "reduce it first"]),
    ],
)
def test_wrong_use(model: Any, words: list[str]) -> None:
    with pytest.raises(nn.NetworkError) as error:
        nn.Network(model)
    for word in [*words, "test_history.py"]:
        assert word in str(error.value)
