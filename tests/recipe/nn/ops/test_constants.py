"""Constants as outputs and as parts of what is computed: the same in NumPy and RETURNN."""

from __future__ import annotations

import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, TIME, frames

pytestmark = pytest.mark.xdist_group("returnn-1")


def test_shapes_and_types() -> None:
    def model() -> dict[str, nn.Tensor]:
        outputs = {
            "number": nn.constant(1.5),
            "integer": nn.constant(3),
            "truth": nn.constant(True),
            "vector": nn.constant(2, [FEATURES], dtype="float32"),
            "batch": nn.zeros([nn.batch_dim, FEATURES]),
            "sequence": nn.ones([nn.batch_dim, TIME, FEATURES]),
            "label": nn.constant(4, [nn.batch_dim], sparse_dim=LABELS),
            "no": nn.zeros([FEATURES], dtype="bool"),
            "yes": nn.ones([FEATURES], dtype="bool"),
        }
        return {**outputs, "data": frames()}

    check_agreement(model, FEEDS)


def test_of_the_other_type_beside_a_tensor() -> None:
    """A Python int beside floats is a float."""
    check_agreement(lambda: (frames() + 1) * 2 - 0.5, FEEDS)


def test_embedding_of_a_constant_label() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(LABELS, FEATURES)

        def forward(self) -> nn.Tensor:
            return frames() + self.embedding(nn.constant(4, [nn.batch_dim], sparse_dim=LABELS))

    check_agreement(Model(), FEEDS)
