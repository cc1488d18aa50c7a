"""What is checked of each program, engine by engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.plain.delayed import resolved

from ..agreement import Agreement, assert_padding_is_not_read, check_agreement
from .comparison import compare, frames_of
from .inputs import BATCHES
from .program import Expected, Program

DIFFERENCE = 1e-5
"""By which parameters are changed to see how losses change."""


def check(program: Program, engine: str) -> None:
    """
    Checks one program in one engine.

    :param engine: of :data:`ENGINES`
    :raises AssertionError: if it does not give what its reference gives
    """
    _CHECKS[engine](program)


def programs(every: Iterable[Program]) -> Any:
    """Makes a test of one that has the parameters ``program`` and ``engine``."""
    every = list(every)
    names = [program.name for program in every]
    assert len(set(names)) == len(names), "names of programs are unique in their file"

    def decorate(function: Any) -> Any:
        function = pytest.mark.parametrize("program", every, ids=names)(function)
        return pytest.mark.parametrize("engine", ENGINES)(function)

    return decorate


def check_in_numpy(program: Program) -> None:
    """``nn.run_numpy`` gives what the reference gives, in several batches; the network has a digest."""
    network = program.network()
    parameters = program.parameters(network)
    for batch in dict.fromkeys([program.batch, *BATCHES]):
        feeds = program.feeds(network, batch)
        run = nn.run_numpy(network, feeds, parameters)
        compare(network, run, program.expected(batch, parameters))
        assert_padding_is_not_read(network, run, feeds, parameters)
    assert len(network.digest) == 64
    assert program.network().digest == network.digest, "the same program, recorded once more, has another digest"


def check_in_returnn(program: Program) -> None:
    """RETURNN gives what ``nn.run_numpy`` gives, and the gradients that follow from the reference."""
    network = program.network()
    parameters = program.parameters(network)
    feeds = program.feeds(network, program.batch)
    trains = bool(network.losses)
    run = check_agreement(network, feeds, parameters=parameters, train=trains, gradients=trains)
    compare(network, run.in_numpy, program.expected(program.batch, parameters))
    if trains:
        _check_gradients(program, run, parameters)


def _check_gradients(program: Program, run: Agreement, parameters: Mapping[str, numpy.ndarray]) -> None:
    """The slope of the total loss in a random direction of each parameter is that of the reference."""
    for name, gradient in run.in_returnn.gradients.items():
        direction = numpy.random.default_rng(7).standard_normal(parameters[name].shape)
        sums = []
        for sign in (-1, 1):
            changed = {**parameters, name: parameters[name].astype("float64") + sign * DIFFERENCE * direction}
            sums.append(_total_loss(run.network, program.expected(program.batch, changed)))
        expected = (sums[1] - sums[0]) / (2 * DIFFERENCE)
        slope = 0.0 if gradient is None else float((gradient * direction).sum())
        numpy.testing.assert_allclose(slope, expected, rtol=1e-2, atol=1e-3, err_msg=f"gradient of {name}")


def _total_loss(network: nn.Network, expected: Sequence[Expected]) -> float:
    return math.fsum(
        resolved(loss.scale) * value
        for loss in network.losses
        for of_sequence in expected
        for value in frames_of(of_sequence.results[0][loss.name])
    )


ENGINES = [
    "numpy",
    pytest.param("returnn", marks=pytest.mark.xdist_group("returnn-1")),
]
"""What programs are run in. Another engine is another entry here, with its check below."""
_CHECKS: dict[str, Callable[[Program], None]] = {"numpy": check_in_numpy, "returnn": check_in_returnn}
