"""The positions of the greatest and the smallest entries: NumPy against plain loops, and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn.ops.loss import ArgMax

from ..agreement import check_agreement
from ..inputs import FEATURES, TIME
from .placed import FEEDS, LABEL_SEQUENCES, PLACES, SEQUENCES, SequenceFunction, check_placed, classes, frames

pytestmark = pytest.mark.xdist_group("returnn-1")

FUNCTIONS: dict[str, SequenceFunction] = {
    "argmax": lambda x: nn.argmax(x, axis="T"),
    "argmin": lambda x: nn.argmin(x, axis="T"),
    "argmin_of_features": lambda x: nn.argmin(x),
    "gathered": lambda x: nn.gather(x, nn.argmax(nn.reduce_sum(x), axis="T"), axis="T"),
}


@pytest.mark.parametrize("place", PLACES)
def test_in_all_places(place: str) -> None:
    check_placed(place, FUNCTIONS, check_agreement)


def test_against_plain_loops() -> None:
    """Of equal entries the first, also where all are infinite; of integers below zero; of conditions."""

    def model() -> dict[str, nn.Tensor]:
        x, numbers = frames(), nn.cast(classes(), "int32")
        endless = nn.where(x > -99.0, float("-inf"), x)
        assert nn.argmax(x, axis=TIME).sparse_dim is None and nn.argmin(x).sparse_dim is FEATURES
        return {
            "argmax": nn.argmax(x, axis=TIME),
            "argmin": nn.argmin(x, axis=TIME),
            "features": nn.argmin(x),
            "infinite": nn.argmax(endless, axis=TIME),
            "infinite_min": nn.argmin(-endless, axis=TIME),
            "integers": nn.argmax(numbers // 3 - 20, axis=TIME),
            "integers_min": nn.argmin(numbers // 3 + 20, axis=TIME),
            "labels": nn.argmax(classes(), axis=TIME),
            "first": nn.argmax(x > 0.3, axis=TIME),
        }

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    for b, (x, labels) in enumerate(zip(SEQUENCES, LABEL_SEQUENCES)):
        for f in range(5):
            best = min(range(len(x)), key=lambda t: (-x[t, f], t))
            worst = min(range(len(x)), key=lambda t: (x[t, f], t))
            first = next((t for t in range(len(x)) if x[t, f] > 0.3), 0)
            for name, position in {"argmax": best, "argmin": worst, "first": first}.items():
                assert outputs[name].value[b, f] == position, name
        assert not outputs["infinite"].value[b].any() and not outputs["infinite_min"].value[b].any()
        assert outputs["integers"].value[b] == (labels // 3).argmax()
        assert outputs["integers_min"].value[b] == (labels // 3).argmin()
        assert outputs["labels"].value[b] == labels.argmax()
        numpy.testing.assert_array_equal(outputs["features"].sequences()[b], x.argmin(axis=1))


def test_along_the_features_it_is_what_it_was() -> None:
    def model() -> nn.Tensor:
        best = nn.argmax(frames())
        assert isinstance(best.op, ArgMax) and isinstance(nn.argmax(frames(), axis="F").op, ArgMax)
        return best

    nn.Network(model)


def test_refused() -> None:
    with pytest.raises(
        nn.NetworkError, match=r"test_extreme_position.*are labels themselves.*nn.argmin\(x, axis=...\)"
    ):
        nn.Network(lambda: nn.argmin(classes()))
