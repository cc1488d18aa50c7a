"""Compares what a network gives in NumPy and in RETURNN on made-up data, before and after a step of training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy

from recipe import nn
from recipe.nn.debugging.check import compare_results, find_first, run_with_trace
from recipe.nn.debugging.comparison import TOLERANCE, number_text
from recipe.nn.debugging.engine import Engine, EngineNetwork, and_text, missing_text
from recipe.nn.debugging.engines import ENGINES
from recipe.nn.debugging.gradients import engine_feeds, made_up_parameters
from recipe.nn.debugging.report import CheckReport
from recipe.nn.numpy_run.run import NumpyRun

from .made_up_data import made_up_feeds

NUM_STEPS = 2
RATE = 0.01

Arrays = dict[str, numpy.ndarray]


class Difference(Exception):
    """In what NumPy and RETURNN differ, what is no number, or what failed, for the user."""


def installed_engines() -> list[Engine]:
    """Those that networks are compared with here."""
    return [engine for engine in ENGINES if not engine.missing()]


def engines_text() -> str:
    """Which engines those are, and what to install for others."""
    engines = installed_engines()
    compared = f"compared: {and_text(['NumPy', *(engine.title for engine in engines)])}"
    others = [missing_text(engine) for engine in ENGINES if engine not in engines]
    return "\n".join([compared if engines else "compared with nothing", *others])


def compare(network: nn.Network, engines: Sequence[Engine] | None = None) -> float:
    """
    Runs a network for two steps in NumPy and in RETURNN, on made-up data; after the first one, the gradients of the
    first engine change parameters. All engines are run, though one may fail or differ.

    :param engines: default: those that are installed
    :return: the greatest difference, relative to the greatest number
    :raises Difference: if they differ, or something is no number; of each engine the first value of which that is so
    """
    comparison = Comparison(network, installed_engines() if engines is None else engines)
    with contextlib.ExitStack() as stack:
        comparison.build(stack)
        for step in range(NUM_STEPS):
            comparison.make_step(step)
            if comparison.failures and not comparison.built:
                break  # nothing is left to be compared
    if comparison.failures:
        raise Difference("\n  ".join(comparison.failures))
    return comparison.greatest


class Comparison:
    """
    A network, built in several engines.

    :param network: the network
    :param engines: the engines
    :ivar built: those that are still compared
    :ivar failures: in what engines differ or fail
    :ivar greatest: the greatest difference so far
    """

    def __init__(self, network: nn.Network, engines: Sequence[Engine]):
        self.network, self.engines = network, engines
        self.parameters = made_up_parameters(network)
        self.built: dict[Engine, EngineNetwork] = {}
        self.failures: list[str] = []
        self.greatest = 0.0

    def build(self, stack: contextlib.ExitStack) -> None:
        """
        Builds the network in all engines.

        :param stack: until the end of which they are there
        """
        feeds = made_up_feeds(self.network, 0)
        for engine in self.engines:
            with self._noted(engine, feeds):
                built = self.built[engine] = stack.enter_context(engine.built(self.network))
                missing = sorted(set(self.network.parameters) - built.parameter_names)
                if missing:
                    raise Difference(f"{engine.title} has no parameters {', '.join(missing)}")

    def make_step(self, step: int) -> None:
        """
        Compares the results of a step, and its gradients with those of the first engine, which change parameters.

        :param step: its number
        """
        feeds = made_up_feeds(self.network, step)
        report = CheckReport()
        run = run_with_trace(self.network, feeds, self.parameters, 0, report)
        if run is None or not report.ok:
            self.failures.append(f"step {step}: {report}")
            self.built.clear()
            return
        gradients: dict[Engine, Arrays] = {}
        for engine in list(self.built):
            with self._noted(engine, engine_feeds(run)):
                self._compare(engine, run, step)
                if self.network.losses and step + 1 < NUM_STEPS:
                    gradients[engine] = self._gradients(engine, run)
                    self._compare_gradients(step, gradients)
        if gradients:
            self.parameters = self._trained(next(iter(gradients.values())))

    @contextlib.contextmanager
    def _noted(self, engine: Engine, feeds: Mapping[str, Any]) -> Iterator[None]:
        """What goes wrong with an engine is noted; it is not asked any more."""
        try:
            yield
        except Difference as error:
            self.failures.append(str(error))
        except Exception as error:
            self.failures.append(f"{engine.title} fails: {engine.failure_text(error, self.network, feeds)}")
        else:
            return
        self.built.pop(engine, None)

    def _compare(self, engine: Engine, run: NumpyRun, step: int) -> None:
        """
        Compares the results of an engine with those of NumPy.

        :raises Difference: if they differ
        """
        built, report = self.built[engine], CheckReport()
        found = report.of(engine)
        built.set_parameters(self.parameters)
        compare_results(self.network, run, built.run(engine_feeds(run)), TOLERANCE, found)
        if found.differences:
            find_first(engine, self.network, run, self.parameters, TOLERANCE, found)
            raise Difference(f"step {step}: {report}")
        self.greatest = max(self.greatest, found.distance)

    def _gradients(self, engine: Engine, run: NumpyRun) -> Arrays:
        """
        The gradients of an engine.

        :raises Difference: if one is no number
        """
        gradients = self.built[engine].gradients(engine_feeds(run))
        for name, gradient in gradients.items():
            if not numpy.isfinite(gradient).all():
                raise Difference(f"the gradient of {name} is no number in {engine.title}, though all losses are")
        return gradients

    def _compare_gradients(self, step: int, gradients: dict[Engine, Arrays]) -> None:
        """
        Compares the gradients of the last engine with those of the first one.

        :raises Difference: if they differ
        """
        (first, expected), *others = gradients.items()
        for engine, found in others[-1:]:
            for name in sorted({**expected, **found}):
                nothing = numpy.zeros(self.network.parameters[name].shape)
                own, other = (numpy.asarray(one.get(name, nothing), "float64") for one in (expected, found))
                distances = numpy.abs(own - other) / max(1.0, float(numpy.abs(own).max(initial=0.0)))
                if not (distances <= TOLERANCE).all():
                    place = numpy.unravel_index(distances.argmax(), distances.shape)
                    text = f"{number_text(own[place])} in {first.short}, {number_text(other[place])} in {engine.short}"
                    raise Difference(f"step {step}: the gradient of {name} is {text}")
                self.greatest = max(self.greatest, float(distances.max(initial=0.0)))

    def _trained(self, gradients: Arrays) -> Arrays:
        """The parameters after a step of gradient descent, by gradients of which none is longer than 1."""
        trained = dict(self.parameters)
        for name, gradient in gradients.items():
            if self.network.parameters[name].trainable:
                step = RATE * gradient / max(1.0, float(numpy.linalg.norm(gradient)))
                trained[name] = self.parameters[name] - step.astype("float32")
        return trained
