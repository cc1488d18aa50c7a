"""Softmax over features and over frames: the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, TIME, frames, other_frames
from ..stepwise import FrameFunction, in_loop, on_sequence

pytestmark = pytest.mark.xdist_group("returnn-1")

CASES: dict[str, FrameFunction] = {
    "softmax": lambda a, b, labels: nn.softmax(a),
    "log_softmax": lambda a, b, labels: nn.log_softmax(a),
    "softmax_of_scaled": lambda a, b, labels: nn.softmax(a * 3.0 + b),
}


@pytest.mark.parametrize("case", CASES)
def test_on_sequence(case: str) -> None:
    check_agreement(lambda: on_sequence(CASES[case]), FEEDS)


@pytest.mark.parametrize("case", CASES)
def test_in_loop(case: str) -> None:
    check_agreement(lambda: in_loop(CASES[case]), FEEDS)


def test_over_frames() -> None:
    """Padding gets no probability."""

    def model() -> dict[str, nn.Tensor]:
        weights = nn.softmax_over_spatial(frames())
        return {"weights": weights, "sum": nn.reduce_sum(weights, TIME)}

    run = check_agreement(model, FEEDS)
    numpy.testing.assert_allclose(run.in_numpy.outputs["sum"].value, 1.0, rtol=1e-5)


def test_log_over_frames() -> None:
    check_agreement(lambda: nn.log_softmax(frames(), axis=TIME), FEEDS)


def test_over_frames_without_features() -> None:
    check_agreement(lambda: nn.softmax_over_spatial(nn.reduce_sum(frames())), FEEDS)


def test_over_frames_in_loop() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            energy = nn.dot(other_frames(), loop.state.s + loop.unstack(frames()), reduce=FEATURES)
            weights = nn.softmax_over_spatial(energy, TIME)
            loop.state.s = nn.dot(weights, other_frames(), reduce=TIME)
            return loop.stack(loop.state.s)

    check_agreement(model, FEEDS)


def test_over_features_that_are_not_last() -> None:
    def model() -> dict[str, nn.Tensor]:
        second = nn.Dim(3, "second")
        x = nn.get_extern_data(nn.ExternData("x", [nn.batch_dim, FEATURES, second]))
        return {"softmax": nn.softmax(x, FEATURES), "log": nn.log_softmax(x, FEATURES)}

    x = numpy.random.default_rng(0).standard_normal((2, 5, 3)).astype("float32")
    check_agreement(model, {"x": x})
