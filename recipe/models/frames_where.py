"""The frames of a sequence where a mask is true, and back: RETURNN's ``masked_computation`` and ``unmask``."""

from __future__ import annotations

from recipe import nn


def frames_where(x: nn.Tensor, mask: nn.Tensor) -> nn.Tensor:
    """
    In NumPy, for each sequence: ``x[mask]``.

    :param x: [batch, time, ...], or labels [batch, time]
    :param mask: bool, [batch, time]
    :return: along a new axis, whose lengths are the numbers of true ones
    """
    time = mask.spatial_dim
    so_far = _numbers(mask)
    loop = nn.Loop()
    with loop:
        loop.end(loop.iter_idx >= nn.reduce_max(so_far, time))
        position = nn.reduce_sum(nn.cast(so_far <= loop.iter_idx, "int32"), time)
        return loop.stack(nn.gather(x, position, axis=time))


def held_frames(x: nn.Tensor, mask: nn.Tensor) -> nn.Tensor:
    """
    In NumPy, for each sequence: ``[zero, *x][cumsum(mask)]``, each frame until the next one where the mask is true.

    :param x: what was computed of the frames where the mask is true: [batch, masked, ...]
    :param mask: bool, [batch, time]
    :return: [batch, time, ...]
    """
    return nn.gather(nn.prefix_in_time(x, 0), _numbers(mask))


def _numbers(mask: nn.Tensor) -> nn.Tensor:
    """How many are true up to each frame: int32, [batch, time]."""
    return nn.cast(nn.cum_sum(nn.cast(mask, "float32")), "int32")
