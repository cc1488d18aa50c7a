"""Numbers by the step of training."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEEDS, LENGTHS, frames

pytestmark = pytest.mark.xdist_group("returnn-1")

POINTS = {10: 1.0, 0: 0.0, 20: 0.5, 30: 0.5}
NUMBERS = nn.ExternData("numbers", [nn.batch_dim])
STEPS = [-3.0, 0.0, 2.5, 9.99, 10.0, 14.0, 20.0, 25.0, 31.0]


def at_step(function: Any, step: int, points: Any = POINTS) -> float:
    network = nn.Network(lambda: function(nn.train_step(), points))
    return float(nn.run_numpy(network, {}, train_step=step).outputs["output"].value)


def test_by_the_step_of_training() -> None:
    """As ``numpy.interp``, and the last point; steps beyond 2**24, which float32 does not tell apart, too."""
    for step in (0, 3, 10, 13, 20, 27, 30, 1000):
        numpy.testing.assert_allclose(
            at_step(nn.piecewise_linear, step), numpy.interp(step, [0, 10, 20, 30], [0.0, 1.0, 0.5, 0.5]), rtol=1e-6
        )
        last = max(point for point in POINTS if point <= step)
        assert at_step(nn.piecewise_constant, step) == POINTS[last]
    far = {0: 0.0, 2**24 + 1: 1.0, 2**24 + 3: 2.0}
    assert [at_step(nn.piecewise_constant, 2**24 + more, far) for more in range(4)] == [0.0, 1.0, 1.0, 2.0]
    linear = [at_step(nn.piecewise_linear, 2**24 + more, far) for more in (1, 2, 3)]
    numpy.testing.assert_allclose(linear, [1.0, 1.5, 2.0])


def test_of_any_numbers() -> None:
    """In RETURNN, too: of floats, in a loop, and of the step of training."""

    def model() -> dict[str, nn.Tensor]:
        x = nn.get_extern_data(NUMBERS)
        with nn.Loop() as loop:
            weight = nn.piecewise_linear(loop.iter_idx, {0: 1.0, 2: 0.0}) * nn.piecewise_constant(
                loop.iter_idx, {1: 3.0}
            )
            stacked = loop.stack(loop.unstack(frames()) * weight)
        scale = nn.piecewise_linear(nn.train_step(), {-1: 0.0, 1: 2.0})
        return {
            "linear": nn.piecewise_linear(x, POINTS),
            "constant": nn.piecewise_constant(x, POINTS),
            "stacked": stacked,
            "scaled": x * scale,
        }

    feeds = {**FEEDS, "numbers": numpy.array(STEPS, "float32")}
    feeds["data"] = (numpy.ones((len(STEPS), 4, 5), "float32"), numpy.array([4, 2, 3] * 3))
    outputs = check_agreement(model, feeds).in_numpy.outputs
    wanted = numpy.interp(STEPS, [0, 10, 20, 30], [0.0, 1.0, 0.5, 0.5])
    numpy.testing.assert_allclose(outputs["linear"].value, wanted, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_array_equal(outputs["constant"].value, [0, 0, 0, 0, 1, 1, 0.5, 0.5, 0.5])
    numpy.testing.assert_allclose(outputs["stacked"].value[0, :, 0], [3.0, 1.5, 0.0, 0.0])
    numpy.testing.assert_allclose(outputs["scaled"].value, STEPS, rtol=1e-6)
    assert len(LENGTHS) == 3


@pytest.mark.parametrize(
    "points, message",
    [
        ({}, "wants numbers by where they are reached"),
        ([1, 2], "wants numbers by where they are reached"),
        ({0: "much"}, "wants numbers by where they are reached"),
        ({0: 1.0, 2.5: 2.0}, "is int32, so points are whole numbers, not 2.5"),
    ],
)
def test_wrong_points(points: Any, message: str) -> None:
    for function in (nn.piecewise_linear, nn.piecewise_constant):
        with pytest.raises(nn.NetworkError, match=message):
            nn.Network(lambda function=function: function(nn.train_step(), points))  # type: ignore[misc]
