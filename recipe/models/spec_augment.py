"""SpecAugment: parts of the features hidden in training (Park et al. 2019), without the warping of time."""

from __future__ import annotations

from collections.abc import Mapping

from recipe import nn


class SpecAugment(nn.Module):
    """
    Sets some stretches of time and some bands of frequencies to 0 in training, other ones for each sequence.

    A mask's width and then its place are drawn uniformly, so masks overlap now and then. Time masks stay inside of
    each sequence and cover at most ``longest_part`` of it each. Outside of training nothing is done.

    :param frequency: the dim of the bands; features are several frames of it, or one
    :param time_masks: how many stretches at most
    :param time_width: the most frames of one
    :param longest_part: the largest part of a sequence that one covers
    :param frequency_masks: how many bands at most
    :param frequency_width: the most entries of one
    :param schedule: the part of the masks that is in use, by the first step of training; default: all from the start
    """

    def __init__(
        self,
        frequency: nn.Dim,
        *,
        time_masks: int = 2,
        time_width: int = 20,
        longest_part: float = 0.2,
        frequency_masks: int = 2,
        frequency_width: int = 8,
        schedule: Mapping[int, float] | None = None,
    ):
        super().__init__()
        self.frequency = frequency
        self.time_masks, self.time_width, self.longest_part = time_masks, time_width, longest_part
        self.frequency_masks, self.frequency_width = frequency_masks, frequency_width
        self.schedule = dict(sorted((schedule or {0: 1.0}).items()))

    def forward(self, features: nn.Tensor) -> nn.Tensor:
        """
        :param features: [batch, time, features]
        :return: the same dims
        :raises ValueError: if the features are no whole number of frames of ``frequency``
        """
        time, whole = features.spatial_dim, features.feature_dim
        if whole.size % self.frequency.size:
            raise ValueError(f"the features {whole} are no stack of frames of {self.frequency}")
        stack = nn.Dim(whole.size // self.frequency.size, "stacked_frames")
        x = nn.split_dims(features, [stack, self.frequency])
        part, length = self.part_in_use(), nn.length(time, like=features)
        widest = nn.minimum(nn.cast(nn.cast(length, "float32") * self.longest_part, "int32"), self.time_width)
        if self.time_masks:
            x = nn.where(self.hidden(features, time, self.time_masks, part, widest, length), 0.0, x)
        size, widest = nn.constant(self.frequency.size), nn.constant(self.frequency_width)
        if self.frequency_masks:
            x = nn.where(self.hidden(x, self.frequency, self.frequency_masks, part, widest, size), 0.0, x)
        return nn.merge_dims(x, [stack, self.frequency], out_dim=whole)

    def hidden(
        self, x: nn.Tensor, axis: nn.Dim, number: int, part: nn.Tensor, widest: nn.Tensor, size: nn.Tensor
    ) -> nn.Tensor:
        """
        Where masks hide an axis: bool [batch, axis].

        :param x: what is hidden
        :param number: of masks at most
        :param part: how many of them are in use, 0.0 to 1.0
        :param widest: the greatest width of one: int32, a number or [batch]
        :param size: how far the axis reaches: int32, a number or [batch]
        """
        masks = nn.Dim(number, "masks")
        width = self.random_number(x, masks, widest)
        start = self.random_number(x, masks, size - width)
        in_use = nn.cast(nn.range_over(masks, like=width), "float32") < part * float(number)
        end = nn.where(in_use, start + width, start)
        position = nn.range_over(axis, like=x)
        behind_start = nn.compare("greater_equal", position, start, allow_broadcast_all_sources=True)
        before_end = nn.compare("less", position, end, allow_broadcast_all_sources=True)
        return nn.reduce_max(nn.cast(nn.logical_and(behind_start, before_end), "int32"), masks) > 0

    def random_number(self, x: nn.Tensor, masks: nn.Dim, greatest: nn.Tensor) -> nn.Tensor:
        """Numbers from 0 to ``greatest``, each equally likely: int32 [batch, masks]."""
        between_0_and_1 = nn.random_uniform([nn.batch_dim, masks], like=x)
        return nn.cast(between_0_and_1 * (nn.cast(greatest, "float32") + 1.0), "int32")

    def part_in_use(self) -> nn.Tensor:
        """The part of the masks that is in use: that of this step of training, 0 outside of training."""
        part, step = nn.constant(0.0), nn.train_step()
        for first, now in self.schedule.items():
            part = nn.where(step >= first, now, part)
        return nn.where(nn.train_flag(), part, 0.0)
