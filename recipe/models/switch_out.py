"""Other labels in place of some, in training (Wang et al. 2018): ``switchout_target`` of transducers of 2020."""

from __future__ import annotations

from recipe import nn

from .random_masks import frames, random_masks


def switch_out(
    labels: nn.Tensor,
    count: int,
    *,
    blank: int,
    rate: float,
    blank_share: float,
    frames_per_mask: int,
    widest: int,
) -> nn.Tensor:
    """
    Some labels are random ones in training, or blank, and some stretches of time are blank.

    :param labels: [batch, time]
    :param count: random labels are below it
    :param blank: the label that stretches become
    :param rate: how likely a label becomes another one
    :param blank_share: how likely that is blank
    :param frames_per_mask: there is at most one stretch for so many frames, and one may always be
    :param widest: the most frames that a stretch has
    :return: [batch, time]
    """
    time = labels.spatial_dim
    other = nn.cast(_random(labels) * float(count), "int32")
    other = nn.where(_random(labels) < blank_share, blank, other)
    changed = nn.where(_random(labels) < rate, other, nn.cast(labels, "int32"))
    most = nn.maximum(frames(labels, time) // frames_per_mask, 1)
    changed = random_masks(changed, time, fewest=0, most=most, widest=widest, value=blank)
    changed = nn.cast(changed, "int32", sparse_dim=labels.sparse_dim)
    return nn.where(nn.train_flag(), changed, labels)


def _random(labels: nn.Tensor) -> nn.Tensor:
    """Numbers in [0, 1), one for each label."""
    return nn.random_uniform(labels.dims, like=labels)
