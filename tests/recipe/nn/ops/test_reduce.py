"""Sums, means and extremes: the same in NumPy and RETURNN, over features and over sequences with lengths."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, TIME, frames, other_frames
from ..stepwise import in_loop, on_sequence

pytestmark = pytest.mark.xdist_group("returnn-1")

REDUCTIONS = [nn.reduce_sum, nn.reduce_mean, nn.reduce_max, nn.reduce_min]
Reduction = Callable[..., nn.Tensor]


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_over_features(reduce: Reduction) -> None:
    check_agreement(lambda: on_sequence(lambda a, b, labels: reduce(a)), FEEDS)


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_over_features_in_loop(reduce: Reduction) -> None:
    check_agreement(lambda: in_loop(lambda a, b, labels: reduce(a)), FEEDS)


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_over_time(reduce: Reduction) -> None:
    run = check_agreement(lambda: reduce(frames(), TIME), FEEDS)
    value, lengths = FEEDS["data"]
    function = {"sum": numpy.sum, "mean": numpy.mean, "max": numpy.max, "min": numpy.min}[reduce.__name__[7:]]
    expected = numpy.stack([function(row[:length], axis=0) for row, length in zip(value, lengths)])
    numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value, expected, rtol=1e-5)


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_over_time_of_outer_value_in_loop(reduce: Reduction) -> None:
    """A whole sequence, changed by each step's state, is reduced in that step."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            step = loop.unstack(frames())
            loop.state.s = 0.1 * reduce(other_frames() * nn.sigmoid(loop.state.s), TIME) + step
            steps = loop.stack(loop.state.s)
        return {"steps": steps, "last": loop.state.s}

    check_agreement(model, FEEDS)


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_over_time_and_features(reduce: Reduction) -> None:
    check_agreement(lambda: reduce(frames(), [TIME, FEATURES]), FEEDS)


@pytest.mark.parametrize("reduce", [nn.reduce_sum, nn.reduce_max, nn.reduce_min])
def test_integers(reduce: Reduction) -> None:
    check_agreement(lambda: reduce(nn.cast(frames() * 5.0, "int32"), TIME), FEEDS)


def test_axis_by_letter() -> None:
    run = check_agreement(lambda: {"t": nn.reduce_sum(frames(), "T"), "f": nn.reduce_sum(frames(), "F")}, FEEDS)
    assert run.in_numpy.outputs["t"].value.shape == (len(LENGTHS), FEATURES.size)
    assert run.in_numpy.outputs["f"].value.shape == (len(LENGTHS), max(LENGTHS))
