"""Gradients of an engine against differences of the loss in NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy

from ..numpy_run.gradient_point import GradientPoint
from ..numpy_run.interpreter import Run
from ..numpy_run.run import NumpyRun, run_numpy
from ..plain.dim import Dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..program.program import Program
from .comparison import TOLERANCE, number_text
from .engine import Engine, and_text, missing_text
from .engines import chosen_engines

STEP = 1e-4
"""By how much a parameter is moved to both sides, in float64: the error of a slope is of the order of its square."""


class ParameterGradient(NamedTuple):
    """
    The gradient of one parameter in an engine, beside differences of the loss.

    :ivar name: of the parameter
    :ivar along: the slope along a random direction, of all numbers of the parameter: by differences of the loss in
        NumPy, and by the engine's gradient
    :ivar numbers: the slope by single numbers: their place, by differences, by the engine
    :ivar distance: the greatest difference, relative to the length of the gradient along the direction, and to its
        greatest number for single ones
    :ivar text: in what they differ; nothing if they are the same up to the tolerance
    """

    name: str
    along: tuple[float, float]
    numbers: tuple[tuple[tuple[int, ...], float, float], ...]
    distance: float
    text: str


class GradientReport:
    """
    What :func:`check_gradients` found; printed, it says in what gradients differ. True if none does.

    :ivar engines: the gradients of the parameters by name, of each engine by its name
    :ivar failures: why there is nothing to compare: no engine is installed, or one failed
    :ivar notes: which engines are not installed
    """

    def __init__(self) -> None:
        self.engines: dict[str, dict[str, ParameterGradient]] = {}
        self._titles: dict[str, str] = {}
        self.failures: list[str] = []
        self.notes: list[str] = []

    def add(self, engine: Engine, gradients: dict[str, ParameterGradient]) -> None:
        """Takes note of the gradients of an engine."""
        self.engines[engine.name], self._titles[engine.name] = gradients, engine.title

    @property
    def parameters(self) -> dict[str, ParameterGradient]:
        """By name, of each parameter the gradient that is furthest from the differences, of all engines."""
        found: dict[str, ParameterGradient] = {}
        for gradients in self.engines.values():
            for name, one in gradients.items():
                if name not in found or one.distance > found[name].distance:
                    found[name] = one
        return found

    @property
    def ok(self) -> bool:
        """Whether all gradients are the same."""
        return not self.failures and not any(one.text for one in self.parameters.values())

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        lines, same = list(self.failures), []
        for name, gradients in self.engines.items():
            wrong = [f"  gradient of {one.name}: {one.text}" for one in gradients.values() if one.text]
            if wrong:
                lines += [f"NumPy and {self._titles[name]} differ:", *wrong]
            else:
                same.append(name)
        if same:
            found = [one for name in same for one in self.engines[name].values()]
            greatest = max((one.distance for one in found), default=0.0)
            what = f"the gradients of {len(self.engines[same[0]])} parameters"
            names = and_text(["NumPy", *(self._titles[name] for name in same)])
            lines.append(f"same in {names}: {what}, up to {greatest:.1g} of their greatest number")
        return "\n".join([*lines, *self.notes])


def check_gradients(
    network: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray] | None = None,
    *,
    engines: Iterable[str] | None = None,
    numbers: int = 5,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> GradientReport:
    """
    Compares the gradients of the total loss in RETURNN, on all engines that are installed, with central differences of
    the loss of ``nn.run_numpy``.

    For each parameter, the slope along a random direction of all its numbers, and by a few single numbers. NumPy
    computes in float64 here, RETURNN in float32. Dropout is off, weight decay is left out.

    :param feeds: as for ``nn.run_numpy``
    :param parameters: by name; default: random ones, none of them constant
    :param engines: "tensorflow", "torch"; default: those that are installed
    :param numbers: how many numbers of each parameter, each of which takes two runs: the greatest of its gradient, and
        random ones
    :param tolerance: how far they may be from each other, relative to the gradient
    :param seed: of parameters and directions
    :raises NetworkError: if the network has no loss that is trained on; if feeds do not fit
    """
    if all(loss.as_error for loss in network.losses):
        raise NetworkError("the network has no loss that is trained on, and so no gradients: loss.mark_as_loss()")
    parameters = made_up_parameters(network, seed) if parameters is None else parameters
    fed = engine_feeds(run_numpy(network, feeds, parameters))
    report, slopes = GradientReport(), Slopes(network, feeds, parameters, seed)
    for engine in chosen_engines(engines):
        if engine.missing():
            (report.notes if engines is None else report.failures).append(missing_text(engine))
            continue
        try:
            with engine.built(network) as built:
                built.set_parameters(parameters)
                gradients, trained = built.gradients(fed), built.trained_names
        except Exception as error:
            report.failures.append(f"{engine.title} fails: {engine.failure_text(error, network, fed)}")
        else:
            report.add(engine, compare_gradients(slopes, gradients, trained, numbers, tolerance, engine.short))
    if not report.engines and not report.failures:
        report.failures.append("nothing to compare with")
    return report


class Slopes:
    """
    The slopes of the loss in NumPy, by its differences between both sides; each is computed once.

    :param network: the network
    :param feeds: as for ``nn.run_numpy``
    :param parameters: by name
    :param seed: of directions and places
    """

    def __init__(
        self, network: Program, feeds: Mapping[str, Any], parameters: Mapping[str, numpy.ndarray], seed: int = 0
    ):
        self.network, self.feeds, self.parameters, self.seed = network, feeds, parameters, seed
        self._point = GradientPoint()
        self.size = max(1.0, abs(self._loss({})))
        """Of the loss, at least 1."""
        self._directions: dict[str, tuple[numpy.ndarray, float]] = {}
        self._single: dict[tuple[str, tuple[int, ...]], float] = {}

    def along(self, name: str) -> tuple[numpy.ndarray, float]:
        """A random direction of all numbers of a parameter, and the slope along it."""
        if name not in self._directions:
            direction = self._generator(name).standard_normal(numpy.shape(self.parameters[name]))
            direction /= max(float(numpy.linalg.norm(direction)), 1e-30)
            self._directions[name] = direction, self._slope(name, direction)
        return self._directions[name]

    def at(self, name: str, place: tuple[int, ...]) -> float:
        """The slope by a single number of a parameter."""
        if (name, place) not in self._single:
            unit: numpy.ndarray = numpy.zeros(numpy.shape(self.parameters[name]))
            unit[place] = 1.0
            self._single[name, place] = self._slope(name, unit)
        return self._single[name, place]

    def places(self, name: str, gradient: numpy.ndarray, count: int) -> list[tuple[int, ...]]:
        """That of the greatest number of a gradient, and random ones."""
        if not count or not gradient.size:
            return []
        flat = [int(numpy.abs(gradient).argmax())]
        others = [int(index) for index in self._generator(name).permutation(gradient.size) if index != flat[0]]
        places = [numpy.unravel_index(one, gradient.shape) for one in (flat + others)[:count]]
        return [tuple(int(index) for index in place) for place in places]

    def _generator(self, name: str) -> numpy.random.Generator:
        return numpy.random.default_rng([self.seed, sorted(self.network.parameters).index(name)])

    def _slope(self, name: str, direction: numpy.ndarray) -> float:
        value = numpy.asarray(self.parameters[name], "float64")
        there, back = (self._loss({name: value + sign * STEP * direction}) for sign in (1.0, -1.0))
        return (there - back) / (2.0 * STEP)

    def _loss(self, changed: Mapping[str, numpy.ndarray]) -> float:
        parameters = {**self.parameters, **changed}
        run = Run(self.network, self.feeds, parameters, precise=True, gradient_point=self._point)
        run.execute(self.network.root_body)
        self._point.begin()
        return NumpyRun(self.network, run).total_loss


def compare_gradients(
    slopes: Slopes,
    gradients: Mapping[str, numpy.ndarray],
    trained: set[str],
    numbers: int,
    tolerance: float,
    engine: str,
) -> dict[str, ParameterGradient]:
    """
    Compares gradients that are given with differences.

    :param gradients: by parameter; of those that the loss does not depend on there is none
    :param trained: the names of all that the engine trains
    :param engine: its short name
    """
    found = {}
    for name, parameter in sorted(slopes.network.parameters.items()):
        if not parameter.trainable:
            continue
        if name not in trained:
            text = f"{engine} does not train it"
            found[name] = ParameterGradient(name, (0.0, 0.0), (), float("inf"), text)
            continue
        gradient = numpy.asarray(gradients.get(name, numpy.zeros(numpy.shape(slopes.parameters[name]))), "float64")
        found[name] = _compared(name, parameter.dims, gradient, slopes, numbers, tolerance, engine)
    return found


def _compared(
    name: str,
    dims: tuple[Dim, ...],
    gradient: numpy.ndarray,
    slopes: Slopes,
    numbers: int,
    tolerance: float,
    engine: str,
) -> ParameterGradient:
    if not numpy.isfinite(gradient).all():
        place = tuple(int(index) for index in numpy.argwhere(~numpy.isfinite(gradient))[0])
        text = f"{gradient[place]} in {engine} at {_place_text(dims, place)}, though the loss is finite"
        return ParameterGradient(name, (0.0, 0.0), (), float("inf"), text)
    rounding = 1e-6 * slopes.size  # of RETURNN's numbers, which are float32
    direction, slope = slopes.along(name)
    along = (slope, float((gradient * direction).sum()))
    distances = [_distance(*along, max(float(numpy.linalg.norm(gradient)), abs(slope), rounding / tolerance))]
    places = slopes.places(name, gradient, numbers)
    single = [(place, slopes.at(name, place), float(gradient[place])) for place in places]
    greatest = max([float(numpy.abs(gradient).max(initial=0.0)), *(abs(own) for _, own, _ in single)])
    distances += [_distance(own, other, max(greatest, rounding / tolerance)) for _, own, other in single]
    text = ""
    wrong = [one for one, distance in zip(single, distances[1:]) if not distance <= tolerance]
    if wrong:
        place, own, other = wrong[0]
        place_text = _place_text(dims, place)
        text = f"{_both(own, other, engine)} at {place_text}; {len(wrong)} of {len(single)} numbers differ"
    elif not distances[0] <= tolerance:
        text = f"the slope along a random direction is {_both(*along, engine)}"
    return ParameterGradient(name, along, tuple(single), max(distances), text)


def _both(own: float, other: float, engine: str) -> str:
    return f"{number_text(own)} by differences in NumPy, {number_text(other)} in {engine}"


def _place_text(dims: tuple[Dim, ...], place: tuple[int, ...]) -> str:
    return ", ".join(f"{dim.name} {index}" for dim, index in zip(dims, place)) or dims_text(dims)


def _distance(own: float, other: float, scale: float) -> float:
    return abs(own - other) / scale


def made_up_parameters(network: Program, seed: int = 1) -> dict[str, numpy.ndarray]:
    """Initial values, moved a little, so that none is constant: with zero biases a wrong one would not be seen."""
    generator = numpy.random.default_rng(seed)
    return {
        name: (value + 0.05 * generator.standard_normal(value.shape)).astype(value.dtype)
        for name, value in network.random_parameters().items()
    }


def engine_feeds(run: NumpyRun) -> dict[str, tuple[numpy.ndarray, ...]]:
    """What was fed to a run in NumPy, for an engine: of each input the array in its own type, and all lengths."""
    return {
        name: (result.value, *(result.lengths[dim] for dim in result.dims if dim in result.lengths))
        for name, result in run.inputs.items()
    }
