"""The language models: the same logits and loss in NumPy and in RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..nn.agreement import check_agreement, random_parameters
from .small_model import small_feeds
from .small_transformer import small_language_model, small_transformer_language_model

pytestmark = pytest.mark.xdist_group("returnn-2")


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_training(device: str) -> None:
    feeds = {"data": small_feeds()["classes"]}
    run = check_agreement(small_language_model(dropout=0.0), feeds, device=device, train=True, gradients=True)
    assert list(run.in_numpy.losses) == ["cross_entropy"]
    assert all(gradient is not None for gradient in run.in_returnn.gradients.values())
    assert run.in_returnn.layers_in_loop == {}  # no loop is left


def test_probability_of_a_sequence() -> None:
    """The loss is the mean of ``-log p(label | those before)``; probabilities of a step add up to 1."""
    network = nn.Network(small_language_model())
    feeds = {"data": small_feeds()["classes"]}
    run = nn.run_numpy(network, feeds, random_parameters(network, seed=2))
    logits = run.outputs["output"].value
    log_prob = logits - numpy.log(numpy.exp(logits).sum(axis=-1, keepdims=True))
    labels, lengths = feeds["data"]
    scores = [-log_prob[row, step, labels[row, step]] for row in range(3) for step in range(lengths[row])]
    assert run.losses["cross_entropy"] == pytest.approx(numpy.mean(scores), rel=1e-5)


def test_training_of_the_transformer() -> None:
    """RETURNN computes all frames at once."""
    feeds = {"data": small_feeds()["classes"]}
    run = check_agreement(small_transformer_language_model(dropout=0.0), feeds, train=True, gradients=True)
    assert all(gradient is not None for gradient in run.in_returnn.gradients.values())
    assert run.in_returnn.layers_in_loop == {}  # no loop is left


def test_the_transformer_sees_no_later_label() -> None:
    network = nn.Network(small_transformer_language_model())
    labels, lengths = small_feeds()["classes"]
    parameters = random_parameters(network)
    before = nn.run_numpy(network, {"data": (labels, lengths)}, parameters).outputs["output"].value
    changed = labels.copy()
    changed[:, 2] = (labels[:, 2] + 1) % 9
    after = nn.run_numpy(network, {"data": (changed, lengths)}, parameters).outputs["output"].value
    numpy.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert numpy.abs(before[:, 3:] - after[:, 3:]).max() > 1e-3
