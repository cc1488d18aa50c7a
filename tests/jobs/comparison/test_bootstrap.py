"""The paired bootstrap: what is chance and what is not, and that it is the same each time."""

from __future__ import annotations

import math

import numpy
import pytest

from jobs.comparison.bootstrap import error_rate, paired_difference


def _counts(errors: list[int], length: int = 10) -> dict[str, tuple[int, int]]:
    return {f"s{number}": (count, length) for number, count in enumerate(errors)}


def test_a_clear_difference() -> None:
    first, other = _counts([3] * 50), _counts([2] * 45 + [3] * 5)
    found = paired_difference(first, other, samples=2000)
    assert found is not None and found.value == pytest.approx(-9.0)
    assert found.low < -9.0 < found.high < 0 and found.improvement == 1.0
    assert found.p == pytest.approx(2 / 2001) and found.is_significant
    turned = paired_difference(other, first, samples=2000)
    assert turned is not None and turned.value == pytest.approx(9.0) and turned.improvement == 0.0


def test_chance() -> None:
    generator = numpy.random.default_rng(3)
    first, other = (_counts([int(count) for count in generator.integers(4, size=60)]) for _ in range(2))
    found = paired_difference(first, other)
    assert found is not None and found.low < 0 < found.high and found.p > 0.05 and not found.is_significant
    assert found == paired_difference(first, other), "the same draws each time"


def test_pairs_count() -> None:
    """Two systems that are alike in hard and easy sequences: their difference is clearer than their rates are."""
    hard = [8 if number % 2 else 0 for number in range(60)]
    better = [max(0, count - 1) for count in hard]
    found = paired_difference(_counts(hard), _counts(better))
    assert found is not None and found.high < 0
    drawn = numpy.random.default_rng(1).integers(60, size=(1000, 60))
    spread = numpy.quantile(10.0 * numpy.array(hard)[drawn].mean(axis=1), [0.025, 0.975])
    assert found.high - found.low < 0.3 * (spread[1] - spread[0])


def test_equal_and_not_comparable() -> None:
    same = paired_difference(_counts([1, 2, 3]), _counts([1, 2, 3]), samples=100)
    assert same is not None and same.value == 0 and same.p == 1.0 and not same.is_significant
    assert paired_difference(_counts([1, 2]), _counts([1, 2, 3])) is None
    assert paired_difference(_counts([1], length=0), _counts([1], length=0)) is None
    assert math.isnan(error_rate(_counts([1], length=0))) and error_rate(_counts([1, 2])) == 15.0
