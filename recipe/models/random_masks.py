"""Masks at random places, as the configs of SpecAugment's first users in RETURNN have them (``random_mask``)."""

from __future__ import annotations

from recipe import nn

_MOST = 100


def random_masks(
    x: nn.Tensor,
    axis: nn.Dim,
    *,
    fewest: nn.Tensor | int,
    most: nn.Tensor | int,
    widest: int,
    value: float = 0.0,
) -> nn.Tensor:
    """
    Some stretches of an axis set to one value, other ones for each sequence: how many they are, where each starts and
    how wide it is are drawn uniformly. Where a mask starts may be where another one starts; there are at most 100.

    :param x: [batch, ..., axis, ...]
    :param axis: of time or features
    :param fewest: how many masks at least
    :param most: how many masks at most
    :param widest: the most entries that one covers; the fewest are 1
    :param value: of these entries
    :return: the dims of ``x``
    """
    masks = nn.Dim(_MOST, "masks")
    width = uniform(x, [nn.batch_dim, masks], 1, widest)
    start = uniform(x, [nn.batch_dim, masks], 0, frames(x, axis) - 1)
    number = uniform(x, [nn.batch_dim], fewest, most)
    in_use = nn.compare("less", nn.range_over(masks, like=start), number, allow_broadcast_all_sources=True)
    end = nn.where(in_use, start + width, start)
    position = nn.range_over(axis, like=x)
    behind_start = nn.compare("greater_equal", position, start, allow_broadcast_all_sources=True)
    before_end = nn.compare("less", position, end, allow_broadcast_all_sources=True)
    hidden = nn.reduce_max(nn.cast(nn.logical_and(behind_start, before_end), "int32"), masks) > 0
    return nn.where(hidden, value, x)


def frames(x: nn.Tensor, axis: nn.Dim) -> nn.Tensor | int:
    """How many entries an axis has, of the longest sequence where they differ: an int, or int32 without dims."""
    return axis.size if axis.is_static else nn.reduce_max(nn.length(axis, like=x), nn.batch_dim)


def uniform(x: nn.Tensor, dims: list[nn.Dim], least: nn.Tensor | int, greatest: nn.Tensor | int) -> nn.Tensor:
    """
    Whole numbers, each equally likely: int32.

    :param x: has the batch
    :param dims: of the result
    """
    count = nn.cast(nn.constant(0) + greatest - least + 1, "float32")
    return nn.cast(nn.random_uniform(dims, like=x) * count, "int32") + least
