"""Lengths and positions as tensors: the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, TIME, classes, frames

pytestmark = pytest.mark.xdist_group("returnn-1")


def test_length() -> None:
    run = check_agreement(lambda: {"dim": nn.length(TIME, like=frames()), "tensor": frames().seq_len}, FEEDS)
    numpy.testing.assert_array_equal(run.in_numpy.outputs["dim"].value, LENGTHS)


def test_length_of_static_dim() -> None:
    run = check_agreement(lambda: nn.length(FEATURES, like=frames()), FEEDS)
    assert run.in_numpy.outputs["output"].value == FEATURES.size


def test_length_after_postfix() -> None:
    check_agreement(lambda: nn.postfix_in_time(classes(), 0).seq_len, FEEDS)


def test_range() -> None:
    run = check_agreement(lambda: nn.range_over(TIME, like=frames()), FEEDS)
    numpy.testing.assert_array_equal(run.in_numpy.outputs["output"].value, numpy.arange(max(LENGTHS)))


def test_range_over_features() -> None:
    check_agreement(lambda: nn.range_over(FEATURES, like=frames()), FEEDS)


def test_range_over_a_dim_of_fixed_size() -> None:
    """A tensor that has the dim is wanted for lengths alone."""

    def model() -> dict[str, nn.Tensor]:
        with nn.Loop() as loop:
            scaled = loop.stack(loop.unstack(frames()) * nn.cast(nn.range_over(FEATURES), "float32"))
        return {"features": nn.range_over(FEATURES), "number": nn.range_over(3), "scaled": scaled}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    for name, size in {"features": 5, "number": 3}.items():
        numpy.testing.assert_array_equal(outputs[name].value, numpy.arange(size))
    with pytest.raises(nn.NetworkError, match=r"test_lengths.*nn.range_over\(dim, like=x\)"):
        nn.Network(lambda: nn.range_over(TIME))


def test_mask_by_positions() -> None:
    """Every second frame counts."""

    def model() -> nn.Tensor:
        even = nn.range_over(TIME, like=frames()) % 2 == 0
        return nn.reduce_sum(nn.where(even, frames(), 0.0), TIME)

    check_agreement(model, FEEDS)


def test_length_in_loop() -> None:
    """The share of the sequence that has been read."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.count = nn.zeros([nn.batch_dim])
        with loop:
            loop.unstack(frames())
            loop.state.count = loop.state.count + 1.0 / nn.cast(frames().seq_len, "float32")
            return loop.stack(loop.state.count)

    run = check_agreement(model, FEEDS)
    for row, length in zip(run.in_numpy.outputs["output"].sequences(), LENGTHS):
        numpy.testing.assert_allclose(row, numpy.arange(1, length + 1) / length, rtol=1e-5)
