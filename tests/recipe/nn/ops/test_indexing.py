"""Gather and ``x[t]``: the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, TIME, classes, frames, other_frames, vector

pytestmark = pytest.mark.xdist_group("returnn-1")

POSITIONS = nn.ExternData("positions", [nn.batch_dim], dtype="int32")
FEEDS_WITH_POSITIONS = {**FEEDS, "positions": numpy.array([3, 0, 1], "int32")}


def positions() -> nn.Tensor:
    """A position for each sequence."""
    return nn.get_extern_data(POSITIONS)


def test_number() -> None:
    run = check_agreement(lambda: frames()[1], FEEDS)
    numpy.testing.assert_array_equal(run.in_numpy.outputs["output"].value, FEEDS["data"][0][:, 1])


def test_position_per_sequence() -> None:
    run = check_agreement(
        lambda: {"frame": frames()[positions()], "label": classes()[positions()]}, FEEDS_WITH_POSITIONS
    )
    expected = FEEDS["data"][0][numpy.arange(3), [3, 0, 1]]
    numpy.testing.assert_array_equal(run.in_numpy.outputs["frame"].value, expected)


def test_last_frame_by_length() -> None:
    check_agreement(lambda: frames()[frames().seq_len - 1], FEEDS)


def test_features_by_label() -> None:
    """One feature for each frame: positions [batch, time] along the feature dim."""
    position = {**FEEDS, "classes": (FEEDS["classes"][0] % 5, FEEDS["classes"][1])}
    check_agreement(lambda: nn.gather(frames(), nn.cast(classes(), "int32"), axis=FEATURES), position)


def test_frames_at_many_positions() -> None:
    """Positions [batch, other] along time."""

    def model() -> nn.Tensor:
        x = nn.get_extern_data(nn.ExternData("where", [nn.batch_dim, nn.Dim(2, "two")], dtype="int32"))
        return nn.gather(frames(), x, axis=TIME)

    check_agreement(model, {**FEEDS, "where": numpy.array([[0, 3], [1, 0], [2, 2]], "int32")})


def test_of_a_vector() -> None:
    check_agreement(lambda: nn.gather(vector(), 2, axis=FEATURES), FEEDS)


def test_by_a_state_in_a_loop() -> None:
    """A pointer into another sequence that moves by what it finds, as in a transducer."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.t = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            frame = other_frames()[loop.state.t]
            step = nn.reduce_sum(frame + loop.unstack(frames())) > 0.0
            last = other_frames().seq_len - 1
            loop.state.t = nn.minimum(loop.state.t + nn.cast(step, "int32"), last)
            steps = loop.stack(frame)
        return {"steps": steps, "t": loop.state.t}

    check_agreement(model, FEEDS)


def test_by_the_step_of_a_loop() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            loop.state.s = 0.5 * loop.state.s + loop.unstack(frames()) * other_frames()[loop.iter_idx]
            return loop.stack(loop.state.s)

    check_agreement(model, FEEDS)


def test_each_frame_takes_another_one() -> None:
    """Positions along the axis itself: the next frame, and the last one once more."""

    def model() -> nn.Tensor:
        x = frames()
        next_frame = nn.expand(nn.range_over(TIME, like=x), [nn.batch_dim]) + 1
        last = nn.expand(x.seq_len - 1, [TIME])
        return nn.gather(x, nn.minimum(next_frame, last), axis=TIME)

    value = check_agreement(model, FEEDS).in_numpy.outputs["output"].value
    data, lengths = FEEDS["data"]
    for row, length in enumerate(lengths):
        numpy.testing.assert_array_equal(value[row, : length - 1], data[row, 1:length])
        numpy.testing.assert_array_equal(value[row, length - 1], data[row, length - 1])


def test_beyond_the_end_of_a_sequence() -> None:
    """The last frame of each sequence by itself, whatever stands behind shorter ones."""
    run = check_agreement(lambda: {"fixed": frames()[3], "next": frames()[frames().seq_len + 1]}, FEEDS)
    value, lengths = FEEDS["data"]
    for result in run.in_numpy.outputs.values():
        numpy.testing.assert_array_equal(result.value, value[numpy.arange(3), lengths - 1])


def test_beyond_the_end_of_another_sequence_than_that_of_the_loop() -> None:
    def model() -> nn.Tensor:
        longer = nn.postfix_in_time(nn.postfix_in_time(frames(), 0.5), 0.5)
        with nn.Loop() as loop:
            return loop.stack(loop.unstack(longer) + frames()[loop.iter_idx])

    steps = nn.run_numpy(nn.Network(model), FEEDS).outputs["output"].sequences()
    value, lengths = FEEDS["data"]
    for row, length in enumerate(lengths):
        numpy.testing.assert_allclose(steps[row][-1], 0.5 + value[row, length - 1], rtol=1e-5)
