"""``nn.check``: what it says of networks that are right, and of ones of which an engine computes something else."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.debugging import returnn_network

from ..inputs import FEATURES, FEEDS, LABELS, vector
from .models import Tagger, line_of, needs_returnn, searched

pytestmark = pytest.mark.xdist_group("returnn-1")


def test_same() -> None:
    """Outputs, losses and gradients; and in a search the scores and labels."""
    needs_returnn()
    report = nn.check(nn.Network(Tagger()), FEEDS)
    assert report and report.ok and not report.notes, report
    assert report.compared == ["loss ce", "output output", "gradients of 4 parameters"]
    assert str(report).startswith(
        "same in NumPy, RETURNN on TensorFlow and RETURNN on PyTorch: loss ce, output output, gradients of 4 parameters"
    )
    assert report.distance < 1e-5 and list(report.engines) == ["tensorflow", "torch"]
    assert all(one.distance > 0.0 for one in report.engines.values())
    found = nn.check(nn.Network(searched, search=nn.BeamSearch(3)), FEEDS)
    assert found and found.compared == ["scores of hypotheses", "output output"], found


def test_wrong_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are the same, and gradients are not."""
    needs_returnn()
    gradients = returnn_network.ReturnnNetwork.gradients

    def doubled(self: Any, feeds: Any) -> dict[str, numpy.ndarray]:
        return {name: value * (2 if name == "cell/W" else 1) for name, value in gradients(self, feeds).items()}

    monkeypatch.setattr(returnn_network.ReturnnNetwork, "gradients", doubled)
    report = nn.check(nn.Network(Tagger()), FEEDS)
    assert [one.partition(": ")[0] for one in report.differences] == ["gradient of cell/W"]
    assert report.first is None and not report.notes
    assert nn.check(nn.Network(Tagger()), FEEDS, gradients=False)


def test_not_finite() -> None:
    """Where the first NaN was made, in NumPy and in RETURNN alike; there are no gradients then."""
    needs_returnn()

    def model() -> nn.Tensor:
        root = nn.sqrt(vector())
        return nn.reduce_mean(root)

    report = nn.check(nn.Network(model), FEEDS)
    assert not report and report.not_finite is not None and report.not_finite.tensor.op.variable == "root"
    assert not report.differences and report.compared == ["output output"]
    text = str(report)
    assert text.startswith("not finite: root <sqrt [batch, features=5]> is nan at sequence 0, features ")
    assert (
        f"test_check.py:{line_of('root = nn.sqrt(vector())', __file__)}: root = nn.sqrt(vector())\nsame in NumPy, "
        in text
    )


def test_random_numbers_are_told() -> None:
    network = nn.Network(lambda: vector() + nn.random_uniform([nn.batch_dim, FEATURES], like=vector()))
    assert "the network draws random numbers, which are others in each engine" in str(nn.check(network, FEEDS))


def test_equal_scores() -> None:
    """Hypotheses of equal scores may stand in another order, so their labels are not compared."""
    needs_returnn()

    def model() -> nn.Tensor:
        with nn.Loop(max_seq_len=3) as loop:
            loop.end(loop.iter_idx >= 1)
            scores = nn.zeros([nn.batch_dim, LABELS]) + nn.reduce_sum(vector())
            loop.stack(nn.choice(scores)).mark_as_output("labels")

    report = nn.check(nn.Network(model, search=nn.BeamSearch(3)), FEEDS)
    assert report and report.compared == ["scores of hypotheses"]
    assert "hypotheses of equal scores may stand in another order" in str(report)
