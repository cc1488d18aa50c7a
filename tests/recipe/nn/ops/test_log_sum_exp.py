"""Sums of probabilities in log space: NumPy against plain loops, and RETURNN, also of nothing and of infinite ones."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, TIME
from .placed import FEEDS, PLACES, SEQUENCES, SequenceFunction, check_placed, classes, frames, others
from .slopes import check_slopes

pytestmark = pytest.mark.xdist_group("returnn-1")


def _clipped(x: nn.Tensor) -> nn.Tensor:
    """Without infinite values, of which there are no differences."""
    return nn.clip(x, -50.0, 50.0)


FUNCTIONS: dict[str, SequenceFunction] = {
    "over_time": lambda x: nn.reduce_logsumexp(x, "T"),
    "over_features": lambda x: nn.reduce_logsumexp(x),
    "over_both": lambda x: nn.reduce_logsumexp(x, ["T", "F"]),
    "of_two": lambda x: nn.logaddexp(x, nn.reverse(x)),
    "of_the_same": lambda x: nn.logaddexp(x, x),
    "with_a_number": lambda x: nn.logaddexp(0.5, x),
    "with_less": lambda x: nn.logaddexp(nn.reduce_sum(x), x),
    "with_nothing": lambda x: _clipped(nn.logaddexp(nn.where(x > 0.0, x, float("-inf")), float("-inf"))),
    "of_nothing": lambda x: (
        _clipped(nn.reduce_logsumexp(nn.where(x > 99.0, x, float("-inf")), "T")) * nn.reduce_sum(x, "T")
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_in_all_places(place: str) -> None:
    check_placed(place, FUNCTIONS, check_agreement)


@pytest.mark.parametrize("in_loop", [False, True])
@pytest.mark.parametrize("case", FUNCTIONS)
def test_gradients(case: str, in_loop: bool) -> None:
    check_slopes(FUNCTIONS[case], in_loop=in_loop)


def test_against_plain_loops() -> None:
    def model() -> dict[str, nn.Tensor]:
        x = frames()
        endless = nn.where(x > -99.0, float("-inf"), x)
        return {
            "time": nn.reduce_logsumexp(x, TIME),
            "large": nn.reduce_logsumexp(1000.0 * x, TIME),
            "both": nn.reduce_logsumexp(x, [TIME, FEATURES]),
            "two": nn.logaddexp(x, 200.0 * nn.reverse(x)),
            "infinite": nn.reduce_logsumexp(endless, TIME),
            "two_infinite": nn.logaddexp(endless, float("-inf")),
            "one_infinite": nn.logaddexp(endless, x),
        }

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    for b, x in enumerate(SEQUENCES):
        x = x.astype("float64")
        expected = {
            "time": numpy.logaddexp.reduce(x, axis=0),
            "large": numpy.logaddexp.reduce(1000.0 * x, axis=0),
            "both": numpy.logaddexp.reduce(x.reshape(-1)),
            "infinite": numpy.full(5, -numpy.inf),
        }
        for name, value in expected.items():
            numpy.testing.assert_allclose(outputs[name].value[b], value, rtol=1e-5, err_msg=name)
        of_frames = {"two": numpy.logaddexp(x, 200.0 * x[::-1]), "one_infinite": x, "two_infinite": x * 0.0 - numpy.inf}
        for name, value in of_frames.items():
            numpy.testing.assert_allclose(outputs[name].sequences()[b], value, rtol=1e-5, err_msg=name)


def test_of_nothing() -> None:
    """No sequence of the batch has a frame."""

    def model() -> nn.Tensor:
        return nn.reduce_logsumexp(nn.unfold(others(), 9, padding="valid"), "T")

    value = check_agreement(model, FEEDS).in_numpy.outputs["output"].value
    assert value.shape == (3, 9, 5) and (value == -numpy.inf).all()


def test_refused() -> None:
    with pytest.raises(nn.NetworkError, match="test_log_sum_exp.*reduce_logsumexp wants numbers of a float type"):
        nn.Network(lambda: nn.reduce_logsumexp(nn.cast(classes(), "int32"), TIME))
    with pytest.raises(nn.NetworkError, match="test_log_sum_exp.*logaddexp wants numbers of a float type"):
        nn.Network(lambda: nn.logaddexp(classes(), classes()))
    with pytest.raises(nn.NetworkError, match="dims do not match in logaddexp"):
        nn.Network(lambda: nn.logaddexp(frames(), others()))
