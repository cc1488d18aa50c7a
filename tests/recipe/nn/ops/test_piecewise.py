"""Values within limits, and the leaky ReLU."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import LABELS
from .placed import FEEDS, LABEL_SEQUENCES, PLACES, SEQUENCES, check_placed, classes, frames
from .slopes import check_slopes

pytestmark = pytest.mark.xdist_group("returnn-1")


@pytest.mark.parametrize("place", PLACES)
def test_in_all_places(place: str) -> None:
    check_placed(place, {"both": lambda x: nn.clip(x, -0.5, 0.5) + nn.leaky_relu(x)}, check_agreement)


def test_against_numpy() -> None:
    def model() -> dict[str, nn.Tensor]:
        x = frames()
        assert nn.clip(classes(), 1, 3).sparse_dim is LABELS
        return {
            "both": nn.clip(x, -0.5, 0.25),
            "low": nn.clip(x, 0, None),
            "high": nn.clip(x, None, 0.25),
            "tensors": nn.clip(x, nn.reduce_mean(x), 1.0),
            "integers": nn.clip(nn.cast(classes(), "int32"), 1, 3),
            "labels": nn.clip(classes(), 1, 3),
            "leaky": nn.leaky_relu(x),
            "leakier": nn.leaky_relu(x, 0.5),
        }

    outputs = check_agreement(model, FEEDS, gradients=True, train=True).in_numpy.outputs
    for b, (x, labels) in enumerate(zip(SEQUENCES, LABEL_SEQUENCES)):
        expected = {
            "both": numpy.clip(x, -0.5, 0.25),
            "low": numpy.clip(x, 0.0, None),
            "high": numpy.clip(x, None, 0.25),
            "tensors": numpy.clip(x, x.mean(axis=1, keepdims=True), 1.0),
            "integers": numpy.clip(labels, 1, 3),
            "labels": numpy.clip(labels, 1, 3),
            "leaky": numpy.where(x > 0, x, 0.01 * x),
            "leakier": numpy.where(x > 0, x, 0.5 * x),
        }
        for name, value in expected.items():
            numpy.testing.assert_allclose(outputs[name].sequences()[b], value, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("in_loop", [False, True])
def test_gradients(in_loop: bool) -> None:
    check_slopes(lambda x: nn.clip(x, -0.5, 0.5) + 0.5 * nn.leaky_relu(x), in_loop=in_loop)


REFUSED: dict[str, tuple[Callable[[], nn.Tensor], str]] = {
    "no_limit": (lambda: nn.clip(frames(), None, None), r"nn.clip\(x, -1.0, 1.0\)"),
    "swapped": (lambda: nn.clip(frames(), 1, -1), "the lower limit 1 is above the upper one, -1"),
    "labels": (lambda: nn.clip(classes(), 0.5, 1.0), "maximum of int32 and float32"),
    "bool": (lambda: nn.clip(frames() > 0.0, False, True), "maximum is for numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    model, message = REFUSED[case]
    with pytest.raises(nn.NetworkError, match=message) as caught:
        nn.Network(model)
    assert "test_piecewise.py" in str(caught.value)
