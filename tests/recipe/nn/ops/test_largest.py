"""The greatest entries and their positions: NumPy against plain loops, and RETURNN."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, LABELS, TIME
from ..inputs import FEEDS as PLAIN_FEEDS
from .placed import (
    FEEDS,
    LABEL_SEQUENCES,
    PLACES,
    SEQUENCES,
    SequenceFunction,
    check_placed,
    classes,
    frames,
    others,
)
from .slopes import check_slopes

pytestmark = pytest.mark.xdist_group("returnn-1")

FUNCTIONS: dict[str, SequenceFunction] = {
    "values": lambda x: nn.top_k(x, 3, axis="T")[0],
    "positions": lambda x: nn.top_k(x, 3, axis="T")[1],
    "features": lambda x: nn.top_k(x, 2)[0],
    "gathered": lambda x: nn.gather(x, nn.top_k(nn.reduce_sum(x), 2, axis="T")[1], axis="T"),
    "gathered_features": lambda x: nn.gather(x, nn.top_k(x, 2)[1], axis=FEATURES),
}


@pytest.mark.parametrize("place", PLACES)
def test_in_all_places(place: str) -> None:
    check_placed(place, FUNCTIONS, check_agreement)


def test_against_plain_loops() -> None:
    """Fewer frames than are wanted, equal entries, integers below zero."""

    def model() -> dict[str, nn.Tensor]:
        x, numbers = frames(), nn.cast(classes(), "int32") - 20
        best = nn.Dim(3, "best")
        values, positions = nn.top_k(x, best, axis=TIME)
        of_features, labels = nn.top_k(x, best)
        of_integers, places = nn.top_k(numbers // 3, best, axis=TIME)
        assert labels.sparse_dim is FEATURES and positions.sparse_dim is None
        assert values.dims == (nn.batch_dim, best, FEATURES) and of_features.dims == (nn.batch_dim, TIME, best)
        none = nn.top_k(nn.where(x > -99.0, float("-inf"), x), best, axis=TIME)[1]
        return {
            **{"values": values, "positions": positions, "of_features": of_features, "labels": labels},
            **{"of_integers": of_integers, "places": places, "of_nothing": none},
            "classes": nn.gather(classes(), nn.top_k(nn.reduce_sum(x), best, axis=TIME)[1], axis=TIME),
        }

    outputs = check_agreement(model, FEEDS, gradients=True, train=True).in_numpy.outputs

    def best_of(x: numpy.ndarray, lowest: float) -> tuple[list, list]:
        order = sorted(range(len(x)), key=lambda t: (-x[t], t))[:3]
        missing = 3 - len(order)
        return [x[t] for t in order] + [lowest] * missing, order + [0] * missing

    for b, (x, labels) in enumerate(zip(SEQUENCES, LABEL_SEQUENCES)):
        for f in range(5):
            values, positions = best_of(x[:, f], -numpy.inf)
            numpy.testing.assert_array_equal(outputs["values"].value[b, :, f], values)
            numpy.testing.assert_array_equal(outputs["positions"].value[b, :, f], positions)
        for t in range(len(x)):
            values, positions = best_of(x[t], -numpy.inf)
            numpy.testing.assert_array_equal(outputs["of_features"].value[b, t], values)
            numpy.testing.assert_array_equal(outputs["labels"].value[b, t], positions)
        values, positions = best_of((labels - 20) // 3, numpy.iinfo("int32").min)
        numpy.testing.assert_array_equal(outputs["of_integers"].value[b], values)
        numpy.testing.assert_array_equal(outputs["places"].value[b], positions)
        numpy.testing.assert_array_equal(
            outputs["classes"].value[b], [labels[t] for t in best_of(x.sum(axis=1), 0.0)[1]]
        )
        count = min(len(x), 3)
        expected = [t if t < count else 0 for t in range(3)]
        numpy.testing.assert_array_equal(
            outputs["of_nothing"].value[b], numpy.array(expected)[:, None].repeat(5, axis=1)
        )


class _Sparse(nn.Module):
    """Only the greatest scores of a mixture count, with a gradient for those."""

    def __init__(self) -> None:
        super().__init__()
        self.scores, self.experts = nn.Linear(FEATURES, LABELS), nn.Embedding(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        best = nn.Dim(2, "best")
        values, experts = nn.top_k(self.scores(frames()), best)
        y = nn.dot(nn.softmax(values, axis=best), self.experts(experts), reduce=best)
        nn.mean_squared_error(y, frames()).mark_as_loss()
        return y


def test_mixture_of_the_best() -> None:
    run = check_agreement(_Sparse(), PLAIN_FEEDS, train=True, gradients=True).in_returnn
    for gradient in run.gradients.values():
        assert gradient is not None and numpy.isfinite(gradient).all() and gradient.any()


@pytest.mark.parametrize("in_loop", [False, True])
@pytest.mark.parametrize("case", [case for case in FUNCTIONS if case != "positions"])
def test_gradients(case: str, in_loop: bool) -> None:
    check_slopes(lambda x: nn.clip(FUNCTIONS[case](x), -99.0, 99.0), in_loop=in_loop)


def test_of_nothing() -> None:
    """No sequence of the batch has a frame."""

    def model() -> dict[str, nn.Tensor]:
        windows = nn.unfold(others(), 9, padding="valid")
        values, positions = nn.top_k(windows, nn.Dim(2, "best"), axis="T")
        return {"values": values, "positions": positions, "first": nn.argmax(windows, axis="T")}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    assert (outputs["values"].value == -numpy.inf).all() and not outputs["positions"].value.any()


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "too_many": (lambda: nn.top_k(frames(), 6), "features=5 has 5 entries, so not 6 can be taken"),
    "labels": (lambda: nn.top_k(classes(), 2, axis="T"), r"is labels; nn.cast\(x, 'int32'\)"),
    "bool": (lambda: nn.top_k(frames() > 0.0, 2), r"is bool; nn.cast\(x, 'int32'\)"),
    "of_nothing": (lambda: nn.top_k(frames(), 0), "a size is a Dim or an int of at least 1, not 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    model, message = REFUSED[case]
    with pytest.raises(nn.NetworkError, match=message) as caught:
        nn.Network(model)
    assert "test_largest.py" in str(caught.value)
