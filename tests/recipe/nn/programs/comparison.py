"""Compares what a network gave with what the reference of its program gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from recipe import nn
from recipe.nn.numpy_run.interpreter import Result

from .program import Expected


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
        frames = [value for of_sequence in expected for value in frames_of(of_sequence.results[0][name])]
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


def frames_of(loss: Any) -> list[float]:
    """The values of a loss of one sequence: of all its frames, or its only one."""
    return [float(value) for value in numpy.atleast_1d(numpy.asarray(loss))]
