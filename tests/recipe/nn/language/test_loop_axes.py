"""Loops over any axis: lengths, features, labels, in both directions; frames by position in the body."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames
from ..inputs import FEATURES, FEEDS, LENGTHS, TIME, frames

pytestmark = pytest.mark.xdist_group("returnn-2")

GROUPS = nn.Dim(4, "groups")
GROUPED = nn.ExternData("grouped", [nn.batch_dim, TIME, GROUPS, FEATURES])
ALL_FEEDS: dict[str, Any] = {**FEEDS, "grouped": ragged_frames(LENGTHS, 4, 5, seed=6)}


def test_over_an_axis_of_fixed_size() -> None:
    """The stacked values have that very axis again."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = nn.zeros([nn.batch_dim, TIME, FEATURES])
        with loop:
            loop.state.a = loop.state.a * 0.5 + loop.unstack(nn.get_extern_data(GROUPED), axis=GROUPS)
            steps = loop.stack(loop.state.a)
        assert GROUPS in steps.dims
        return {"steps": steps, "last": loop.state.a}

    run = check_agreement(model, ALL_FEEDS)
    state = 0
    for group in range(4):
        state = state * 0.5 + ALL_FEEDS["grouped"][0][:, :, group]
    numpy.testing.assert_allclose(run.in_numpy.outputs["last"].value, state, rtol=1e-4)


def test_over_features() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = nn.zeros([nn.batch_dim, TIME])
        with loop:
            loop.state.a = loop.state.a * 0.5 + loop.unstack(frames(), axis="F")
            steps = loop.stack(loop.state.a)
        return {"steps": steps, "last": loop.state.a}

    check_agreement(model, FEEDS, gradients=True)


def test_over_features_with_an_end() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = nn.zeros([nn.batch_dim])
        first = frames()[0]
        with loop:
            loop.state.a = loop.state.a * 0.5 + loop.unstack(first, axis=FEATURES)
            loop.end(loop.state.a > 0.3, include_eos=True)
            steps = loop.stack(loop.state.a)
        return {"steps": steps, "last": loop.state.a}

    check_agreement(model, FEEDS)


def test_backwards() -> None:
    """A loop over the reversed sequence, its results reversed again, is the loop from the end."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = nn.zeros([nn.batch_dim, FEATURES])
        x = nn.reverse(frames())
        with loop:
            loop.state.a = loop.state.a * 0.5 + loop.unstack(x)
            steps = loop.stack(loop.state.a)
        return {"steps": nn.reverse(steps), "last": loop.state.a}

    run = check_agreement(model, FEEDS)
    for row, length in enumerate(LENGTHS):
        state = 0
        for step in reversed(range(length)):
            state = state * 0.5 + FEEDS["data"][0][row, step]
            numpy.testing.assert_allclose(run.in_numpy.outputs["steps"].value[row, step], state, rtol=1e-4, atol=1e-6)


def test_frames_and_features_by_position() -> None:
    """``x[loop.iter_idx]``, ``gather`` at a position computed in the step, ``slice`` in the body; no state at all."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        with nn.Loop() as loop:
            frame = loop.unstack(x)
            largest = nn.gather(frame, nn.cast(nn.argmax(frame), "int32"), axis=FEATURES)
            same = loop.stack(x[loop.iter_idx])
            steps = loop.stack(nn.slice(frame, 1, 2) * largest)
        return {"steps": steps, "same": same}

    run = check_agreement(model, FEEDS)
    data = FEEDS["data"][0]
    for row, length in enumerate(LENGTHS):
        expected = data[row, :length, 1:3] * data[row, :length].max(axis=-1, keepdims=True)
        numpy.testing.assert_allclose(run.in_numpy.outputs["steps"].value[row, :length], expected, rtol=1e-5)
        numpy.testing.assert_array_equal(run.in_numpy.outputs["same"].value[row, :length], data[row, :length])


def test_attention_weights_stacked_in_a_loop_that_ends_itself() -> None:
    """RETURNN takes any lengths in ``output`` of such a loop for those of the loop; the lowering keeps them apart."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=3)
        loop.state.query = nn.ones([nn.batch_dim, FEATURES])
        with loop:
            weights = nn.softmax_over_spatial(nn.dot(frames(), loop.state.query, reduce=FEATURES))
            loop.state.query = nn.dot(weights, frames(), reduce=TIME)
            loop.end(nn.reduce_sum(loop.state.query) > 1.0, include_eos=True)
            return {"weights": loop.stack(weights)}

    check_agreement(model, FEEDS)


@pytest.mark.parametrize("ends", [False, True])
def test_given_axis_of_fixed_size_that_no_tensor_has(ends: bool) -> None:
    """Its size is the number of steps; a condition may end the loop before."""
    rounds = nn.Dim(3, "rounds")

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop(axis=rounds)
        loop.state.s = frames()[0]
        with loop:
            loop.state.s = loop.state.s * 2.0
            if ends:
                loop.end(nn.reduce_max(loop.state.s) > 5.0, include_eos=True)
            return {"steps": loop.stack(loop.state.s), "last": loop.last(loop.state.s)}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    lasts = outputs["last"].sequences()
    for row, steps in enumerate(outputs["steps"].sequences()):
        s, expected = FEEDS["data"][0][row, 0], []
        while len(expected) < 3 and not (ends and expected and expected[-1].max() > 5.0):
            s = s * 2.0
            expected.append(s)
        numpy.testing.assert_allclose(steps, expected, rtol=1e-5)
        numpy.testing.assert_allclose(lasts[row], s, rtol=1e-5)


class NumberOfSteps(nn.Module):
    """A loop over frames that nothing reads: they say how many steps it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, nn.Dim(3, "other"))

    def forward(self) -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = nn.zeros([nn.batch_dim])
        with outer:
            history = nn.cum_concat(outer.unstack(frames()))
            inner = nn.Loop()
            inner.state.count = outer.state.s
            with inner:
                inner.unstack(self.linear(history))
                inner.state.count = inner.state.count + 1.0
            outer.state.s = inner.state.count
        return {"count": outer.state.s}


def test_loop_over_what_nothing_reads() -> None:
    """RETURNN has the parameter nevertheless, as the program does; and knows the axis."""
    outputs = check_agreement(NumberOfSteps(), FEEDS).in_numpy.outputs
    numpy.testing.assert_array_equal(outputs["count"].value, [n * (n + 1) / 2 for n in LENGTHS])
