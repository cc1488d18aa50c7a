"""Checks that a program computes in NumPy what it computed before a pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from recipe import nn
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
    Runs both, and compares all outputs with their dims and lengths, all losses, the scores of a search, and which
    parameters there are.

    :raises AssertionError: where they differ
    """
    first, second = (nn.run_numpy(program, feeds, parameters) for program in (before, after))
    assert list(first.outputs) == list(second.outputs)
    for name, result in first.outputs.items():
        other = second.outputs[name]
        assert other.dims == result.dims, (name, result.dims, other.dims)
        assert (other.value.shape, other.value.dtype) == (result.value.shape, result.value.dtype), name
        for dim, lengths in result.lengths.items():
            numpy.testing.assert_array_equal(other.lengths[dim], lengths, err_msg=f"lengths of {name} over {dim}")
        mask = frames_mask(result)
        if result.value.dtype.kind == "f":
            numpy.testing.assert_allclose(other.value[mask], result.value[mask], rtol=rtol, atol=rtol, err_msg=name)
        else:
            numpy.testing.assert_array_equal(other.value[mask], result.value[mask], err_msg=name)
    assert list(first.losses) == list(second.losses)
    for name, loss in first.losses.items():
        numpy.testing.assert_allclose(second.losses[name], loss, rtol=rtol, atol=rtol, err_msg=f"loss {name}")
    if first.beam_scores is not None:
        assert second.beam_scores is not None
        numpy.testing.assert_allclose(second.beam_scores, first.beam_scores, rtol=rtol, atol=rtol)
    assert set(before.parameters) == set(after.parameters)
