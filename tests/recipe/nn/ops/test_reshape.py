"""split_dims and merge_dims."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEEDS, frames

pytestmark = pytest.mark.xdist_group("returnn-1")
HEADS, PART = nn.Dim(2, name="heads"), nn.Dim(3, name="part")


def test_split_and_merged_in_both_orders() -> None:
    def model() -> dict[str, nn.Tensor]:
        x = nn.Linear(6)(frames())
        parts = nn.split_dims(x, [HEADS, PART])
        return {
            "x": x,
            "parts": parts,
            "again": nn.merge_dims(parts, [HEADS, PART], out_dim=6),
            "swapped": nn.merge_dims(parts, [PART, HEADS], out_dim=6),
        }

    outputs = {name: result.value for name, result in check_agreement(model, FEEDS).in_numpy.outputs.items()}
    assert outputs["parts"].shape == (3, 4, 2, 3)
    numpy.testing.assert_array_equal(outputs["again"], outputs["x"])
    numpy.testing.assert_array_equal(outputs["parts"][:, :, 1], outputs["x"][:, :, 3:])
    numpy.testing.assert_array_equal(outputs["swapped"][:, :, 1], outputs["x"][:, :, 3])


def test_sizes_must_fit() -> None:
    with pytest.raises(nn.NetworkError, match=r"split_dims of .* together are not"):
        nn.Network(lambda: nn.split_dims(frames(), [HEADS, PART]))
    with pytest.raises(nn.NetworkError, match=r"merge_dims of .* together are not"):
        nn.Network(
            lambda: nn.merge_dims(nn.split_dims(nn.Linear(6)(frames()), [HEADS, PART]), [HEADS, PART], out_dim=5)
        )
