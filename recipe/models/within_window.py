"""Energies of attention within a window of frames: ``window_start`` of RETURNN's ``softmax_over_spatial``."""

from __future__ import annotations

from recipe import nn


def within_window(
    energy: nn.Tensor, start: nn.Tensor | int, size: nn.Tensor | int | None = None, *, axis: nn.Dim | None = None
) -> nn.Tensor:
    """
    Energies that are as they were within a window, and minus infinity outside of it.

    :param energy: [batch, axis, ...]
    :param start: the first frame of the window: int32, [batch] or a number
    :param size: how many frames the window has; default: all from the first one on
    :param axis: over the frames; default: the only one with lengths
    :return: the dims of ``energy``
    """
    time = energy.spatial_dim if axis is None else axis
    position = nn.range_over(time, like=energy)
    inside = nn.compare("greater_equal", position, start, allow_broadcast_all_sources=True)
    if size is not None:
        before_end = nn.compare("less", position, start + size, allow_broadcast_all_sources=True)
        inside = nn.logical_and(inside, before_end)
    return nn.where(inside, energy, float("-inf"))
