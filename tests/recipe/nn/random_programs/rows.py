"""Results, one array per sequence of the batch, or per hypothesis."""

from __future__ import annotations

import numpy

from recipe import nn
from recipe.nn.numpy_run.interpreter import Result


def rows(result: Result) -> list[numpy.ndarray]:
    """
    The value of each sequence, cut to its lengths, whatever stands in the padding.

    The axes are those of the result without the batch dim; of a value without batch dim there is one row.
    """
    value, dims = result.value, list(result.dims)
    if nn.batch_dim not in dims:
        return [value]
    value = numpy.moveaxis(value, dims.index(nn.batch_dim), 0)
    dims.remove(nn.batch_dim)
    return [_cut(row, [_length(result, dim, index) for dim in dims]) for index, row in enumerate(value)]


def _length(result: Result, dim: nn.Dim, row: int) -> int | None:
    return int(result.lengths[dim][row]) if dim in result.lengths else None


def _cut(row: numpy.ndarray, lengths: list[int | None]) -> numpy.ndarray:
    return row[tuple(slice(length) for length in lengths)]
