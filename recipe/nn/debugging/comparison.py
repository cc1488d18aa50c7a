"""In what a value in NumPy and that of another engine differ, and where first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy

from ..numpy_run.interpreter import Result
from ..plain.dim import Dim, batch_dim

TOLERANCE = 1e-3
"""Of the greatest number in a value: how far two engines may be from each other."""


class EngineValue(NamedTuple):
    """
    What an engine computed for a value.

    :ivar value: the array
    :ivar dims: the names of its dims, "batch" for that of the sequences
    :ivar lengths: by the names of dims that have lengths, where the engine tells them
    """

    value: numpy.ndarray
    dims: list[str]
    lengths: dict[str, numpy.ndarray] = {}


class Difference(NamedTuple):
    """
    In what two values differ.

    :ivar text: for readers, with the first number that differs
    :ivar distance: the greatest difference, relative to the greatest number; 0 of values that are the same; infinite of
        those that cannot be compared
    :ivar place: where the first number stands that differs, along the axes of NumPy's value; empty if none does, or
        the two are of other shapes
    """

    text: str
    distance: float
    place: tuple[int, ...] = ()


def compared(
    own: numpy.ndarray, counts: numpy.ndarray, dims: Sequence[Dim], other: EngineValue, engine: str, tolerance: float
) -> Difference:
    """
    In what a value differs from that of an engine; what does not count is not looked at.

    :param own: the value in NumPy
    :param counts: where it counts: bool, of the same shape
    :param dims: its axes
    :param engine: the engine's name
    """
    names = ["batch" if dim.is_batch else dim.name for dim in dims]
    orders = list(_orders(names, other.dims))
    if not orders:
        return Difference(f"[{', '.join(names)}] in NumPy, [{', '.join(other.dims)}] in {engine}", float("inf"))
    arrays = [numpy.transpose(other.value, order) for order in orders]
    arrays = [array for array in arrays if array.shape == own.shape]
    if not arrays:
        shape = list(numpy.transpose(other.value, orders[0]).shape)
        return Difference(f"the shape is {list(own.shape)} in NumPy, {shape} in {engine}", float("inf"))
    found = [_of_arrays(own, counts, dims, array, engine, tolerance) for array in arrays]
    return min(found, key=lambda difference: difference.distance)


def compared_result(own: Result, other: EngineValue, engine: str, tolerance: float) -> Difference:
    """In what a value outside of loops differs, and its lengths."""
    for dim, lengths in own.lengths.items():
        theirs = other.lengths.get(dim.name)
        if theirs is not None and not (lengths.shape == theirs.shape and (lengths == theirs).all()):
            text = f"the lengths of {dim} are {lengths.tolist()} in NumPy, {theirs.tolist()} in {engine}"
            return Difference(text, float("inf"))
    return compared(own.value, frames_mask(own), own.dims, other, engine, tolerance)


def _orders(names: list[str], given: list[str]) -> Iterator[tuple[int, ...]]:
    """Where each axis may be among the given ones. One may have another name, as engines make names themselves."""
    unknown = [name for name in given if name not in names]
    if len(names) != len(given) or len(unknown) > 1:
        return
    wanted = [name if name in given else unknown[0] if unknown else name for name in names]
    for order in itertools.permutations(range(len(given))) if len(given) <= 6 else []:
        if all(given[axis] == name for axis, name in zip(order, wanted)):
            yield order


def _of_arrays(
    own: numpy.ndarray,
    counts: numpy.ndarray,
    dims: Sequence[Dim],
    other: numpy.ndarray,
    engine: str,
    tolerance: float,
) -> Difference:
    counts = numpy.broadcast_to(counts, own.shape)
    if own.dtype.kind != "f" or other.dtype.kind != "f":
        wrong = (own != other) & counts
        distance = float("inf") if wrong.any() else 0.0
    else:
        with numpy.errstate(all="ignore"):
            left: numpy.ndarray = own.astype("float64")
            right: numpy.ndarray = other.astype("float64")
            finite = numpy.isfinite(left) & numpy.isfinite(right)
            alike = (numpy.isnan(left) & numpy.isnan(right)) | (left == right)
            scale = max(1.0, float(numpy.abs(left[finite & counts]).max(initial=0.0)))
            distances = numpy.where(alike, 0.0, numpy.where(finite, numpy.abs(left - right) / scale, numpy.inf))
        distances = numpy.where(counts, distances, 0.0)
        distance = float(distances.max(initial=0.0))
        wrong = distances > tolerance
    if not wrong.any():
        return Difference("", distance)
    place = tuple(int(index) for index in numpy.argwhere(wrong)[0])
    text = f"{number_text(own[place])} in NumPy, {number_text(other[place])} in {engine}"
    where = ", ".join(f"{'sequence' if dim.is_batch else dim.name} {index}" for dim, index in zip(dims, place))
    many = f"; {int(wrong.sum())} of {int(counts.sum())} numbers differ" if counts.sum() > 1 else ""
    return Difference(f"{text}{' at ' + where if where else ''}{many}", distance, place)


def number_text(number: object) -> str:
    """A number as messages have it."""
    return f"{number:.6g}" if isinstance(number, (float, numpy.floating)) else str(number)


def frames_mask(result: Result) -> numpy.ndarray:
    """Where a value is no padding: bool, of its shape."""
    mask = numpy.ones(result.value.shape, bool)
    for dim, lengths in result.lengths.items():
        if batch_dim not in result.dims:
            continue
        axes = result.dims.index(batch_dim), result.dims.index(dim)
        inside = numpy.arange(result.value.shape[axes[1]])[None, :] < lengths[:, None]
        inside = inside if axes[0] < axes[1] else inside.T
        mask &= inside.reshape([mask.shape[axis] if axis in axes else 1 for axis in range(mask.ndim)])
    return mask
