"""Checks that a program without choices finds what the definition of a search, a plain one and RETURNN find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from recipe import nn
from recipe.nn.numpy_run.interpreter import Result
from recipe.nn.passes.beams import without_choices
from recipe.nn.passes.fission import fission
from recipe.nn.plain.dim import Dim
from recipe.nn.program.program import Program

from .....without_returnn import is_left_out
from ...agreement import assert_same_output, matching_axes, random_parameters
from ...returnn_run import ReturnnOutput, run_returnn
from .plain_search import PlainSearch

NONE = -1e29
"""Scores below are those of places in a beam for which there is no hypothesis."""


class Searched:
    """
    A program, run by the definition and without choices.

    :param network: the program
    :param feeds: of a batch
    :param parameters: by name; default: random ones
    :raises AssertionError: if the two differ
    """

    def __init__(
        self, network: Program, feeds: Mapping[str, Any], parameters: Mapping[str, numpy.ndarray] | None = None
    ):
        self.network, self.feeds = network, feeds
        self.parameters = parameters if parameters is not None else random_parameters(network)  # type: ignore[arg-type]
        assert len(network.digest) == 64, "a job cannot be made of it"  # type: ignore[attr-defined]
        self.program = without_choices(network)
        self.defined = nn.run_numpy(network, feeds, self.parameters)
        self.run = nn.run_numpy(self.program, feeds, self.parameters)
        self.beams: list[Dim] = [scores.dims[-1] for scores in self.program.scores]
        self.scores: list[Result] = [self.run.result(scores) for scores in self.program.scores]
        self._compare_with_definition()

    @property
    def batch_size(self) -> int:
        """The number of sequences."""
        return len(self.scores[0].value)

    def check_plain(self) -> None:
        """
        Compares each hypothesis with that of a plain search for its sequence alone.

        :raises AssertionError: if they differ
        """
        for index in range(self.batch_size):
            plain = PlainSearch(self.network, self.feeds, self.parameters, index)
            self._compare_with_plain(plain, index, (), ())

    def check_alone(self) -> None:
        """
        Compares each sequence with itself alone: the same hypotheses and scores.

        :raises AssertionError: if they differ
        """
        for index in range(self.batch_size):
            feeds = PlainSearch(self.network, self.feeds, self.parameters, index).feeds
            alone = Searched(self.network, feeds, self.parameters)
            for one, other in zip(self.scores, alone.scores):
                numpy.testing.assert_allclose(one.value[index], other.value[0], rtol=1e-6)
            for name, result in self.run.outputs.items():
                ranks = [range(dim.size) if dim in result.dims else range(1) for dim in self.beams]
                for places in numpy.ndindex(*map(len, ranks)):
                    if self._is_there(index, places):
                        values = self.value(result, index, places), alone.value(alone.run.outputs[name], 0, places)
                        _assert_equal(*values, f"{name} of {index}, {places} alone")

    def check_fission(self) -> None:
        """
        Compares each hypothesis with what the pass after this one leaves of it.

        :raises AssertionError: if they differ
        """
        run = nn.run_numpy(fission(self.program), self.feeds, self.parameters)
        for name, result in self.run.outputs.items():
            ranks = [range(dim.size) if dim in result.dims else range(1) for dim in self.beams]
            for index in range(self.batch_size if nn.batch_dim in result.dims else 1):
                for places in numpy.ndindex(*map(len, ranks)):
                    if self._is_there(index, places):
                        values = [self.value(one, index, places) for one in (run.outputs[name], result)]
                        _assert_equal(*values, f"{name} of {index}, {places} after fission")

    def check_returnn(self) -> None:
        """
        Compares each hypothesis with what RETURNN finds on TensorFlow.

        :raises AssertionError: if they differ
        """
        found = run_returnn(self.network, self.feeds, self.parameters, search=True)  # type: ignore[arg-type]
        if is_left_out():
            return
        for name, result in self.run.outputs.items():
            if any(dim.is_beam for dim in result.dims):
                self._compare_with_returnn(name, result, found.outputs[name])
            else:
                assert_same_output(name, result, found.outputs[name])

    def _compare_with_returnn(self, name: str, result: Result, output: ReturnnOutput) -> None:
        """Hypotheses, which RETURNN has as rows of the batch."""
        beams = [dim for dim in result.dims if dim.is_beam]
        rest = [dim for dim in result.dims if not (dim.is_batch or dim.is_beam)]
        axes = matching_axes(name, ["batch", *(dim.name for dim in rest)], output.dims)
        rows = numpy.transpose(output.value, axes)
        lengths = [output.lengths.get(output.dims[axis]) for axis in axes[1:]]
        for row, (index, *places) in enumerate(numpy.ndindex(self.batch_size, *(dim.size for dim in beams))):
            at = [dict(zip(beams, places)).get(beam, 0) for beam in self.beams]
            if self._is_there(index, at):
                value = rows[row]
                for axis, length in enumerate(lengths):
                    if length is not None:
                        value = numpy.take(value, range(int(length[row])), axis=axis)
                _assert_equal(value, self.value(result, index, at), f"{name} of {index}, {places} in RETURNN")

    def value(self, result: Result, index: int, places: Sequence[int]) -> numpy.ndarray:
        """
        What a result is for one hypothesis, without padding.

        :param index: the sequence
        :param places: of the hypotheses of each search in its beam
        """
        at: dict[Dim, int] = {nn.batch_dim: index, **dict(zip(self.beams, places))}
        value = result.value[tuple(at.get(dim, slice(None)) for dim in result.dims)]
        for axis, dim in enumerate(dim for dim in result.dims if dim not in at):
            if dim.is_dynamic and nn.batch_dim in result.dims:
                length = result.lengths[dim][tuple(at[other] for other in dim.length_dims)]
                value = numpy.take(value, range(int(length)), axis=axis)
        return value

    def _is_there(self, index: int, places: Sequence[int]) -> bool:
        """Whether there is a hypothesis in each of these places."""
        return all(self.value(scores, index, places) > NONE for scores in self.scores[: len(places)])

    def _compare_with_plain(
        self, plain: PlainSearch, index: int, labels: tuple[int, ...], places: tuple[int, ...]
    ) -> None:
        number = len(places)
        if number < len(plain.searches):
            found = plain.hypotheses(plain.searches[number], labels)
            scores = [
                float(self.value(self.scores[number], index, (*places, place)))
                for place in range(self.beams[number].size)
            ]
            assert [score > NONE for score in scores] == [True] * len(found) + [False] * (len(scores) - len(found))
            numpy.testing.assert_allclose(scores[: len(found)], [one.log_prob for one in found], rtol=1e-4, atol=1e-5)
            for place, one in enumerate(found):
                self._compare_with_plain(plain, index, one.labels, (*places, place))
            return
        expected = plain.outputs(labels)
        for name, result in self.run.outputs.items():
            _assert_equal(self.value(result, index, places), expected[name], f"{name} of {index}, {places}")

    def _compare_with_definition(self) -> None:
        """All sequences and hypotheses, which the definition has as rows of the batch."""
        assert len(self.defined.search_scores) == len(self.scores)
        for one, other in zip(self.run.search_scores, self.defined.search_scores):
            is_there = other > NONE
            numpy.testing.assert_array_equal(one > NONE, is_there)
            numpy.testing.assert_allclose(one[is_there], other[is_there], rtol=1e-4, atol=1e-5)
        for name, result in self.run.outputs.items():
            defined = self.defined.outputs[name]
            if nn.batch_dim not in result.dims:
                _assert_equal(result.value, _transposed(defined, result.dims), name)
                continue
            rows = _rows(defined)
            beams = [dim for dim in result.dims if dim.is_beam]
            shape = (self.batch_size, *(dim.size for dim in beams))
            assert len(rows) in (numpy.prod(shape), self.batch_size)
            for row, (index, *places) in enumerate(numpy.ndindex(*shape)):
                ranks = dict(zip(beams, places))
                at = [ranks.get(beam, 0) for beam in self.beams]
                if self._is_there(index, at):
                    value = self.value(result, index, at)
                    dims = [dim for dim in result.dims if not (dim.is_batch or dim.is_beam)]
                    wanted = rows[row if len(rows) > self.batch_size else index]
                    _assert_equal(value, _ordered(wanted, defined, dims), f"{name} of {index}, {places} as defined")

    def labels(self, name: str) -> list[list[tuple[int, ...]]]:
        """The labels of an output, of each hypothesis of each sequence."""
        result = self.run.outputs[name]
        return [
            [
                tuple(self.value(result, index, (place,)).tolist())
                for place in range(self.beams[0].size)
                if self._is_there(index, (place,))
            ]
            for index in range(self.batch_size)
        ]


def _rows(result: Result) -> list[numpy.ndarray]:
    """One array per row of the batch, cut to its lengths."""
    dims = [dim for dim in result.dims if not dim.is_batch]
    array = numpy.moveaxis(result.value, result.dims.index(nn.batch_dim), 0)
    rows = []
    for number, row in enumerate(array):
        for axis, dim in enumerate(dims):
            if dim.is_dynamic:
                row = numpy.take(row, range(int(result.lengths[dim][number])), axis=axis)
        rows.append(row)
    return rows


def _ordered(row: numpy.ndarray, result: Result, dims: Sequence[Dim]) -> numpy.ndarray:
    """A row with its axes in the order of other dims, which are of the same names."""
    names = [dim.name for dim in result.dims if not dim.is_batch]
    return numpy.transpose(row, [names.index(dim.name) for dim in dims])


def _transposed(result: Result, dims: Sequence[Dim]) -> numpy.ndarray:
    names = [dim.name for dim in result.dims]
    return numpy.transpose(result.value, [names.index(dim.name) for dim in dims])


def _assert_equal(value: numpy.ndarray, expected: numpy.ndarray, what: str) -> None:
    assert value.shape == expected.shape, what
    if value.dtype.kind == "f":
        numpy.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5, err_msg=what)
    else:
        numpy.testing.assert_array_equal(value, expected, err_msg=what)
