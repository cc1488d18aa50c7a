"""Batch normalization with the defaults that RETURNN's ``batch_norm`` had before behavior version 12."""

from __future__ import annotations

from recipe import nn


class EarlyBatchNorm(nn.Module):
    """
    Normalization of each feature by its mean and variance over the batch (Ioffe and Szegedy 2015), as RETURNN had it:
    in training as :class:`recipe.nn.BatchNorm`; elsewhere the running mean and variance are taken after the batch at
    hand has changed them, so with the momentum of 0.99 they are nearly those of this batch.

    The parameters are ``gamma``, ``beta``, ``mean`` and ``variance``, as in RETURNN with axes of size 1 for batch and
    time before the features.

    :param dim: the feature dim
    :param momentum: how much a batch counts in the running mean and variance
    :param epsilon: added to the variance
    :param axes: how many axes there are beside the features
    """

    def __init__(self, dim: nn.Dim | int, *, momentum: float = 0.99, epsilon: float = 1e-3, axes: int = 2):
        super().__init__()
        self.ones = [nn.Dim(1, f"axis_{number}") for number in range(axes)]
        dims = [*self.ones, dim]
        self.gamma = nn.Parameter(dims, initial=1.0)
        self.beta = nn.Parameter(dims, initial=0.0)
        self.mean = nn.Parameter(dims, initial=0.0, trainable=False)
        self.variance = nn.Parameter(dims, initial=1.0, trainable=False)
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
        mean = self.running(batch_mean, self.mean)
        variance = self.running(batch_variance, self.variance)
        scaled = (x - mean) / nn.sqrt(variance + self.epsilon) * self.without_ones(nn.expand(self.gamma, []))
        return scaled + self.without_ones(nn.expand(self.beta, []))

    def running(self, value: nn.Tensor, average: nn.Parameter) -> nn.Tensor:
        """The value of this batch in training, else the running one with this batch in it."""
        known = nn.running_average(nn.expand(value, self.ones), average, momentum=self.momentum)
        known = self.without_ones(known)
        return nn.where(nn.train_flag(), known, (1.0 - self.momentum) * known + self.momentum * value)

    def without_ones(self, x: nn.Tensor) -> nn.Tensor:
        """Without the axes of size 1."""
        for axis in self.ones:
            x = nn.squeeze(x, axis)
        return x

    def count(self, x: nn.Tensor, over: list[nn.Dim]) -> nn.Tensor:
        """How many entries are there along axes, padding left out: float32, no dims."""
        entries = nn.constant(1.0)
        for dim in over:
            if dim.is_static:
                entries = entries * float(dim.size)
            elif not dim.is_batch:
                entries = entries * nn.cast(nn.length(dim, like=x), "float32")
        return nn.reduce_sum(entries, nn.batch_dim)
