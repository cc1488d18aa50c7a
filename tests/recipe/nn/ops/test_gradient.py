"""Values as they are, with other gradients."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES
from ..inputs import FEEDS as PLAIN
from .placed import FEEDS, PLACES, check_placed, classes, frames
from .slopes import check_slopes

pytestmark = pytest.mark.xdist_group("returnn-1")


@pytest.mark.parametrize("place", PLACES)
def test_in_all_places(place: str) -> None:
    check_placed(place, {"both": lambda x: nn.stop_gradient(x) + nn.scale_gradient(x, 0.5)}, check_agreement)


@pytest.mark.parametrize("factor", [-1, 0, 0.5, 3.0])
def test_factor(factor: float) -> None:
    check_slopes(lambda x: nn.scale_gradient(nn.tanh(x), factor), factor=factor)


def test_no_gradient() -> None:
    check_slopes(lambda x: nn.stop_gradient(nn.tanh(x)), factor=0.0)


class _Recurrence(nn.Module):
    """A recurrence whose gradient may go into a step and no further back."""

    def __init__(self, stops: bool):
        super().__init__()
        self.stops, self.linear = stops, nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            before = nn.stop_gradient(loop.state.h) if self.stops else loop.state.h
            loop.state.h = nn.tanh(self.linear(before) + loop.unstack(frames()))
            y = loop.stack(loop.state.h)
        nn.reduce_sum(y).mark_as_loss()
        return y


def test_between_steps() -> None:
    """With the gradient stopped, that of the weights is the sum over steps of ``h[t - 1]^T (1 - h[t]^2)``."""
    runs = {stops: check_agreement(_Recurrence(stops), PLAIN, train=True, gradients=True) for stops in (False, True)}
    name = "linear/W"
    through, stopped = (runs[stops].in_returnn.gradients[name] for stops in (False, True))
    assert through is not None and stopped is not None
    expected = numpy.zeros((5, 5))
    for h in runs[True].in_numpy.outputs["output"].sequences():
        expected += h[:-1].T @ (1.0 - h[1:] ** 2)
    numpy.testing.assert_allclose(stopped, expected, rtol=1e-4, atol=1e-5)
    assert numpy.abs(through - stopped).max() > 0.01


def test_integers_and_labels_stop() -> None:
    def model() -> nn.Tensor:
        labels = nn.stop_gradient(classes())
        assert labels.sparse_dim is classes().sparse_dim
        return labels

    check_agreement(model, FEEDS)


def test_refused() -> None:
    with pytest.raises(nn.NetworkError, match="test_gradient.*scale_gradient wants numbers of a float type"):
        nn.Network(lambda: nn.scale_gradient(classes(), 2.0))
    with pytest.raises(nn.NetworkError, match="the factor of scale_gradient must be a number, not 'half'"):
        nn.Network(lambda: nn.scale_gradient(frames(), "half"))
