"""Sequences of several lengths, padded to the longest one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def sequence_lengths(x: Any, axis: int) -> Tensor:
    """How long each sequence of an input is along an axis: int32 [batch]."""
    return x.dims[axis].dyn_size_ext.raw_tensor.to(x.raw_tensor.device, torch.int32)


def greatest(lengths: Tensor) -> int:
    """The greatest length; 0 if there is no sequence."""
    return int(lengths.max()) if lengths.numel() else 0


def stacked(steps: list[Tensor], dim: int, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """The values of all steps along a new axis; of a loop without steps, a tensor of this shape without entries."""
    return torch.stack(steps, dim) if steps else torch.zeros(shape, dtype=dtype, device=device)


def with_postfix(x: Tensor, lengths: Tensor, value: float, dim: int) -> Tensor:
    """Each sequence with a value after its end; the lengths broadcast to the result."""
    shape = list(x.shape)
    shape[dim] = 1
    longer = torch.cat([x, x.new_zeros(shape)], dim)
    positions = torch.arange(longer.shape[dim], device=x.device).view([-1] + [1] * (longer.dim() - dim - 1))
    return torch.where(positions == lengths, torch.tensor(value, dtype=x.dtype, device=x.device), longer)


def reversed_sequences(x: Tensor, lengths: Tensor, dim: int) -> Tensor:
    """Each sequence from its end to its start; padding stays. The lengths broadcast to ``x``."""
    positions = torch.arange(x.shape[dim], device=x.device).view([-1] + [1] * (x.dim() - dim - 1))
    positions = torch.where(positions < lengths, lengths - 1 - positions, positions)
    return x.gather(dim, positions.expand_as(x).long())


def shifted(x: Tensor, first: Tensor, dim: int) -> Tensor:
    """The frame before at each position, and another one at the first."""
    frames = x.shape[dim]
    if not frames:
        return x
    shape = list(x.shape)
    shape[dim] = 1
    first = first.narrow(dim - x.dim(), 0, 1) if first.dim() >= x.dim() - dim else first
    return torch.cat([first.expand(shape), x.narrow(dim, 0, frames - 1)], dim)


def last_frames(x: Tensor, lengths: Tensor | int, other: Tensor) -> Tensor:
    """
    The last frame of each sequence.

    :param x: [frames, ...], which broadcasts to ``other`` beside the frames
    :param lengths: broadcast to ``other``
    :param other: what a sequence without frames has
    """
    if not len(x):
        return other
    if isinstance(lengths, int):
        return x[-1].expand_as(other)
    position = (lengths - 1).clamp(min=0).expand_as(other)
    frames = x.expand(len(x), *other.shape)
    return torch.where(lengths > 0, frames.gather(0, position[None].long())[0], other)


def extended(history: Tensor | None, frame: Tensor, dim: int) -> Tensor:
    """The frames so far, and one more."""
    frame = frame.unsqueeze(dim)
    return frame if history is None else torch.cat([history, frame], dim)
