"""Variants of programs: what NumPy gives is the reference for them, as the programs beside them have plain loops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.passes.fission import fission
from recipe.nn.plain.delayed import resolved

from ..agreement import check_agreement, frames_mask, random_parameters
from ..passes.same_results import check_same_results
from .checks import ENGINES
from .inputs import BATCHES, FEATURES, LABELS, RAGGED

KEY = nn.Dim(3, "key")
DIFFERENCE = 4e-3
"""By which parameters are changed to see how losses change, in single precision."""


class Layers(nn.Module):
    """The layers that the variants use."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(FEATURES, KEY), nn.Linear(FEATURES, KEY), nn.Linear(FEATURES, FEATURES)
        self.lin, self.out = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, LABELS)
        self.emb, self.emb2 = nn.Embedding(LABELS, FEATURES), nn.Embedding(LABELS, FEATURES)
        self.cell, self.lstm = nn.LstmCell(FEATURES, FEATURES), nn.Lstm(FEATURES, FEATURES)
        self.conv, self.sconv = nn.Conv1d(FEATURES, FEATURES, 3), nn.Conv1d(FEATURES, FEATURES, 3, stride=2)
        self.dw = nn.DepthwiseConv1d(FEATURES, 3)
        self.att, self.add = nn.DotAttention(FEATURES, FEATURES, KEY), nn.AdditiveAttention(FEATURES, FEATURES, KEY)
        self.norm = nn.LayerNorm(FEATURES)


def variants(models: Iterable[Any]) -> Any:
    """Makes a test of one that has the parameters ``model`` and ``engine``."""
    models = list(models)

    def decorate(function: Any) -> Any:
        function = pytest.mark.parametrize("model", models, ids=[model.__name__ for model in models])(function)
        return pytest.mark.parametrize("engine", ENGINES)(function)

    return decorate


def check_variant(model: type[nn.Module] | Callable[[], Any], engine: str) -> None:
    """
    In NumPy: before and after fission, with whatever in the padding. In RETURNN: what NumPy gives, and gradients.

    :param model: a function, or the class of a module
    :raises AssertionError: if something differs
    """
    _CHECKS[engine](nn.Network(model() if isinstance(model, type) else model))


def _feeds(network: nn.Network, padding: float = 77.0) -> list[dict[str, Any]]:
    all_feeds = [batch.feeds(padding) for batch in BATCHES]
    return [{name: feeds[name] for name in network.extern_data} for feeds in all_feeds]


def _check_in_numpy(network: nn.Network) -> None:
    parameters, after = random_parameters(network), fission(network)
    for feeds, others in zip(_feeds(network), _feeds(network, padding=float("nan"))):
        check_same_results(network, after, feeds, parameters)
        run, again = (nn.run_numpy(network, one, parameters) for one in (feeds, others))
        for name, result in run.outputs.items():
            mask = frames_mask(result)
            numpy.testing.assert_allclose(again.outputs[name].value[mask], result.value[mask], rtol=1e-4, atol=1e-5)
    assert len(network.digest) == 64


def _check_in_returnn(network: nn.Network) -> None:
    parameters, trains = random_parameters(network), bool(network.losses)
    for feeds in _feeds(network):
        check_agreement(network, feeds, parameters=parameters, train=trains, gradients=False)
    if trains:
        feeds = {name: feed for name, feed in RAGGED.feeds().items() if name in network.extern_data}
        run = check_agreement(network, feeds, parameters=parameters, train=True, gradients=True).in_returnn
        for name, gradient in run.gradients.items():
            direction = numpy.random.default_rng(7).standard_normal(parameters[name].shape).astype("float32")
            changed = [{**parameters, name: parameters[name] + sign * DIFFERENCE * direction} for sign in (-1, 1)]
            less, more = (_total_loss(network, feeds, one) for one in changed)
            slope = 0.0 if gradient is None else float((gradient * direction).sum())
            expected = (more - less) / (2 * DIFFERENCE)
            numpy.testing.assert_allclose(slope, expected, rtol=3e-2, atol=2e-2, err_msg=f"gradient of {name}")


def _total_loss(network: nn.Network, feeds: Mapping[str, Any], parameters: Mapping[str, numpy.ndarray]) -> float:
    run = nn.run_numpy(network, feeds, parameters)
    results = [(run.result(loss.tensor), resolved(loss.scale)) for loss in network.losses]
    return sum(float(result.value[frames_mask(result)].astype("float64").sum()) * scale for result, scale in results)


_CHECKS: dict[str, Callable[[nn.Network], None]] = {"numpy": _check_in_numpy, "returnn": _check_in_returnn}
