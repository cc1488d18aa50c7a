"""RETURNN's own regularisation, by options of a training: noise on parameters and their gradients reaches ours."""

from __future__ import annotations

import pathlib
import re

import numpy
import pytest

from recipe import nn

from ..nn.returnn_training import checkpoint_values, train, training_text
from .small_model import small_feeds, small_model

pytestmark = pytest.mark.xdist_group("returnn-2")


def test_noise_on_parameters_and_gradients(tmp_path: pathlib.Path) -> None:
    """
    Without any step, training and development scores of the same data are equal, and with noise on the parameters they
    are not. Noise on the gradients changes what is trained.
    """
    model = small_model(dropout=0.0, num_layers=1)
    model.encoder.dropout = 0.0
    network = nn.Network(model)
    still = {"num_epochs": 1, "learning_rate": 0.0}
    options = {
        "none": still,
        "noise": {**still, "param_variational_noise": 0.5},
        "dropout": {**still, "param_dropout": 0.5},
        "trained": {"num_epochs": 1},
        "gradient": {"num_epochs": 1, "gradient_noise": 0.5},
    }
    texts = []
    for name, more in options.items():
        (tmp_path / name).mkdir()
        texts.append(training_text(network, tmp_path / name, small_feeds(), **more))
    train(*texts, directory=tmp_path)
    differences = {}
    for name in ("none", "noise", "dropout"):
        scores = re.findall(r"'(train|dev)_score': ([\d.]+)", (tmp_path / name / "learning_rates").read_text())
        of_training, of_development = (float(dict(scores)[part]) for part in ("train", "dev"))
        differences[name] = abs(of_training - of_development) / of_development
    assert differences["none"] < 1e-5 and min(differences["noise"], differences["dropout"]) > 1e-3
    plain, noisy = (checkpoint_values(tmp_path / name / "net.001") for name in ("trained", "gradient"))
    assert all(numpy.abs(plain[name] - noisy[name]).max() > 1e-3 for name in network.parameters)
