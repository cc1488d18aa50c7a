"""Feeds and parameters of ``nn.run_numpy`` that do not fit the network."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..inputs import FEATURES, LABELS, classes, frames
from .wrong_programs import check_parts

ARRAY = numpy.zeros((2, 3, 5), "float32")
LABEL_ARRAY = numpy.zeros((2, 3), "int32")
LENGTHS = numpy.array([3, 2])
GOOD: dict[str, Any] = {"data": (ARRAY, LENGTHS), "classes": (LABEL_ARRAY, LENGTHS)}


class Classifier(nn.Module):
    """Reads both inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        return nn.cross_entropy(self.linear(frames()), classes())


NETWORK = nn.Network(Classifier())


def message_of_run(*args: Any) -> str:
    """The error about a run."""
    with pytest.raises(nn.NetworkError) as caught:
        nn.run_numpy(NETWORK, *args)
    assert str(caught.value).startswith(f"{__file__}:")
    return str(caught.value)


def test_good_feeds() -> None:
    assert nn.run_numpy(NETWORK, GOOD).outputs["output"].value.shape == (2, 3)
    assert nn.run_numpy(NETWORK, {**GOOD, "unused": ARRAY}).outputs["output"].value.shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "feed", "parts"),
    [
        ("data", (ARRAY[0], LENGTHS), ["'data' has the dims [batch, time, features=5]", "(3, 5)", "3 axes, not 2"]),
        ("data", (ARRAY[..., :4], LENGTHS), ["'data'", "(2, 3, 4)", "axis features=5 has the size 5, not 4"]),
        ("data", (ARRAY.transpose(1, 0, 2), LENGTHS), ["'data' has 3 sequences", "have 2"]),
        ("classes", (LABEL_ARRAY[:1], LENGTHS[:1]), ["'data' has 2 sequences", "have 1"]),
        ("data", (ARRAY, [3, 3]), ["disagree about the lengths of time", "[3, 2]", "[3, 3]", "two Dims"]),
        ("data", (ARRAY, [4, 2]), ["lengths of time are [4, 2]", "3 frames"]),
        ("data", (ARRAY, [3, -1]), ["lengths of time are [3, -1]", "3 frames"]),
        ("data", (ARRAY, [3]), ["one for each of 2 sequences", "[3]"]),
        ("data", (ARRAY, [3.0, 2.5]), ["whole numbers", "[3.0, 2.5]"]),
        ("data", (ARRAY, LENGTHS, LENGTHS), ["1 dims with lengths, but 2 arrays"]),
        (
            "data",
            ([[1.0, 2.0], [3.0]], LENGTHS),
            ["[batch, time, features=5]", "padded to one array", "(array, lengths)"],
        ),
        ("data", "text", ["an array of float32", "'text' was fed"]),
        ("data", None, ["an array of float32", "None was fed"]),
        ("classes", (LABEL_ARRAY + 0.5, LENGTHS), ["'classes' is int32", "float64"]),
        ("classes", (LABEL_ARRAY + 7, LENGTHS), ["labels of labels=7, 0 to 6", "7 to 7 were fed"]),
        ("classes", (LABEL_ARRAY - 1, LENGTHS), ["labels of labels=7, 0 to 6", "-1 to -1 were fed"]),
    ],
)
def test_feed_that_does_not_fit(name: str, feed: Any, parts: list[str]) -> None:
    check_parts(message_of_run({**GOOD, name: feed}), parts)


def test_missing_feed() -> None:
    feeds = {"dat": GOOD["data"], "classes": GOOD["classes"]}
    check_parts(message_of_run(feeds), ["'data' [batch, time, features=5]", "only for ['classes', 'dat']"])


def test_feeds_that_are_no_dict() -> None:
    check_parts(message_of_run(ARRAY), ["by the names of inputs", "ndarray"])


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("linear/W", numpy.zeros((7, 5)), ["'linear/W' [features=5, labels=7]", "shape (5, 7)", "(7, 5)"]),
        ("linear/b", None, ["'linear/b' [labels=7]", "()"]),
        ("linear/b", numpy.array(["a"] * 7), ["'linear/b'", "float32", "<U1"]),
    ],
)
def test_parameter_that_does_not_fit(name: str, value: Any, parts: list[str]) -> None:
    check_parts(message_of_run(GOOD, {**NETWORK.random_parameters(), name: value}), parts)


def test_missing_parameter() -> None:
    parameters = {"linear/W": NETWORK.random_parameters()["linear/W"]}
    check_parts(message_of_run(GOOD, parameters), ["'linear/b' [labels=7]", "there is ['linear/W']"])
