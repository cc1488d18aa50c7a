"""Checkpoints of version 1309500 give the losses that they gave then; see ``tests/golden/version_1309500``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recipe import nn

from ...models.kept_models import KEPT, kept_feeds
from ..golden import DIRECTORY
from ..returnn_run import run_returnn
from ..returnn_training import checkpoint_values

pytestmark = pytest.mark.xdist_group("returnn-2")
PLACE = DIRECTORY / "version_1309500"
SCORES: dict[str, Any] = json.loads((PLACE / "scores.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("name", KEPT)
def test_losses_in_returnn(name: str, device: str) -> None:
    run = run_returnn(
        nn.Network(KEPT[name]()), kept_feeds()[name], checkpoint=PLACE / name / "checkpoint", device=device
    )
    assert run.losses == pytest.approx(SCORES[name]["losses"], rel=1e-4)


@pytest.mark.parametrize("name", KEPT)
def test_losses_in_numpy(name: str) -> None:
    """By the names and in the layout of the parameters in the checkpoint."""
    network = nn.Network(KEPT[name]())
    values = checkpoint_values(PLACE / name / "checkpoint")
    assert values.keys() == network.parameters.keys()
    assert nn.run_numpy(network, kept_feeds()[name], values).losses == pytest.approx(SCORES[name]["losses"], rel=1e-4)
