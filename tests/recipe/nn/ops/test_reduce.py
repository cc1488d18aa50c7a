"""Sums, means and extremes: the same in NumPy and RETURNN, over features and over sequences with lengths."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, TIME, classes, frames, other_frames
from ..stepwise import in_loop, on_sequence
from .placed import check_placed

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


def test_of_nothing() -> None:
    """Sequences of which some, or all, have no full window; what a search found, where some hypotheses are empty."""
    reductions = {"sum": nn.reduce_sum, "max": nn.reduce_max, "min": nn.reduce_min, "mean": nn.reduce_mean}

    def model() -> dict[str, nn.Tensor]:
        outputs = {}
        for size in (3, 9):
            window = nn.Dim(size, "window")
            x = nn.unfold(frames(), window, padding="valid")
            for name, reduce in reductions.items():
                outputs[f"{name}{size}"] = reduce(x, "T")
                outputs[f"{name}{size}_of_window"] = reduce(x, ["T", window])
        return outputs

    outputs = check_agreement(model, FEEDS, gradients=True, train=True).in_numpy.outputs
    nothing = {"sum": 0.0, "mean": 0.0, "max": -numpy.inf, "min": numpy.inf}
    for name, value in nothing.items():
        assert (outputs[f"{name}3"].value[1] == value).all() and numpy.isfinite(outputs[f"{name}3"].value[0]).all()
        assert (outputs[f"{name}9"].value == value).all() and (outputs[f"{name}9_of_window"].value == value).all()


def test_mean_of_a_sequence_without_frames_is_trained_with() -> None:
    """An input sequence without frames, beside another one: its mean is 0, and spoils no gradient."""
    layer = nn.Linear(FEATURES, FEATURES)

    def model() -> nn.Tensor:
        mean = nn.reduce_mean(layer(frames()), TIME)
        nn.reduce_sum(mean * mean).mark_as_loss("square")
        return mean

    value, lengths = FEEDS["data"]
    feeds = {"data": (value, numpy.array([lengths[0], 0, *lengths[2:]], "int32"))}
    in_numpy = check_agreement(model, feeds, gradients=True, train=True).in_numpy
    assert (in_numpy.outputs["output"].value[1] == 0).all() and numpy.isfinite(in_numpy.losses["square"])


@pytest.mark.parametrize("place", ["after_a_search", "in_a_search", "in_steps"])
def test_of_nothing_in_other_places(place: str) -> None:
    valid: dict[str, Reduction] = {
        "max": lambda x: nn.reduce_max(nn.unfold(x, 3, padding="valid"), "T"),
        "min": lambda x: nn.reduce_min(x, "T"),
    }
    check_placed(place, valid, check_agreement)


def test_labels_are_numbers() -> None:
    def model() -> dict[str, nn.Tensor]:
        assert nn.reduce_max(classes(), TIME).sparse_dim is None
        return {"max": nn.reduce_max(classes(), TIME), "sum": nn.reduce_sum(classes(), TIME)}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    for b, (row, length) in enumerate(zip(*FEEDS["classes"])):
        assert outputs["max"].value[b] == row[:length].max() and outputs["sum"].value[b] == row[:length].sum()


def test_axis_by_letter() -> None:
    run = check_agreement(lambda: {"t": nn.reduce_sum(frames(), "T"), "f": nn.reduce_sum(frames(), "F")}, FEEDS)
    assert run.in_numpy.outputs["t"].value.shape == (len(LENGTHS), FEATURES.size)
    assert run.in_numpy.outputs["f"].value.shape == (len(LENGTHS), max(LENGTHS))
