"""Entries at positions, positions of entries, and hypotheses of a search."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def take(x: Tensor, positions: Tensor, lengths: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    """
    The entries at positions along the last axis; beyond the end of a sequence its last one, 0 if it has none.

    :param x: [..., entries], which broadcasts to ``shape`` beside the entries
    :param positions: broadcast to ``shape``
    :param lengths: of the sequences along the last axis, which broadcast to ``shape``; None if all have all entries
    :param shape: of the result
    """
    entries = x.shape[-1]
    if not entries:
        return x.new_zeros(shape)
    if lengths is not None:
        positions = torch.minimum(positions, lengths - 1)
    index = positions.clamp(0, entries - 1).expand(shape).long()
    found = x.expand(*shape, entries).gather(-1, index.unsqueeze(-1)).squeeze(-1)
    return found if lengths is None else torch.where(lengths > 0, found, torch.zeros_like(found))


def position_of_extreme(x: Tensor, dim: int, largest: bool) -> Tensor:
    """The position of the greatest or least entry, the first of equal ones: int32; 0 if there is no entry."""
    if not x.shape[dim]:
        return torch.zeros(x.shape[:dim] + x.shape[dim + 1 :], dtype=torch.int32, device=x.device)
    return (x.argmax(dim) if largest else x.argmin(dim)).int()


def ordered(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The greatest entries along the last axis, in order, and their positions; of equal ones the first comes first."""
    best, place = x.topk(min(count + 1, x.shape[-1]))
    if (best[..., 1:] == best[..., :-1]).any():  # PyTorch does not say which of equal entries it takes
        best, place = x.sort(dim=-1, descending=True, stable=True)
    return best[..., :count], place[..., :count]


def greatest_entries(x: Tensor, count: int, dim: int, lengths: Tensor | int, lowest: float) -> tuple[Tensor, Tensor]:
    """
    The greatest entries along an axis, in order, and their positions.

    :param x: with ``lowest`` in the padding
    :param lengths: broadcast to the results; where a sequence has fewer entries, they are ``lowest``, at position 0
    """
    x = x.movedim(dim, -1)
    x = F.pad(x, (0, max(count - x.shape[-1], 0)), value=lowest)
    best, place = ordered(x, count)
    best, place = best.movedim(-1, dim), place.movedim(-1, dim)
    number = torch.arange(count, device=x.device).view([-1] + [1] * (best.dim() - dim - 1))
    is_one = number < lengths
    return torch.where(is_one, best, lowest), torch.where(is_one, place, 0).int()


def best_continuations(scores: Tensor, count: int, dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """
    The best of all continuations of all hypotheses.

    :param scores: [..., hypotheses, labels, ...], the hypotheses at axis ``dim``
    :param count: how many hypotheses go on
    :return: in place of the two axes, one over the best: their scores (-inf where there are fewer), which hypothesis
        each continues, and its label
    """
    labels = scores.shape[dim + 1]
    flat = scores.flatten(dim, dim + 1).movedim(dim, -1)
    best, place = ordered(flat, min(count, flat.shape[-1]))
    if missing := count - best.shape[-1]:
        best, place = F.pad(best, (0, missing), value=-float("inf")), F.pad(place, (0, missing))
    best, place = best.movedim(-1, dim), place.movedim(-1, dim)
    return best, (place // labels).int(), (place % labels).int()


def hypothesis_rows(origin: Tensor, count: int) -> Tensor:
    """
    Which row each hypothesis continues, where values have a row for each hypothesis of each sequence.

    :param origin: [..., hypotheses]: which hypothesis of its sequence each one continues
    :param count: how many hypotheses of each sequence there were
    """
    sequences = origin.shape[:-1]
    return origin + torch.arange(0, count * sequences.numel(), count, device=origin.device).view(*sequences, 1)


def of_hypotheses(x: Tensor, rows: Tensor) -> Tensor:
    """
    The values of the hypotheses that each one continues.

    :param x: [..., hypotheses, ...]
    :param rows: [..., hypotheses], see :func:`hypothesis_rows`
    """
    return x.flatten(0, rows.dim() - 1).index_select(0, rows.flatten()).view(*rows.shape, *x.shape[rows.dim() :])


def along_hypotheses(x: Tensor, origin: Tensor, dim: int) -> Tensor:
    """The values of the hypotheses that each one continues; both broadcast beside the axis over hypotheses."""
    return torch.take_along_dim(x, origin.long(), dim)


def followed_back(origin: Tensor, is_step: Tensor | None) -> Tensor:
    """
    Where each hypothesis that there is at the end was in each step.

    :param origin: [steps, ..., hypotheses]: which hypothesis of the step before each one continues
    :param is_step: where there is a step; in the padding after it, each is where it is at the end
    """
    last = torch.arange(origin.shape[-1], dtype=origin.dtype, device=origin.device).expand(origin.shape[1:])
    at, places = last, []
    for number in reversed(range(len(origin))):
        places.append(at)
        back = origin[number] if is_step is None else torch.where(is_step[number], origin[number], last)
        at = back.gather(-1, at.long())
    return torch.stack(places[::-1]) if places else origin
