"""Checks that a program computes in NumPy what it computed before a pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from recipe import nn
from recipe.nn.numpy_run.interpreter import Result
from recipe.nn.program.program import Program

from ..agreement import frames_mask


def check_same_results(
    before: Program,
    after: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    *,
    rtol: float = 1e-5,
) -> None:
    """
    Runs both, and compares all outputs with their dims and lengths, all losses, and the scores of a search. The second
    one has no parameters that the first one has not; it may lack those of a value that is unstacked and never read.

    :raises AssertionError: where they differ
    """
    first, second = (nn.run_numpy(program, feeds, parameters) for program in (before, after))
    assert list(first.outputs) == list(second.outputs)
    for name, result in first.outputs.items():
        _check_same_output(name, result, second.outputs[name], rtol)
    assert list(first.losses) == list(second.losses)
    for name, loss in first.losses.items():
        numpy.testing.assert_allclose(second.losses[name], loss, rtol=rtol, atol=rtol, err_msg=f"loss {name}")
    if first.beam_scores is not None:
        assert second.beam_scores is not None
        numpy.testing.assert_allclose(second.beam_scores, first.beam_scores, rtol=rtol, atol=rtol)
    assert set(after.parameters) <= set(before.parameters)


def _check_same_output(name: str, result: Result, other: Result, rtol: float) -> None:
    assert other.dims == result.dims, (name, result.dims, other.dims)
    if nn.batch_dim in result.dims:
        other = _per_hypothesis(other, result.value.shape[result.dims.index(nn.batch_dim)])
    assert (other.value.shape, other.value.dtype) == (result.value.shape, result.value.dtype), name
    for dim, lengths in result.lengths.items():
        numpy.testing.assert_array_equal(other.lengths[dim], lengths, err_msg=f"lengths of {name} over {dim}")
    mask = frames_mask(result)
    if result.value.dtype.kind == "f":
        numpy.testing.assert_allclose(other.value[mask], result.value[mask], rtol=rtol, atol=rtol, err_msg=name)
    else:
        numpy.testing.assert_array_equal(other.value[mask], result.value[mask], err_msg=name)


def _per_hypothesis(result: Result, rows: int) -> Result:
    """The same with so many rows: what is the same for all hypotheses of a sequence may be there once for each."""
    axis = result.dims.index(nn.batch_dim)
    times = rows // max(result.value.shape[axis], 1)
    lengths = {dim: numpy.repeat(of, rows // max(len(of), 1)) for dim, of in result.lengths.items()}
    return Result(numpy.repeat(result.value, times, axis=axis), result.dims, lengths)
