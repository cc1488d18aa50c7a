"""Numbers: reductions, cumulative sums, division of whole numbers, gradients."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def masked_mean(x: Tensor, mask: Tensor, dims: int | tuple[int, ...]) -> Tensor:
    """The mean along axes of what is no padding; 0 of nothing."""
    return torch.where(mask, x, 0.0).sum(dims) / mask.expand_as(x).sum(dims).clamp(min=1)


def greatest_of(x: Tensor, dims: int | tuple[int, ...], lowest: float) -> Tensor:
    """The maximum along axes; ``lowest`` where there is no entry."""
    axes = (dims,) if isinstance(dims, int) else dims
    if all(x.shape[axis] for axis in axes):
        return x.amax(axes)
    return x.new_full([size for axis, size in enumerate(x.shape) if axis not in axes], lowest)


def least_of(x: Tensor, dims: int | tuple[int, ...], greatest: float) -> Tensor:
    """The minimum along axes; ``greatest`` where there is no entry."""
    axes = (dims,) if isinstance(dims, int) else dims
    if all(x.shape[axis] for axis in axes):
        return x.amin(axes)
    return x.new_full([size for axis, size in enumerate(x.shape) if axis not in axes], greatest)


def cumulative_log_sum_exp(x: Tensor, dim: int, *, exclusive: bool) -> Tensor:
    """``log(sum(exp(x)))`` of all frames up to each one, or before it; at least -1e30."""
    sums = torch.logcumsumexp(x, dim)
    if exclusive and x.shape[dim]:
        nothing = torch.full_like(sums.narrow(dim, 0, 1), -1e30)
        sums = torch.cat([nothing, sums.narrow(dim, 0, x.shape[dim] - 1)], dim)
    return sums.clamp(min=-1e30)


def divided(x: Tensor, divisor: Tensor | int) -> Tensor:
    """Whole numbers divided, rounded down; by 0 it is 0."""
    by = torch.as_tensor(divisor, device=x.device if isinstance(x, Tensor) else None)
    return torch.where(by == 0, 0, x // torch.where(by == 0, 1, by)).to(torch.int32)


def remainder(x: Tensor, divisor: Tensor | int) -> Tensor:
    """What is left of whole numbers that are divided, rounded down; by 0 it is 0."""
    by = torch.as_tensor(divisor, device=x.device if isinstance(x, Tensor) else None)
    return torch.where(by == 0, 0, x % torch.where(by == 0, 1, by)).to(torch.int32)


def with_scaled_gradient(x: Tensor, factor: float) -> Tensor:
    """The value itself, of whose gradient a multiple goes on."""
    return x.detach() + factor * (x - x.detach())


def sinusoids(positions: Tensor, size: int) -> Tensor:
    """``sin(p / w_i)`` for half of the entries, ``cos(p / w_i)`` for the others (Vaswani et al. 2017): [..., size]."""
    half = size // 2
    steps = torch.arange(half, dtype=torch.float64, device=positions.device)
    angles = positions[..., None] * torch.exp(steps * (-math.log(1.0e4) / (half - 1)))
    zeros = angles.new_zeros((*positions.shape, size - 2 * half))
    return torch.cat([torch.sin(angles), torch.cos(angles), zeros], dim=-1).float()


def rotated(x: Tensor, positions: Tensor, base: float) -> Tensor:
    """Vectors turned by their positions (Su et al. 2021): [..., features], of positions that broadcast to [...]."""
    half = x.shape[-1] // 2
    frequencies = base ** (-torch.arange(half, dtype=torch.float64, device=x.device) / half)
    angles = torch.as_tensor(positions, device=x.device)[..., None] * frequencies
    first, second = x.split(half, dim=-1)
    sin, cos = torch.sin(angles).to(x.dtype), torch.cos(angles).to(x.dtype)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def followed_average(value: Tensor, average: Tensor, momentum: float, training: bool) -> Tensor:
    """The value of this batch in training, when the running average of it is changed; else the average."""
    if not training:
        return average.clone()
    with torch.no_grad():
        average.add_(momentum * (value.detach() - average))
    return value
