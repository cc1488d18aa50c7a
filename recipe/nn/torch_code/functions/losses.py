"""What training minimises, or reports."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .rows import rows


def cross_entropies(logits: Tensor, targets: Tensor) -> Tensor:
    """The negative log probability of each label: logits [..., labels], targets [...]."""
    labels = targets.reshape(-1).long()
    return F.cross_entropy(rows(logits, 1), labels, reduction="none").view(targets.shape)


def ctc_losses(logits: Tensor, targets: Tensor, lengths: Tensor, counts: Tensor) -> Tensor:
    """
    ``-log P(targets | frames)`` of connectionist temporal classification (Graves et al. 2006); 0 where none fits.

    :param logits: [..., frames, labels + 1], the blank last
    :param targets: [..., positions]
    :param lengths: numbers of frames [...]
    :param counts: numbers of labels [...]
    """
    shape, blank = lengths.shape, logits.shape[-1] - 1
    if not lengths.numel():
        return logits.new_zeros(shape)
    log_probs = F.log_softmax(rows(logits, 2), dim=-1).transpose(0, 1)
    labels = rows(targets, 1).long()
    of_frames, of_labels = lengths.reshape(-1).long(), counts.reshape(-1).long()
    if not len(log_probs) or not labels.shape[-1]:
        labels = F.pad(labels, (0, 1))
        log_probs = F.pad(log_probs, (0, 0, 0, 0, 0, 1))
    loss = F.ctc_loss(log_probs, labels, of_frames, of_labels, blank, reduction="none", zero_infinity=True)
    return loss.view(shape)


def transducer_losses(logits: Tensor, targets: Tensor, lengths: Tensor, counts: Tensor, one_label: bool) -> Tensor:
    """
    ``-log P(targets | frames)`` of a transducer (Graves 2012), the sum over all alignments; 0 where none fits.

    :param logits: [..., frames, prefixes, labels + 1], the blank last
    :param targets: [..., positions]
    :param lengths: numbers of frames [...]
    :param counts: numbers of labels [...]
    :param one_label: whether each frame has one label or blank (Sak et al. 2017), not any number of labels
    """
    never = -1e30
    shape, (frames, prefixes) = lengths.shape, logits.shape[-3:-1]
    logits = rows(logits, 3)
    lengths, counts = lengths.reshape(-1, 1), counts.reshape(-1, 1)
    is_frame = torch.arange(frames, device=logits.device) < lengths
    is_prefix = torch.arange(prefixes, device=logits.device) <= counts
    inside = is_frame[:, :, None, None] & is_prefix[:, None, :, None]
    log_probs = F.log_softmax(torch.where(inside, logits, 0.0), dim=-1)
    labels = rows(targets, 1)[:, : max(prefixes - 1, 0)].long()
    labels = torch.where(torch.arange(labels.shape[1], device=labels.device) < counts, labels, 0)
    label = log_probs[:, :, : labels.shape[1]].gather(-1, labels[:, None, :, None].expand(-1, frames, -1, 1))[..., 0]
    blank = log_probs[..., -1]
    before = torch.full((len(logits), prefixes), never, device=logits.device)
    before = torch.where(torch.arange(prefixes, device=logits.device) == 0, 0.0, before)
    for number in range(frames):
        if one_label:
            read = F.pad(before[:, :-1] + label[:, number], (1, 0), value=never)
            after = torch.logaddexp(read, before + blank[:, number])
        else:
            way = F.pad(label[:, number].cumsum(-1), (1, 0))
            after = way + torch.logcumsumexp(before - way, dim=-1) + blank[:, number]
        before = torch.where(number < lengths, after, before)
    at_end = torch.arange(prefixes, device=logits.device) == counts
    total = torch.where(at_end, before, 0.0).sum(-1)
    return torch.where(total > 0.5 * never, -total, 0.0).view(shape)


def edit_distances(a: Tensor, b: Tensor, lengths: Tensor, counts: Tensor) -> Tensor:
    """
    How many labels are to be changed, put in or left out to make one sequence the other (Levenshtein 1966): int32.

    :param a: [..., positions]
    :param b: [..., positions]
    :param lengths: of ``a`` [...]
    :param counts: of ``b`` [...]
    """
    shape = lengths.shape
    a, b = rows(a, 1), rows(b, 1)
    lengths, counts = lengths.reshape(-1, 1), counts.reshape(-1, 1)
    positions = torch.arange(b.shape[1] + 1, dtype=torch.int32, device=a.device)
    row = positions.expand(len(a), -1)
    for number in range(a.shape[1]):
        changed = row[:, :-1] + (a[:, number : number + 1] != b).int()
        least = torch.minimum(F.pad(changed, (1, 0), value=2**30), row + 1)
        longer = (least - positions).cummin(-1).values + positions  # labels of b put in, one after the other
        row = torch.where(number < lengths, longer.int(), row)
    return row.gather(1, counts.long())[:, 0].view(shape)
