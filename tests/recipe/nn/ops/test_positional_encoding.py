"""Positional encoding: RETURNN's sinusoids, over an axis and by the steps of a loop."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEEDS, FRAMES, frames, vector

pytestmark = pytest.mark.xdist_group("returnn-1")


@pytest.mark.parametrize("stays", [False, True])
def test_in_a_loop_as_over_the_axis(stays: bool) -> None:
    """``stays``: whether the loop has a state, so that RETURNN counts the steps itself."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        loop = nn.Loop(axis=FRAMES.dims[1])
        loop.state.sum = nn.zeros([nn.batch_dim, FRAMES.dims[-1]])
        with loop:
            frame = loop.unstack(x)
            encoded = nn.positional_encoding(frame + 0.0 * loop.state.sum if stays else frame)
            loop.state.sum = loop.state.sum + encoded
            stacked = loop.stack(encoded)
        return {"axis": nn.positional_encoding(x), "loop": stacked}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    numpy.testing.assert_allclose(outputs["axis"].value, outputs["loop"].value, rtol=1e-5)


def test_of_a_value_from_outside_of_the_loop() -> None:
    """It counts the steps of the loop, though it reads nothing of them."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            loop.unstack(frames())
            return loop.stack(nn.positional_encoding(vector()))

    result = nn.run_numpy(nn.Network(model), FEEDS).outputs["output"]
    angles = numpy.arange(4)[:, None] * numpy.array([1.0, 1e-4])
    encoding = numpy.concatenate([numpy.sin(angles), numpy.cos(angles), numpy.zeros((4, 1))], axis=1)
    numpy.testing.assert_allclose(result.value, FEEDS["vector"][:, None] + encoding, rtol=1e-5)


def test_values() -> None:
    """``sin`` and ``cos`` of the position in the first half and the second, the slowest with a period of 10,000."""
    value, lengths = FEEDS["data"]
    run = nn.run_numpy(nn.Network(lambda: nn.positional_encoding(frames())), {"data": (value * 0, lengths)})
    first = run.outputs["output"].value[0]
    assert first[0] == pytest.approx([0, 0, 1, 1, 0])
    expected = [numpy.sin(3), numpy.sin(3e-4), numpy.cos(3), numpy.cos(3e-4), 0]
    assert first[3] == pytest.approx(expected, abs=1e-6)


def test_errors() -> None:
    def no_axis() -> nn.Tensor:
        return nn.positional_encoding(nn.zeros([nn.batch_dim, 8]))

    with pytest.raises(nn.NetworkError, match="wants an axis with lengths, or a loop"):
        nn.Network(no_axis)
    with pytest.raises(nn.NetworkError, match="at least 4 features"):
        nn.Network(lambda: nn.positional_encoding(nn.Linear(2)(frames())))


def test_along_an_axis_of_a_step() -> None:
    """Of a sequence that each step makes anew."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            encoded = nn.positional_encoding(frames() * loop.state.s)
            loop.state.s = nn.tanh(loop.unstack(frames()) + nn.reduce_sum(encoded, FRAMES.dims[1]))
            return loop.stack(loop.state.s)

    check_agreement(model, FEEDS)
