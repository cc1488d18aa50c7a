"""Convolutions and pooling, along axes that may have any others before them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .rows import rows


def convolved(x: Tensor, filters: Tensor, bias: Tensor, stride: int, *, depthwise: bool) -> Tensor:
    """
    A convolution along the last axis but one.

    :param x: [..., frames, in], with 0 in the padding
    :param filters: [size, in, out]; depthwise [size, 1, out]
    """
    size, frames = len(filters), x.shape[-2]
    left, steps = (size - stride) // 2, -(-frames // stride)
    flat = rows(x, 2).movedim(-1, -2)
    flat = F.pad(flat, (left, max((steps - 1) * stride + size - left - frames, 0)))
    flat = flat[..., : (steps - 1) * stride + size] if steps else flat[..., :0]
    if not steps or not len(flat):
        return x.new_zeros((*x.shape[:-2], steps, filters.shape[-1]))
    groups = x.shape[-1] if depthwise else 1
    y = F.conv1d(flat, filters.permute(2, 1, 0), bias, stride=stride, groups=groups)
    return y.movedim(-1, -2).reshape(*x.shape[:-2], steps, filters.shape[-1])


def transposed_convolved(x: Tensor, filters: Tensor, bias: Tensor, stride: int) -> Tensor:
    """
    A transposed convolution along the last axis but one, which gives ``stride`` frames for each.

    :param x: [..., frames, in], with 0 in the padding
    :param filters: [size, in, out]
    """
    size, frames = len(filters), x.shape[-2]
    if not frames or not x.numel():
        return x.new_zeros((*x.shape[:-2], stride * frames, filters.shape[-1]))
    left = (size - stride) // 2
    flat = rows(x, 2).movedim(-1, -2)
    y = F.conv_transpose1d(flat, filters.permute(1, 2, 0), stride=stride)
    y = F.pad(y, (max(-left, 0), max(left + stride * frames - y.shape[-1], 0)))
    y = y[..., max(left, 0) : max(left, 0) + stride * frames]
    return y.movedim(-1, -2).reshape(*x.shape[:-2], stride * frames, filters.shape[2]) + bias


def convolved_2d(x: Tensor, filters: Tensor, bias: Tensor, strides: tuple[int, int]) -> Tensor:
    """
    A convolution along two axes before the last.

    :param x: [..., rows, columns, in], with 0 in the padding
    :param filters: [size, size, in, out]
    """
    rest = x.shape[:-3]
    flat = rows(x, 3).movedim(-1, -3)
    sizes = [-(-count // stride) for count, stride in zip(x.shape[-3:-1], strides)]
    if not x.numel():
        return x.new_zeros((*rest, *sizes, filters.shape[-1]))
    padding: list[int] = []
    for axis in (1, 0):
        size, stride, count = filters.shape[axis], strides[axis], x.shape[-3 + axis]
        left = (size - stride) // 2
        padding += [left, (sizes[axis] - 1) * stride + size - left - count]
    y = F.conv2d(F.pad(flat, padding), filters.permute(3, 2, 0, 1), bias, stride=strides)
    return y.movedim(-3, -1).reshape(*rest, *sizes, filters.shape[-1])


def in_groups(x: Tensor, mask: Tensor | None, size: int, dim: int, value: float) -> tuple[Tensor, Tensor]:
    """Frames in groups along an axis, which gets one over each group after it, and which of them are no padding."""
    frames = x.shape[dim]
    missing = -frames % size
    places = torch.ones_like(x, dtype=torch.bool) if mask is None else mask.expand_as(x)
    padding = [0, 0] * (x.dim() - dim - 1) + [0, missing]
    x, places = F.pad(torch.where(places, x, value), padding, value=value), F.pad(places, padding)
    groups = (frames + missing) // size
    return x.unflatten(dim, (groups, size)), places.unflatten(dim, (groups, size))


def pool_max(x: Tensor, mask: Tensor | None, size: int, dim: int) -> Tensor:
    """The maximum of each group of frames that are no padding; 0 where there is none."""
    groups, places = in_groups(x, mask, size, dim, -float("inf"))
    return torch.where(places.any(dim + 1), groups.amax(dim + 1), 0.0)


def pool_mean(x: Tensor, mask: Tensor | None, size: int, dim: int) -> Tensor:
    """The mean of each group of frames that are no padding; 0 where there is none."""
    groups, places = in_groups(x, mask, size, dim, 0.0)
    return groups.sum(dim + 1) / places.sum(dim + 1).clamp(min=1)
