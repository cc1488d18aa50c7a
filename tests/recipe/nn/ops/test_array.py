"""Concat, split and postfix_in_time: the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames, ragged_labels
from ..inputs import FEEDS, classes, frames, other_frames, vector
from ..stepwise import FrameFunction, in_loop, on_sequence

pytestmark = pytest.mark.xdist_group("returnn-1")

CASES: dict[str, FrameFunction] = {
    "concat": lambda a, b, labels: nn.concat(nn.Linear(3)(a), nn.Linear(nn.Dim(4, "out"))(b)),
    "concat_same": lambda a, b, labels: nn.concat(a, b),
    "concat_list_of_three": lambda a, b, labels: nn.concat([a, b, a]),
    "split_in_equal_parts": lambda a, b, labels: nn.split(nn.concat(a, b), 2)[1],
    "split_by_sizes": lambda a, b, labels: nn.split(a, size_splits=[2, 3])[1],
    "split_and_joined": lambda a, b, labels: nn.concat(*reversed(nn.split(a, size_splits=[1, 2, 2]))),
    "split_all_parts": lambda a, b, labels: weighted_sum(nn.split(a, 5)),
}


def weighted_sum(parts: tuple[nn.Tensor, ...]) -> nn.Tensor:
    """Another number for each order of the parts."""
    total = nn.reduce_sum(parts[0])
    for part in parts[1:]:
        total = total * 2.0 + nn.reduce_sum(part)
    return total


@pytest.mark.parametrize("case", CASES)
def test_on_sequence(case: str) -> None:
    check_agreement(lambda: on_sequence(CASES[case]), FEEDS)


@pytest.mark.parametrize("case", CASES)
def test_in_loop(case: str) -> None:
    check_agreement(lambda: in_loop(CASES[case]), FEEDS)


def test_concat_keeps_the_order() -> None:
    run = check_agreement(lambda: nn.concat(frames(), other_frames()), FEEDS)
    expected = numpy.concatenate([FEEDS["data"][0], FEEDS["other"][0]], axis=-1)
    numpy.testing.assert_array_equal(run.in_numpy.outputs["output"].value, expected)


def test_concat_with_a_vector_for_all_frames() -> None:
    check_agreement(lambda: nn.concat(frames(), vector()), FEEDS)
    check_agreement(lambda: nn.concat(vector(), frames()), FEEDS)


def test_concat_of_a_constant() -> None:
    check_agreement(lambda: nn.concat(frames(), nn.ones([nn.Dim(2, "two")])), FEEDS)


def test_split_of_a_dim_sum_gives_its_dims_back() -> None:
    def model() -> dict[str, nn.Tensor]:
        left, right = nn.Dim(3, "left"), nn.Dim(4, "right")
        joined = nn.concat(nn.Linear(left)(frames()), nn.Linear(right)(frames()))
        parts = nn.split(joined, size_splits=[left, right])
        assert parts[0].feature_dim is left and parts[1].feature_dim is right
        return {"left": parts[0], "right": parts[1]}

    check_agreement(model, FEEDS)


@pytest.mark.parametrize("lengths", [(4, 2, 3), (1, 1, 1), (0, 2, 1), (0, 3, 0)])
def test_postfix_in_time(lengths: tuple[int, ...]) -> None:
    def model() -> nn.Tensor:
        return nn.postfix_in_time(classes(), 6)

    run = check_agreement(model, {"classes": ragged_labels(lengths, 7)})
    rows = run.in_numpy.outputs["output"].sequences()
    assert [len(row) for row in rows] == [length + 1 for length in lengths]
    assert [row[-1] for row in rows] == [6, 6, 6]


def test_postfix_of_vectors() -> None:
    def model() -> nn.Tensor:
        return nn.postfix_in_time(frames(), 0.5)

    check_agreement(model, {"data": ragged_frames((2, 4, 1), 5)})


def test_postfix_twice() -> None:
    check_agreement(lambda: nn.postfix_in_time(nn.postfix_in_time(classes(), 0), 1), FEEDS)


def test_loop_over_postfixed() -> None:
    def model() -> dict[str, nn.Tensor]:
        targets = nn.postfix_in_time(classes(), 0)
        loop = nn.Loop()
        loop.state.total = nn.zeros([nn.batch_dim])
        with loop:
            loop.state.total = loop.state.total * 0.5 + nn.cast(loop.unstack(targets), "float32")
            steps = loop.stack(loop.state.total)
        return {"steps": steps, "last": loop.state.total}

    check_agreement(model, FEEDS)


def test_reverse_each_sequence_from_its_own_end() -> None:
    def model() -> dict[str, nn.Tensor]:
        x = frames()
        return {"time": nn.reverse(x), "features": nn.reverse(x, axis="F"), "labels": nn.reverse(classes())}

    run = check_agreement(model, FEEDS)
    data, lengths = FEEDS["data"]
    for row, length in enumerate(lengths):
        numpy.testing.assert_array_equal(run.in_numpy.outputs["time"].value[row, :length], data[row, :length][::-1])
    numpy.testing.assert_array_equal(run.in_numpy.outputs["features"].value, data[..., ::-1])


def test_slice() -> None:
    def model() -> nn.Tensor:
        return nn.slice(frames(), 1, 3)

    run = check_agreement(model, FEEDS)
    numpy.testing.assert_array_equal(run.in_numpy.outputs["output"].value, FEEDS["data"][0][..., 1:4])


def test_slice_beyond_the_end() -> None:
    with pytest.raises(nn.NetworkError, match="entries 0 to 4, not 3 to 5"):
        nn.Network(lambda: nn.slice(frames(), 3, 3))


def test_replace_dim() -> None:
    """A sequence beside itself: all products of two frames."""

    def model() -> nn.Tensor:
        x = frames()
        return nn.reduce_sum(nn.dot(x, nn.replace_dim(x), reduce="F"), x.spatial_dim)

    run = check_agreement(model, FEEDS)
    data, lengths = FEEDS["data"]
    for row, length in enumerate(lengths):
        expected = (data[row, :length] @ data[row, :length].T).sum(axis=0)
        numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value[row, :length], expected, rtol=1e-4)


def test_squeeze_and_axes_of_size_one() -> None:
    """``Linear(1)`` beside more features is one number for all of them."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        one = nn.Linear(1)(x)
        return {"product": x * one, "squeezed": nn.squeeze(one, 1), "again": nn.squeeze(one)}

    check_agreement(model, FEEDS)


def test_squeeze_of_another_size() -> None:
    with pytest.raises(nn.NetworkError, match="size 1"):
        nn.Network(lambda: nn.squeeze(frames(), frames().feature_dim))
