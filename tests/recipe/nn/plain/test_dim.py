"""Dims: told apart by identity, with sums that are the same object for the same sum."""

from __future__ import annotations

import operator
import pickle
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.plain.dim import as_dim
from recipe.nn.plain.dims import ordered_dims


def test_equal_sizes_are_two_dims() -> None:
    one, other = nn.Dim(4, name="a"), nn.Dim(4, name="a")
    assert one != other
    assert as_dim(4) is as_dim(4)


@pytest.mark.parametrize("number", [4, 3, 4.0, numpy.int64(4)])
def test_a_dim_is_compared_with_no_number(number: Any) -> None:
    """``hidden == 4`` would be false without a word."""
    dim = nn.Dim(4, "hidden")
    for compare in (operator.eq, operator.ne):
        with pytest.raises(nn.NetworkError, match=r"dim hidden=4 .* with \d.*Write dim\.size"):
            compare(dim, number)
    with pytest.raises(nn.NetworkError, match=r"nn\.length\(dim, like=x\)"):
        _ = nn.Dim(None, "time") == number
    assert dim.size == 4 and dim in [None, "F", dim] and dim != "F" and {dim: 1, nn.Dim(4, "hidden"): 2}[dim] == 1


def test_an_axis_that_is_none_of_several_nameless_ones() -> None:
    def model() -> nn.Tensor:
        return nn.reduce_sum(nn.zeros([nn.batch_dim, 2, 3]), nn.Dim(2, "two"))

    with pytest.raises(nn.NetworkError, match="has no axis two=2"):
        nn.Network(model)


def test_sums_are_the_same_object() -> None:
    a, b = nn.Dim(4, name="a"), nn.Dim(3, name="b")
    assert a + b is b + a
    assert (a + b).size == 7 and (a + b).name == "a+b"
    assert a + a is 2 * a and (2 * a).size == 8
    assert a + b - b is a
    assert (a + 2).size == 6 and a + 2 is a + 2 and 2 + a is a + 2
    assert as_dim(2) + as_dim(3) is as_dim(5)
    assert (4 * a) // 4 is a
    assert (a // 2).size == 2 and a // 2 is a // 2
    assert sum([a, b, a]) is 2 * a + b


def test_products_are_the_same_object() -> None:
    a, b, c = nn.Dim(4, name="a"), nn.Dim(3, name="b"), nn.Dim(2, name="c")
    assert a * b is b * a and (a * b).size == 12 and (a * b).name == "a*b"
    assert a * b * c is c * (b * a) and (a * b * c).size == 24
    assert a * as_dim(2) is 2 * a and a * 1 is a and as_dim(3) * as_dim(2) is as_dim(6)
    assert (a + 1) * (b + 2) is a * b + 2 * a + b + 2
    assert a * a is not 4 * a and (a * a).size == 16
    assert (a + b) * c is a * c + b * c and ((a + b) * c).size == 14


def test_quotients_of_products() -> None:
    a, b = nn.Dim(4, name="a"), nn.Dim(3, name="b")
    assert (a * b) // a is b and (a * b) // (a * b) is as_dim(1)
    assert (2 * a * b) // b is 2 * a and (2 * a * b + a) // a is 2 * b + 1
    assert (2 * a + 2 * b) // (a + b) is as_dim(2)
    assert (a * b) // 6 is (a * b) // 6 and ((a * b) // 6).size == 2
    assert (a // nn.Dim(2, name="c")).size == 2 and (12 // a).size == 3
    with pytest.raises(nn.NetworkError, match="a=4 is not divisible by b=3"):
        a // b


@pytest.mark.parametrize("factor", [0.5, True, "2", None])
def test_no_product(factor: object) -> None:
    with pytest.raises(nn.NetworkError, match="is multiplied by a whole number or another dim"):
        nn.Dim(4, name="a") * factor  # type: ignore[operator]


def test_no_product_with_lengths() -> None:
    with pytest.raises(nn.NetworkError, match="has no fixed size"):
        nn.Dim(None, name="time") * nn.Dim(4, name="a")
    with pytest.raises(nn.NetworkError, match="cannot be divided by time"):
        nn.Dim(4, name="a") // nn.Dim(None, name="time")


def test_sums_after_pickling_are_those_of_the_pickled_dims() -> None:
    a, b = nn.Dim(4, name="a"), nn.Dim(3, name="b")
    new_a, new_b, total, half, product, part = pickle.loads(
        pickle.dumps((a, b, a + b, a // 2, 2 * a * b + 1, a // nn.Dim(2, name="c")))
    )
    assert new_a is not a and new_a.name == "a"
    assert 2 * new_b * new_a + 1 is product and part.size == 2
    assert new_a + new_b is total and new_a // 2 is half


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "3"])
def test_impossible_size(size: object) -> None:
    with pytest.raises(nn.NetworkError, match="size of at least 1, or None"):
        nn.Dim(size)  # type: ignore[arg-type]


def test_not_divisible() -> None:
    with pytest.raises(nn.NetworkError, match="a=4 is not divisible by 3"):
        nn.Dim(4, name="a") // 3


def test_no_sum_of_lengths() -> None:
    with pytest.raises(nn.NetworkError, match="has no fixed size"):
        nn.Dim(None, name="time") + 1


def test_labels_must_fit() -> None:
    assert nn.Dim(2, name="l", labels=["a", "b"]).labels == ("a", "b")
    with pytest.raises(nn.NetworkError, match="has size 3, but 2 labels were given"):
        nn.Dim(3, name="l", labels=["a", "b"])


def test_sets_are_ordered() -> None:
    time, a, b = nn.Dim(None, name="time"), nn.Dim(4, name="a"), nn.Dim(3, name="b")
    assert ordered_dims({b, a, nn.batch_dim, time}) == (nn.batch_dim, time, a, b)
