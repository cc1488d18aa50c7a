"""Batch normalization with the defaults that RETURNN's ``batch_norm`` had before behavior version 12."""

from __future__ import annotations

from recipe import nn


class EarlyBatchNorm(nn.Module):
    """
    Normalization of each feature by its mean and variance over the batch (Ioffe and Szegedy 2015), as RETURNN had it: in
    training as :class:`recipe.nn.BatchNorm`; elsewhere the running mean and variance are taken after the batch at hand has
    changed them, so with the momentum of 0.99 they are nearly those of this batch.

    The parameters are those of ``nn.BatchNorm``. RETURNN calls them ``gamma``, ``beta``, ``mean`` and ``variance``, and
    keeps them with axes of size 1 for batch and time.

    :param dim: the feature dim
    :param momentum: how much a batch counts in the running mean and variance
    :param epsilon: added to the variance
    """

    def __init__(self, dim: nn.Dim | int, *, momentum: float = 0.99, epsilon: float = 1e-3):
        super().__init__()
        self.scale = nn.Parameter([dim], initial=1.0)
        self.bias = nn.Parameter([dim], initial=0.0)
        self.running_mean = nn.Parameter([dim], initial=0.0, trainable=False)
        self.running_variance = nn.Parameter([dim], initial=1.0, trainable=False)
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """
        :param x: [batch, ..., dim]
        :return: the same dims
        """
        over = [dim for dim in x.dims if dim is not x.feature_dim]
        count = self.count(x, over)
        batch_mean = nn.reduce_sum(x, over) / count
        centered = x - batch_mean
        batch_variance = nn.reduce_sum(centered * centered, over) / count
        mean = self.running(batch_mean, self.running_mean)
        variance = self.running(batch_variance, self.running_variance)
        return (x - mean) / nn.sqrt(variance + self.epsilon) * self.scale + self.bias

    def running(self, value: nn.Tensor, average: nn.Parameter) -> nn.Tensor:
        """The value of this batch in training, else the running one with this batch in it."""
        known = nn.running_average(value, average, momentum=self.momentum)
        return nn.where(nn.train_flag(), known, (1.0 - self.momentum) * known + self.momentum * value)

    def count(self, x: nn.Tensor, over: list[nn.Dim]) -> nn.Tensor:
        """How many entries are there along axes, padding left out: float32, no dims."""
        entries = nn.constant(1.0)
        for dim in over:
            if dim.is_static:
                entries = entries * float(dim.size)
            elif not dim.is_batch:
                entries = entries * nn.cast(nn.length(dim, like=x), "float32")
        return nn.reduce_sum(entries, nn.batch_dim)
