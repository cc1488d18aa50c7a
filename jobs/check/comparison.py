"""Compares what a network gives in NumPy and in RETURNN on made-up data, before and after a step of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from recipe import nn
from recipe.nn.debugging.check import compare_results, run_with_trace
from recipe.nn.debugging.comparison import TOLERANCE
from recipe.nn.debugging.gradients import made_up_parameters
from recipe.nn.debugging.report import CheckReport
from recipe.nn.debugging.returnn_network import NAME, ReturnnNetwork, built

from .made_up_data import made_up_feeds

NUM_STEPS = 2
RATE = 0.01


class Difference(Exception):
    """In what NumPy and RETURNN differ, or what is no number, for the user."""


def compare(network: nn.Network) -> float:
    """
    Runs a network for two steps in both, on made-up data; behind the first one, RETURNN's gradients change parameters.

    :return: the greatest difference, relative to the greatest number
    :raises Difference: if the two differ, or something is no number; the first value of which that is so
    """
    parameters = made_up_parameters(network)
    greatest = 0.0
    with built(network, search=bool(network.beam_sizes)) as returnn:
        _check_parameters(network, returnn)
        for step in range(NUM_STEPS):
            feeds = made_up_feeds(network, step)
            returnn.set_parameters(parameters)
            report = CheckReport(NAME)
            run = run_with_trace(network, feeds, parameters, 0, report)
            if run is not None and report.ok:
                compare_results(network, run, returnn, parameters, TOLERANCE, report)
            if not report:
                raise Difference(f"step {step}: {report}")
            greatest = max(greatest, report.distance)
            if network.losses and step + 1 < NUM_STEPS:
                parameters = _trained(network, returnn, feeds, parameters)
    return greatest


def _check_parameters(network: nn.Network, returnn: ReturnnNetwork) -> None:
    missing = sorted(set(network.parameters) - returnn.parameter_names)
    if missing:
        raise Difference(f"RETURNN has no parameters {', '.join(missing)}")


def _trained(
    network: nn.Network, returnn: ReturnnNetwork, feeds: Mapping[str, Any], parameters: dict[str, numpy.ndarray]
) -> dict[str, numpy.ndarray]:
    """The parameters after a step of gradient descent by RETURNN's gradients, of which none is longer than 1."""
    trained = dict(parameters)
    for name, gradient in returnn.gradients(feeds).items():
        if not numpy.isfinite(gradient).all():
            raise Difference(f"the gradient of {name} is no number in RETURNN, though all losses are")
        if not network.parameters[name].trainable:
            continue
        step = RATE * gradient / max(1.0, float(numpy.linalg.norm(gradient)))
        trained[name] = parameters[name] - step.astype("float32")
    return trained
