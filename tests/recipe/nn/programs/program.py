"""A program with its reference, and what is checked of it."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy
import pytest

from recipe import nn
from recipe.nn.numpy_run.interpreter import Result
from recipe.nn.plain.delayed import resolved

from ..agreement import Agreement, check_agreement, random_parameters
from .inputs import BATCHES, RAGGED, Batch, sequence
from .plain_search import beam_search

DIFFERENCE = 1e-5
"""By which parameters are changed to see how losses change."""


class Program(NamedTuple):
    """
    A program, and what it means.

    :ivar name: what is special about it
    :ivar model: a module or function
    :ivar reference: a plain loop over one sequence. Its parameters are names of inputs, ``p`` for the parameters of
        the network by name, ``everyone`` for the inputs of all sequences of the batch, and in a search ``choose``. It
        returns what the model returns, and for each loss (by its name) the values of all frames
    :ivar batch: that RETURNN runs; NumPy runs others as well
    :ivar padding: what stands after the ends of the sequences
    :ivar beam_size: of the search, where the model has choices that do not say their own
    :ivar seed: of the parameters
    :ivar scale: of the parameters
    :ivar add: what is added to parameters, by name
    :ivar arguments: for the model
    :ivar compares_scores: whether the scores of hypotheses are those of the reference, too
    """

    name: str
    model: nn.Module | Callable[..., Any]
    reference: Callable[..., Any]
    batch: Batch = RAGGED
    padding: float = 77.0
    beam_size: int | None = None
    seed: int = 1
    scale: float = 1.0
    add: Mapping[str, Any] = {}
    arguments: Mapping[str, Any] = {}
    compares_scores: bool = True

    def network(self) -> nn.Network:
        """The model, recorded."""
        search = nn.BeamSearch(self.beam_size, length_normalization=0.0) if self.beam_size is not None else None
        return nn.Network(self.model, search=search, **self.arguments)

    def parameters(self, network: nn.Network) -> dict[str, numpy.ndarray]:
        """Random ones, by name."""
        parameters = random_parameters(network, self.seed, self.scale)
        for name, value in self.add.items():
            parameters[name] = (parameters[name] + value).astype("float32")
        return parameters

    def feeds(self, network: nn.Network, batch: Batch) -> dict[str, Any]:
        """The inputs that the network reads, by name."""
        return {name: feed for name, feed in batch.feeds(self.padding).items() if name in network.extern_data}

    def expected(self, batch: Batch, parameters: Mapping[str, Any]) -> list[Expected]:
        """What the reference gives, sequence by sequence."""
        feeds = batch.feeds(self.padding)
        p = {name: numpy.asarray(value, "float64") for name, value in parameters.items()}
        wanted = inspect.signature(self.reference).parameters
        every = []
        everyone = [sequence(feeds, index) for index in range(len(batch.time))]
        for inputs in everyone:
            known = {**inputs, "p": p, "everyone": everyone}
            given = {name: known[name] for name in wanted if name != "choose"}
            every.append(self._of_sequence(functools.partial(self.reference, **given), "choose" in wanted))
        return every

    def _of_sequence(self, run: Callable[..., Any], searches: bool) -> Expected:
        if not searches:
            return Expected([_named(run())], [])
        found = beam_search(lambda choose: run(choose=choose), self.beam_size or 1)
        scores = [score for score, _ in found] if self.compares_scores else []
        return Expected([_named(result) for _, result in found], scores)


class Expected(NamedTuple):
    """
    What the reference gives for one sequence.

    :ivar results: of each hypothesis, best first, by the names of outputs and losses; one without a search
    :ivar scores: of the hypotheses, if they are compared
    """

    results: list[dict[str, Any]]
    scores: list[float]


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


# NumPy


def check_in_numpy(program: Program) -> None:
    """``nn.run_numpy`` gives what the reference gives, in several batches; the network has a digest."""
    network = program.network()
    parameters = program.parameters(network)
    for batch in dict.fromkeys([program.batch, *BATCHES]):
        feeds = program.feeds(network, batch)
        run = nn.run_numpy(network, feeds, parameters)
        compare(network, run, program.expected(batch, parameters))
    assert len(network.digest) == 64
    assert program.network().digest == network.digest, "the same program, recorded once more, has another digest"


def compare(network: nn.Network, run: nn.NumpyRun, expected: Sequence[Expected]) -> None:
    """
    :raises AssertionError: if outputs, losses or scores are not as expected
    """
    names = set(run.outputs) | set(run.losses)
    for of_sequence in expected:
        for result in of_sequence.results:
            assert set(result) == names, f"the reference gives {sorted(result)}, the network {sorted(names)}"
    for name, output in run.outputs.items():
        for index, of_sequence in enumerate(expected):
            for place, result in enumerate(of_sequence.results):
                row, number = _row(output, index, place, len(expected))
                _compare_output(f"{name}, sequence {index}, hypothesis {place}", output, row, number, result[name])
    for name, loss in run.losses.items():
        frames = [value for of_sequence in expected for value in _frames(of_sequence.results[0][name])]
        numpy.testing.assert_allclose(loss, numpy.mean(frames), rtol=1e-4, atol=1e-5, err_msg=f"loss {name}")
    if any(of_sequence.scores for of_sequence in expected):
        assert run.beam_scores is not None
        for index, of_sequence in enumerate(expected):
            scores = run.beam_scores[index][: len(of_sequence.scores)]
            numpy.testing.assert_allclose(scores, of_sequence.scores, rtol=1e-4, atol=1e-4, err_msg="scores")


def _row(output: Result, index: int, place: int, batch_size: int) -> tuple[numpy.ndarray, int]:
    """An output of one hypothesis of a sequence, and its number in the batch; the whole, if it has no batch dim."""
    if nn.batch_dim not in output.dims:
        return output.value, index
    axis = output.dims.index(nn.batch_dim)
    hypotheses = output.value.shape[axis] // batch_size
    assert hypotheses * batch_size == output.value.shape[axis]
    number = index * hypotheses + (place if hypotheses > 1 else 0)
    return numpy.take(output.value, number, axis), number


def _compare_output(what: str, output: Result, value: numpy.ndarray, row: int, expected: Any) -> None:
    dims = [dim for dim in output.dims if not dim.is_batch]
    for axis, dim in enumerate(dims):
        if dim.is_dynamic:
            value = numpy.take(value, range(int(output.lengths[dim][row])), axis)
    wanted = numpy.asarray(expected)
    if not wanted.size:
        assert not value.size and value.shape[: wanted.ndim] == wanted.shape, f"{what}: {value} where nothing should be"
        return
    assert value.shape == wanted.shape, f"{what} is of the shape {value.shape}, not {wanted.shape}"
    assert (value.dtype.kind == "f") == (wanted.dtype.kind == "f"), f"{what} is {value.dtype}, not {wanted.dtype}"
    if value.dtype.kind == "f":
        numpy.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-5, err_msg=what)
    else:
        numpy.testing.assert_array_equal(value, wanted, err_msg=what)


# RETURNN


def check_in_returnn(program: Program) -> None:
    """RETURNN gives what ``nn.run_numpy`` gives, and the gradients that follow from the reference."""
    network = program.network()
    parameters = program.parameters(network)
    feeds = program.feeds(network, program.batch)
    trains = bool(network.losses)
    run = check_agreement(network, feeds, parameters=parameters, train=trains, gradients=trains, trains=trains)
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
        for value in _frames(of_sequence.results[0][loss.name])
    )


ENGINES = [
    "numpy",
    pytest.param("returnn", marks=pytest.mark.xdist_group("returnn-1")),
]
"""What programs are run in. Another engine is another entry here, with its check below."""
_CHECKS: dict[str, Callable[[Program], None]] = {"numpy": check_in_numpy, "returnn": check_in_returnn}


def _frames(loss: Any) -> list[float]:
    """The values of a loss of one sequence: of all its frames, or its only one."""
    return [float(value) for value in numpy.atleast_1d(numpy.asarray(loss))]


def _named(result: Any) -> dict[str, Any]:
    """By the names that outputs and losses have."""
    return result if isinstance(result, dict) else {"output": result}
