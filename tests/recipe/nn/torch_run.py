"""Runs the text that the engine PyTorch writes of a network, in this process, with given parameters and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from recipe import nn
from recipe.nn.debugging.comparison import EngineValue
from recipe.nn.debugging.torch_network import built


class TorchRun(NamedTuple):
    """
    What a run gave.

    :ivar outputs: by name
    :ivar losses: the mean over all frames, by name
    :ivar gradients: of the total loss, by parameter; None where it does not depend on the parameter
    :ivar beam_scores: of the hypotheses of the last search, [batch, beam]
    """

    outputs: dict[str, EngineValue]
    losses: dict[str, float]
    gradients: dict[str, numpy.ndarray | None]
    beam_scores: numpy.ndarray | None


def run_torch(
    network: nn.Network,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    *,
    train: bool = False,
    gradients: bool = False,
    train_step: int = 0,
    seed: int = 42,
) -> TorchRun:
    """
    Computes all outputs and losses.

    :param feeds: as for ``nn.run_numpy``
    :param train: whether dropout is on
    :param gradients: also of the total loss by each parameter
    :param train_step: how many batches were trained on before
    :param seed: of PyTorch's random numbers
    """
    import torch

    with built(network, train=train, train_step=train_step) as in_torch:
        assert in_torch.parameter_names == set(network.parameters)
        in_torch.set_parameters(parameters)
        torch.manual_seed(seed)
        run = in_torch.run(feeds)
        found: dict[str, numpy.ndarray | None] = {}
        if gradients:
            torch.manual_seed(seed)
            found = {**dict.fromkeys(in_torch.parameter_names), **in_torch.gradients(feeds)}
        return TorchRun(run.outputs, run.losses, found, run.beam_scores)
