"""The last frames of a value in a loop: a causal convolution."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, frames

pytestmark = pytest.mark.xdist_group("returnn-1")


class CausalConvolution(nn.Module):
    """Over three frames."""

    def __init__(self) -> None:
        super().__init__()
        self.window = nn.Window(FEATURES, 3)
        self.linear = nn.Linear(3 * FEATURES, 4)

    def forward(self) -> nn.Tensor:
        """[batch, time, 4]."""
        loop = nn.Loop()
        loop.state.window = self.window.initial_state()
        with loop:
            joined, loop.state.window = self.window(loop.unstack(frames()), loop.state.window)
            y = loop.stack(self.linear(joined))
        (y * 1.0).mark_as_loss("loss")
        return y


def test_is_a_causal_convolution() -> None:
    run = check_agreement(CausalConvolution(), FEEDS, gradients=True, train=True)
    parameters = run.in_returnn.parameters
    weight, bias = parameters["linear/W"].reshape(3, 5, 4), parameters["linear/b"]
    for row, length in enumerate(LENGTHS):
        padded = numpy.concatenate([numpy.zeros((2, 5)), FEEDS["data"][0][row, :length]])
        expected = sum(padded[shift : shift + length] @ weight[shift] for shift in range(3)) + bias
        numpy.testing.assert_allclose(
            run.in_numpy.outputs["output"].value[row, :length], expected, rtol=1e-4, atol=1e-5
        )


def test_one_frame_is_no_window() -> None:
    with pytest.raises(nn.NetworkError, match="at least 2"):
        nn.Window(FEATURES, 1)
