"""What is checked of architectures that draw random numbers in training: those of NumPy and of RETURNN are others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from recipe import nn

from ...recipe.nn.agreement import check_agreement
from ...recipe.nn.returnn_run import run_returnn
from ...without_returnn import is_left_out
from .checks import STEPS, parameters_of, total


def check_noisy_training(network: nn.Network, feeds: Mapping[str, Any], *, steps: int = STEPS) -> nn.NumpyRun:
    """
    Without noise, as with development data, NumPy and RETURNN agree; with it, gradients reach each parameter, and after
    a few steps of training the loss without noise is smaller. Gives the run of NumPy.
    """
    parameters = parameters_of(network)
    without_noise = check_agreement(network, feeds, parameters=parameters).in_numpy
    run = run_returnn(network, feeds, parameters, train=True, gradients=True, trains=steps)
    if is_left_out():
        return without_noise
    untrained = [name for name, value in run.gradients.items() if value is None or not numpy.abs(value).max() > 0]
    assert not untrained, f"no gradient reaches {untrained}"
    assert all(numpy.isfinite(value).all() for value in run.trained.values())
    assert total(network, nn.run_numpy(network, feeds, run.trained)) < total(network, without_noise)
    return without_noise
