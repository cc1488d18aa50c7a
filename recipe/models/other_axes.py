"""Axes made longer, and in another order: RETURNN's ``pad`` and ``swap_axes``."""

from __future__ import annotations

from collections.abc import Iterator

from recipe import nn


def padded(x: nn.Tensor, axis: nn.Dim | int, before: int, after: int, value: float = 0.0) -> nn.Tensor:
    """
    More entries before the first one of an axis of fixed size, and after its last one; of frames ``nn.pad_in_time``.

    :param x: [..., axis, ...]
    :param axis: of fixed size
    :param before: how many before the first one
    :param after: how many after the last one
    :param value: of the new ones
    :return: with an axis of ``before + axis + after`` entries in its place
    """
    axis = x.resolve_axis(axis)
    parts = [(part, part.resolve_axis(size)) for part, size in _filled(x, axis, before, value)]
    parts += [(x, axis), *((part, part.resolve_axis(size)) for part, size in _filled(x, axis, after, value))]
    return nn.concat([part for part, _ in parts], axes=[dim for _, dim in parts])


def _filled(x: nn.Tensor, axis: nn.Dim, count: int, value: float) -> Iterator[tuple[nn.Tensor, int]]:
    """So many entries of one value, in parts that are at most as long as the axis, with their lengths."""
    while count:
        size = min(count, axis.size - 1 or 1)
        yield nn.slice(x, 0, size, axis=axis) * 0.0 + value, size
        count -= size


def swapped(x: nn.Tensor, first: nn.Dim | int, second: nn.Dim | int) -> nn.Tensor:
    """
    The same values with two axes of fixed size in the other order, which says what the features are: the last of them.

    :param x: [..., first, ..., second, ...] or the other way round
    """
    one, other = x.resolve_axis(first), x.resolve_axis(second)
    dims = [dim for dim in x.dims if dim in (one, other)]
    joined = nn.Dim(one.size * other.size, "joined")
    return nn.split_dims(nn.merge_dims(x, dims[::-1], out_dim=joined), dims[::-1], axis=joined)
