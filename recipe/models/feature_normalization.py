"""Normalization of features, at the input of an encoder of speech."""

from __future__ import annotations

from typing import Any

from recipe import nn


class SequenceNormalization(nn.Module):
    """
    Each feature with mean 0 and deviation 1 over the frames of its sequence::

        (x_t - mean(x)) / sqrt(variance(x) + epsilon)

    :param epsilon: added to the variance
    """

    def __init__(self, *, epsilon: float = 1e-5):
        super().__init__()
        self.epsilon = epsilon

    def forward(self, features: nn.Tensor) -> nn.Tensor:
        """
        :param features: [batch, time, features]
        :return: the same dims
        """
        time = features.spatial_dim
        centred = features - nn.reduce_mean(features, time)
        return centred / nn.sqrt(nn.reduce_mean(centred * centred, time) + self.epsilon)


class GlobalNormalization(nn.Module):
    """
    Each feature with the mean and deviation of the training data taken out: ``(x_t - mean) / deviation``.

    They are parameters that are not trained, so they come with the checkpoint.

    :param features: the dim
    :param mean: of each feature: a number, or ``nn.NumpyFile`` of what a job computed
    :param deviation: of each feature, alike
    """

    def __init__(self, features: nn.Dim, mean: Any, deviation: Any):
        super().__init__()
        self.mean = nn.Parameter([features], initial=mean, trainable=False)
        self.deviation = nn.Parameter([features], initial=deviation, trainable=False)

    def forward(self, features: nn.Tensor) -> nn.Tensor:
        """
        :param features: [batch, time, features]
        :return: the same dims
        """
        return (features - self.mean) / self.deviation
