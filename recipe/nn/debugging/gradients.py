"""Gradients of an engine against differences of the loss in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy

from ..numpy_run.gradient_point import GradientPoint
from ..numpy_run.interpreter import Run
from ..numpy_run.run import NumpyRun, run_numpy
from ..plain.dim import Dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..program.program import Program
from . import returnn_network
from .comparison import TOLERANCE, number_text
from .failure import failure_text

STEP = 1e-4
"""By how much a parameter is moved to both sides, in float64: the error of a slope is of the order of its square."""

Loss = Callable[[Mapping[str, numpy.ndarray]], float]


class ParameterGradient(NamedTuple):
    """
    The gradient of one parameter, beside differences of the loss.

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

    :ivar parameters: by name
    :ivar failure: why there is nothing to compare: RETURNN is not installed, or it failed; nothing if there is
    """

    def __init__(self, parameters: Mapping[str, ParameterGradient], failure: str = ""):
        self.parameters = dict(parameters)
        self.failure = failure

    @property
    def ok(self) -> bool:
        """Whether all gradients are the same."""
        return not self.failure and not any(one.text for one in self.parameters.values())

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        if self.failure:
            return self.failure
        wrong = [f"gradient of {one.name}: {one.text}" for one in self.parameters.values() if one.text]
        if wrong:
            return "\n".join(wrong)
        greatest = max((one.distance for one in self.parameters.values()), default=0.0)
        return (
            f"same: the gradients of {len(self.parameters)} parameters, up to {greatest:.1g} of their greatest number"
        )


def check_gradients(
    network: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray] | None = None,
    *,
    numbers: int = 5,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> GradientReport:
    """
    Compares RETURNN's gradients of the total loss with central differences of the loss of ``nn.run_numpy``.

    For each parameter, the slope along a random direction of all its numbers, and by a few single numbers. NumPy
    computes in float64 here, RETURNN in float32. Dropout is off, weight decay is left out.

    :param feeds: as for ``nn.run_numpy``
    :param parameters: by name; default: random ones, none of them constant
    :param numbers: how many numbers of each parameter, each of which takes two runs: the greatest of its gradient, and
        random ones
    :param tolerance: how far they may be from each other, relative to the gradient
    :param seed: of parameters and directions
    :raises NetworkError: if the network has no loss that is trained on; if feeds do not fit
    """
    if all(loss.as_error for loss in network.losses):
        raise NetworkError("the network has no loss that is trained on, and so no gradients: loss.mark_as_loss()")
    parameters = made_up_parameters(network, seed) if parameters is None else parameters
    run = run_numpy(network, feeds, parameters)
    packages = returnn_network.missing()
    if packages:
        return GradientReport({}, f"nothing to compare with: {packages} is not installed")
    try:
        with returnn_network.built(network, search=False) as returnn:  # type: ignore[arg-type]
            returnn.set_parameters(parameters)
            gradients = returnn.gradients(engine_feeds(run))
            trained = returnn.trained_names
    except Exception as error:
        return GradientReport({}, f"RETURNN fails: {failure_text(error, None)}")
    return compare_gradients(network, feeds, parameters, gradients, trained, numbers, tolerance, seed)


def compare_gradients(
    network: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    gradients: Mapping[str, numpy.ndarray],
    trained: set[str],
    numbers: int,
    tolerance: float,
    seed: int,
) -> GradientReport:
    """
    Compares gradients that are given with differences.

    :param gradients: by parameter; of those that the loss does not depend on there is none
    :param trained: the names of all that the engine trains
    """

    point = GradientPoint()

    def loss(changed: Mapping[str, numpy.ndarray]) -> float:
        run = Run(network, feeds, {**parameters, **changed}, precise=True, gradient_point=point)
        run.execute(network.root_body)
        point.begin()
        return NumpyRun(network, run).total_loss

    generator = numpy.random.default_rng(seed)
    size = max(1.0, abs(loss({})))
    found = {}
    for name, parameter in sorted(network.parameters.items()):
        if not parameter.trainable:
            continue
        if name not in trained:
            found[name] = ParameterGradient(name, (0.0, 0.0), (), float("inf"), "RETURNN does not train it")
            continue
        value = numpy.asarray(parameters[name], "float64")
        gradient = numpy.asarray(gradients.get(name, numpy.zeros(value.shape)), "float64")
        found[name] = _compared(name, parameter.dims, value, gradient, loss, size, numbers, tolerance, generator)
    return GradientReport(found)


def _compared(
    name: str,
    dims: tuple[Dim, ...],
    value: numpy.ndarray,
    gradient: numpy.ndarray,
    loss: Loss,
    size: float,
    numbers: int,
    tolerance: float,
    generator: numpy.random.Generator,
) -> ParameterGradient:
    if not numpy.isfinite(gradient).all():
        place = tuple(int(index) for index in numpy.argwhere(~numpy.isfinite(gradient))[0])
        text = f"{gradient[place]} in RETURNN at {_place_text(dims, place)}, though the loss is finite"
        return ParameterGradient(name, (0.0, 0.0), (), float("inf"), text)

    def slope(direction: numpy.ndarray) -> float:
        """The slope of the loss along a direction, by its difference between both sides."""
        there, back = (loss({name: value + sign * STEP * direction}) for sign in (1.0, -1.0))
        return (there - back) / (2.0 * STEP)

    rounding = 1e-6 * size  # of RETURNN's numbers, which are float32
    direction = generator.standard_normal(value.shape)
    direction /= max(float(numpy.linalg.norm(direction)), 1e-30)
    along = (slope(direction), float((gradient * direction).sum()))
    distances = [_distance(*along, max(float(numpy.linalg.norm(gradient)), abs(along[0]), rounding / tolerance))]
    places = _places(gradient, numbers, generator)
    single = []
    for place in places:
        unit: numpy.ndarray = numpy.zeros(value.shape)
        unit[place] = 1.0
        single.append((place, slope(unit), float(gradient[place])))
    greatest = max([float(numpy.abs(gradient).max(initial=0.0)), *(abs(own) for _, own, _ in single)])
    distances += [_distance(own, other, max(greatest, rounding / tolerance)) for _, own, other in single]
    text = ""
    wrong = [one for one, distance in zip(single, distances[1:]) if not distance <= tolerance]
    if wrong:
        place, own, other = wrong[0]
        text = f"{_both(own, other)} at {_place_text(dims, place)}; {len(wrong)} of {len(single)} numbers differ"
    elif not distances[0] <= tolerance:
        text = f"the slope along a random direction is {_both(*along)}"
    return ParameterGradient(name, along, tuple(single), max(distances), text)


def _both(own: float, other: float) -> str:
    return f"{number_text(own)} by differences in NumPy, {number_text(other)} in RETURNN"


def _place_text(dims: tuple[Dim, ...], place: tuple[int, ...]) -> str:
    return ", ".join(f"{dim.name} {index}" for dim, index in zip(dims, place)) or dims_text(dims)


def _distance(own: float, other: float, scale: float) -> float:
    return abs(own - other) / scale


def _places(gradient: numpy.ndarray, count: int, generator: numpy.random.Generator) -> list[tuple[int, ...]]:
    """That of the greatest number, and random ones."""
    if not count or not gradient.size:
        return []
    flat = [int(numpy.abs(gradient).argmax())]
    others = [int(index) for index in generator.permutation(gradient.size) if index != flat[0]]
    return [tuple(int(index) for index in numpy.unravel_index(one, gradient.shape)) for one in (flat + others)[:count]]


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
