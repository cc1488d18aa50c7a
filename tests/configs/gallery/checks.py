"""What is checked of each architecture of ``configs/gallery``: NumPy and RETURNN agree, in training and in search."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy

from recipe import nn
from recipe.nn.plain.delayed import resolved

from ...recipe.nn.agreement import (
    assert_padding_is_not_read,
    assert_same_output,
    check_agreement,
    ragged_frames,
    ragged_labels,
    random_parameters,
)
from ...recipe.nn.returnn_run import run_returnn
from ...without_returnn import is_left_out

FRAMES, POSITIONS = (6, 3, 8), (3, 2, 4)
STEPS = 5
"""Of training; the learning rate is that of ``run_returnn``."""


def made_up(network: nn.Network) -> dict[str, Any]:
    """
    A ragged batch for each input: frames, and labels of which the last one is 0, as the end label is; those named
    ``classes`` are fewer.
    """
    feeds: dict[str, Any] = {}
    for name, data in network.extern_data.items():
        lengths = POSITIONS if name == "classes" else FRAMES
        if data.sparse_dim is None:
            feeds[name] = ragged_frames(lengths, data.dims[-1].size, seed=1)
            continue
        labels, counts = ragged_labels(lengths, data.sparse_dim.size, seed=3, first=1)
        labels[numpy.arange(len(counts)), counts - 1] = 0
        feeds[name] = labels, counts
    return feeds


def parameters_of(network: nn.Network, scale: float = 1.0) -> dict[str, numpy.ndarray]:
    """Random ones; variances are positive."""
    values = random_parameters(network, scale=scale)
    return {name: abs(value) + 0.1 if name.endswith("variance") else value for name, value in values.items()}


def check_training(network: nn.Network, feeds: Mapping[str, Any]) -> None:
    """
    Values and losses in training are the same in NumPy and in RETURNN, gradients reach each parameter that is trained,
    and after a few steps the loss is smaller. There is no dropout in what is given here.
    """
    parameters = parameters_of(network)
    assert len(network.digest) == 64, "a job cannot be made of it"
    in_numpy = nn.run_numpy(network, feeds, parameters, train=True)
    assert_padding_is_not_read(network, nn.run_numpy(network, feeds, parameters), feeds, parameters)
    run = run_returnn(network, feeds, parameters, train=True, gradients=True, trains=STEPS)
    if is_left_out():
        return
    for name, result in in_numpy.outputs.items():
        assert_same_output(name, result, run.outputs[name])
    assert set(run.losses) == set(in_numpy.losses)
    for name, loss in in_numpy.losses.items():
        numpy.testing.assert_allclose(run.losses[name], loss, rtol=1e-4, atol=1e-6, err_msg=f"loss {name}")
    trained = {name: value for name, value in run.gradients.items() if network.parameters[name].trainable}
    untrained = [name for name, value in trained.items() if value is None or not numpy.abs(value).max() > 0]
    assert not untrained, f"no gradient reaches {untrained}"
    assert all(numpy.isfinite(value).all() for value in run.trained.values())
    after = nn.run_numpy(network, feeds, run.trained, train=True)
    assert total(network, after) < total(network, in_numpy)


def total(network: nn.Network, run: nn.NumpyRun) -> float:
    """The sum of all losses, each by its scale."""
    return sum(resolved(loss.scale) * run.losses[loss.name] for loss in network.losses)


def check_search(training: nn.Network, search: nn.Network, feeds: Mapping[str, Any]) -> nn.NumpyRun:
    """
    What is found is the same in NumPy and in RETURNN, with the parameters of the training: large ones, so that no two
    hypotheses are as good as each other.
    """
    nn.check_parameters(training, search)
    parameters = parameters_of(training, scale=3.0)
    own = {name: feeds[name] for name in search.extern_data}
    return check_agreement(search, own, parameters={name: parameters[name] for name in search.parameters}).in_numpy


def check(module: ModuleType, feeds: Mapping[str, Any] | None = None, **dims: Any) -> nn.NumpyRun:
    """Both, for a module of the gallery; gives what the search found."""
    training = module.training(**dims)
    feeds = feeds if feeds is not None else made_up(training)
    check_training(training, feeds)
    return check_search(training, module.search(**dims), feeds)
