"""Compares what a network gives in NumPy and in RETURNN, and finds the first value in which they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from recipe import nn
from recipe.nn.plain.layer_names import layer_of_output

from .distance import TOLERANCE, distance_of
from .first_difference import first_difference, first_nan
from .made_up_data import made_up_feeds, made_up_parameters
from .returnn_network import ReturnnNetwork, built

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
            run = nn.run_numpy(network, feeds, parameters, trace=True)
            nan = first_nan(network, run)
            if nan:
                raise Difference(f"step {step}: NaN in NumPy, first in {nan}")
            try:
                greatest = max(greatest, _compare_results(network, run, returnn, feeds, step))
            except Difference as error:
                where = first_difference(network, run, feeds, parameters)
                raise Difference(f"{error}{where}") from None
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


def _compare_results(
    network: nn.Network, run: nn.NumpyRun, returnn: ReturnnNetwork, feeds: Mapping[str, Any], step: int
) -> float:
    """
    Losses and outputs; of a search, the scores, and the best hypotheses where they are clearly the best.

    :raises Difference: if they differ
    """
    greatest = 0.0
    losses = returnn.losses(feeds) if network.losses else {}
    for name, loss in run.losses.items():
        distance = abs(losses[name] - loss) / max(1.0, abs(loss))
        greatest = max(greatest, distance)
        if not distance <= TOLERANCE:
            raise Difference(f"step {step}: loss {name} is {loss:.6g} in NumPy, {losses[name]:.6g} in RETURNN")
    if network.beam_sizes:
        return max(greatest, _compare_search(network, run, returnn, feeds, step))
    for name, tensor in network.outputs:
        distance = distance_of(run, tensor, returnn.layer(layer_of_output(name), feeds))
        greatest = max(greatest, distance)
        if not distance <= TOLERANCE:
            raise Difference(f"step {step}: output {name} differs by {distance:.2g} of its greatest number")
    return greatest


def _compare_search(
    network: nn.Network, run: nn.NumpyRun, returnn: ReturnnNetwork, feeds: Mapping[str, Any], step: int
) -> float:
    assert run.beam_scores is not None
    output = layer_of_output(network.outputs[0][0])
    scores = returnn.beam_scores(output, feeds)
    distance = float(numpy.max(numpy.abs(scores - run.beam_scores) / numpy.maximum(1.0, numpy.abs(run.beam_scores))))
    if not distance <= TOLERANCE:
        best = f"{run.beam_scores[:, 0].round(4).tolist()} in NumPy, {scores[:, 0].round(4).tolist()} in RETURNN"
        raise Difference(f"step {step}: the scores of the best hypotheses are {best}")
    return distance
