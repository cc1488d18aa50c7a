"""Running averages in trainings: in checkpoints, averaged with them, unchanged by development data."""

from __future__ import annotations

import pathlib
import re

import numpy
import pytest

from jobs.average_checkpoints import average_values
from recipe import nn
from tests.recipe.nn.agreement import check_agreement
from tests.recipe.nn.inputs import FEATURES, FEEDS, LABELS, LENGTHS, classes, frames
from tests.recipe.nn.returnn_training import checkpoint_values, train, training_text

pytestmark = [pytest.mark.xdist_group("returnn-2"), pytest.mark.usefixtures("warm_returnn")]


class Model(nn.Module):
    """The input normalized, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.output = nn.BatchNorm(FEATURES, momentum=0.25), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        logits = self.output(self.norm(frames()))
        nn.cross_entropy(logits, classes()).mark_as_loss("ce")
        return logits


def test_two_epochs(tmp_path: pathlib.Path) -> None:
    """Each is one batch of all sequences, the same data for development."""
    network = nn.Network(Model())
    train(training_text(network, tmp_path, num_epochs=2, learning_rate=0.01), directory=tmp_path)
    inside = numpy.concatenate([row[:length] for row, length in zip(FEEDS["data"][0], LENGTHS)]).astype("float64")
    checkpoints = [checkpoint_values(tmp_path / f"net.00{epoch}") for epoch in (1, 2)]
    mean, variance = numpy.zeros(FEATURES.size), numpy.ones(FEATURES.size)
    for values in checkpoints:
        mean, variance = mean + 0.25 * (inside.mean(axis=0) - mean), variance + 0.25 * (inside.var(axis=0) - variance)
        numpy.testing.assert_allclose(values["norm/running_mean"], mean, rtol=1e-4, atol=1e-6)
        numpy.testing.assert_allclose(values["norm/running_variance"], variance, rtol=1e-4, atol=1e-6)

    scores = re.findall(r"'dev_score': ([\d.]+)", (tmp_path / "learning_rates").read_text())
    for values, score in zip(checkpoints, scores):
        loss = nn.run_numpy(network, FEEDS, values).losses["ce"]
        numpy.testing.assert_allclose(float(score), loss, rtol=1e-4)

    average = average_values(checkpoints)
    for name in ("norm/running_mean", "norm/running_variance"):
        numpy.testing.assert_allclose(average[name], (checkpoints[0][name] + checkpoints[1][name]) / 2, rtol=1e-6)
    check_agreement(network, FEEDS, parameters=average)
