"""Axes made longer, and in another order: RETURNN's ``pad`` and ``swap_axes``."""

from __future__ import annotations

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
    position = nn.range_over(nn.Dim(before + axis.size + after, axis.name)) - before
    inside = nn.logical_and(position >= 0, position < axis.size)
    return nn.where(inside, nn.gather(x, nn.clip(position, 0, axis.size - 1), axis=axis), value)


def swapped(x: nn.Tensor, first: nn.Dim | int, second: nn.Dim | int) -> nn.Tensor:
    """
    The same values with two axes of fixed size in the other order, which says what the features are: the last of them.

    :param x: [..., first, ..., second, ...] or the other way round
    """
    one, other = x.resolve_axis(first), x.resolve_axis(second)
    dims = [dim for dim in x.dims if dim in (one, other)]
    joined = nn.Dim(one.size * other.size, "joined")
    return nn.split_dims(nn.merge_dims(x, dims[::-1], out_dim=joined), dims[::-1], axis=joined)
