"""What scores are called on PyTorch."""

from __future__ import annotations

import pytest

from jobs.score_keys import score_key
from recipe import nn
from tests.recipe.nn.inputs import CLASSES, FRAMES, LABELS

from .configs.tiny import tiny_model


def several_losses() -> nn.Network:
    layer = nn.Linear(LABELS)

    def model() -> None:
        logits, targets = layer(nn.get_extern_data(FRAMES)), nn.get_extern_data(CLASSES)
        for name in ("ce", "other"):
            nn.cross_entropy(logits, targets).mark_as_loss(name)

    return nn.Network(model)


@pytest.mark.parametrize(
    ("key", "one", "several"),
    [
        ("dev_score", "dev_loss_cross_entropy", "dev_score"),
        ("train_error", "train_loss_frame_error", "train_error"),
        ("dev_score_other", "dev_score_other", "dev_loss_other"),
        ("dev_loss_ce", "dev_loss_ce", "dev_loss_ce"),
    ],
)
def test_keys(key: str, one: str, several: str) -> None:
    """One that is of no loss stays, so that the job of the best checkpoint can list those that there are."""
    networks = nn.Network(tiny_model()), several_losses()
    assert [score_key(key, "torch", network) for network in networks] == [one, several]
    assert [score_key(key, "tensorflow", network) for network in networks] == [key, key]
