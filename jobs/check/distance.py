"""How far a value in NumPy is from RETURNN's."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .returnn_network import ReturnnValue

TOLERANCE = 1e-3
"""Of the greatest number in a value: how far the two may be from each other."""


def distance_of(run: nn.NumpyRun, tensor: nn.Tensor, value: ReturnnValue) -> float:
    """
    How far a value is from RETURNN's, relative to its greatest number; infinite if they cannot be compared.

    What is behind the end of a sequence does not count.
    """
    result = run.result(tensor)
    return distance(result.value, frames_mask(result), [dim.name for dim in result.dims], value)


def distance(own: numpy.ndarray, mask: numpy.ndarray, names: list[str], other: ReturnnValue) -> float:
    """
    The greatest relative difference of a value from RETURNN's; infinite where the two have other axes or shapes.

    :param own: the value in NumPy
    :param mask: what of it counts, bool of the same shape
    :param names: of its axes
    """
    if sorted(names) != sorted(other.dims):
        unknown = [name for name in other.dims if name not in names]
        missing = [name for name in names if name not in other.dims]
        if len(unknown) != 1 or len(missing) != 1 or len(names) != len(other.dims):
            return float("inf")
        names = [unknown[0] if name == missing[0] else name for name in names]  # an axis that RETURNN has named
    if len(set(names)) < len(names):
        return 0.0  # axes of one name are not told apart
    theirs = numpy.transpose(other.value, [other.dims.index(name) for name in names])
    if theirs.shape != own.shape:
        return float("inf")
    if own.dtype.kind != "f":
        return 0.0 if (own == theirs)[mask].all() else float("inf")
    left, right = own[mask].astype("float64"), theirs[mask].astype("float64")
    if not left.size:
        return 0.0
    if not (numpy.isfinite(left) == numpy.isfinite(right)).all():
        return float("inf")
    finite = numpy.isfinite(left)
    scale = max(1.0, float(numpy.abs(left[finite]).max(initial=0)))
    return float(numpy.abs(left[finite] - right[finite]).max(initial=0)) / scale


def frames_mask(result: Any) -> numpy.ndarray:
    """Where a value is no padding: bool, of its shape."""
    mask = numpy.ones(result.value.shape, bool)
    for dim, lengths in result.lengths.items():
        if nn.batch_dim not in result.dims:
            continue
        axes = result.dims.index(nn.batch_dim), result.dims.index(dim)
        inside = numpy.arange(result.value.shape[axes[1]])[None, :] < lengths[:, None]
        inside = inside if axes[0] < axes[1] else inside.T
        mask &= inside.reshape([mask.shape[axis] if axis in axes else 1 for axis in range(mask.ndim)])
    return mask
