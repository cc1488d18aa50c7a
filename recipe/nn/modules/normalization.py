"""Normalization of features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..language.module import Module
from ..ops.activation import sqrt
from ..ops.as_tensor import as_tensor
from ..ops.elementwise import cast, maximum
from ..ops.layer_norm import LayerNormOp
from ..ops.lengths import length
from ..ops.reduce import reduce_mean, reduce_sum
from ..ops.reshape import merge_dims, split_dims
from ..ops.running_average import running_average
from ..plain.dim import Dim, DimLike, as_dim, batch_dim
from ..plain.errors import NetworkError
from ..plain.number import is_size
from ..record.graph import Tensor
from ..record.outermost import outermost_body
from ..record.parameter import Parameter
from ..record.recording import current_recording


class LayerNorm(Module):
    """
    ``scale * (x - mean) / sqrt(variance + epsilon) + bias`` over the features (Ba et al. 2016).

    :param dim: the feature dim
    :param epsilon: added to the variance
    """

    def __init__(self, dim: DimLike, *, epsilon: float = 1e-6):
        super().__init__()
        self.scale = Parameter([dim], initial=1.0)
        self.bias = Parameter([dim], initial=0.0)
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """
        :param x: [..., dim]
        :return: the same dims
        """
        x = as_tensor(x)
        axis = x.resolve_axis(self.scale.dims[0])
        return LayerNormOp(x, as_tensor(self.scale), as_tensor(self.bias), axis, self.epsilon).output

    if TYPE_CHECKING:
        __call__ = forward


class RmsNorm(Module):
    """
    ``scale * x / sqrt(mean(x^2) + epsilon)`` over the features (Zhang and Sennrich 2019): no mean is taken off, and
    there is no bias. Its parameter is ``scale`` [dim].

    :param dim: the feature dim
    :param epsilon: added to the mean of squares
    """

    def __init__(self, dim: DimLike, *, epsilon: float = 1e-6):
        super().__init__()
        self.scale = Parameter([dim], initial=1.0)
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """
        :param x: [..., dim]
        :return: the same dims
        """
        x = as_tensor(x)
        axis = x.resolve_axis(self.scale.dims[0])
        return x / sqrt(reduce_mean(x * x, axis) + self.epsilon) * self.scale

    if TYPE_CHECKING:
        __call__ = forward


class GroupNorm(Module):
    """
    Normalization of groups of features (Wu and He 2018), for each sequence alone: a group's mean and variance are those
    of its features in all frames of the sequence (and all further axes), padding left out::

        y = scale * (x - mean) / sqrt(variance + epsilon) + bias

    In a loop, where there is no axis but the features, they are of the frame alone, which is something else. The
    parameters are ``scale`` [dim] and ``bias`` [dim].

    :param num_groups: into how many groups successive features are put; 1 takes all together
    :param dim: the feature dim
    :param epsilon: added to the variance
    :raises NetworkError: if there are not as many features in each group
    """

    def __init__(self, num_groups: int, dim: DimLike, *, epsilon: float = 1e-5):
        super().__init__()
        dim = as_dim(dim)
        if not is_size(num_groups) or (dim.known_size is not None and dim.known_size % num_groups):
            raise NetworkError(f"GroupNorm({num_groups!r}, {dim}): {dim} cannot be parted into {num_groups!r} groups")
        self.scale = Parameter([dim], initial=1.0)
        self.bias = Parameter([dim], initial=0.0)
        self.epsilon = epsilon
        self.groups = Dim(num_groups, "groups")
        self.group = (dim // num_groups).with_name("group")

    def forward(self, x: Tensor, *, axes: Sequence[DimLike | str] | None = None) -> Tensor:
        """
        :param x: [batch, ..., dim]
        :param axes: over which mean and variance are taken beside the features; default: all but the batch
        :return: the same dims
        """
        x = as_tensor(x)
        dim = x.resolve_axis(self.scale.dims[0])
        others = [other for other in x.dims if not other.is_batch and other is not dim]
        over = others if axes is None else [x.resolve_axis(axis) for axis in axes]
        parts = split_dims(x, [self.groups, self.group], axis=dim)
        over = [*over, self.group]
        count = _count(parts, over)
        centered = parts - _mean(parts, over, count)
        normalized = centered / sqrt(_mean(centered * centered, over, count) + self.epsilon)
        return merge_dims(normalized, [self.groups, self.group], out_dim=dim) * self.scale + self.bias

    if TYPE_CHECKING:
        __call__ = forward


class BatchNorm(Module):
    """
    Normalization of each feature by its mean and variance over the batch (Ioffe and Szegedy 2015)::

        y = scale * (x - mean) / sqrt(variance + epsilon) + bias

    In training, mean and variance are those of all frames of the batch, padding left out, and each batch changes the
    running ones: ``running_mean += momentum * (mean - running_mean)``, ``running_variance`` likewise (by the biased
    variance, as in RETURNN's ``batch_norm``). Elsewhere (development data, search, forward, ``nn.run_numpy`` without
    ``train=True``) the running ones are taken, so there a sequence's result does not depend on the others of its batch.

    The parameters are ``scale`` [dim] and ``bias`` [dim], and ``running_mean`` [dim] and ``running_variance`` [dim],
    which are not trained, but are in checkpoints, and averaged with them. PyTorch's are ``weight``, ``bias``,
    ``running_mean``, ``running_var``.

    :param dim: the feature dim
    :param momentum: how much a batch counts in the running mean and variance
    :param epsilon: added to the variance
    """

    def __init__(self, dim: DimLike, *, momentum: float = 0.1, epsilon: float = 1e-3):
        super().__init__()
        self.scale = Parameter([dim], initial=1.0)
        self.bias = Parameter([dim], initial=0.0)
        self.running_mean = Parameter([dim], initial=0.0, trainable=False)
        self.running_variance = Parameter([dim], initial=1.0, trainable=False)
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x: Tensor) -> Tensor:
        """
        :param x: [batch, ..., dim]
        :return: the same dims
        :raises NetworkError: for a value of the steps of a loop, or in a branch: a step has no statistics of its own in
            search, and in training those of its frames alone
        """
        x = as_tensor(x)
        dim = x.resolve_axis(self.scale.dims[0])
        body = outermost_body([x])
        if body is not body.recording.root_body:
            where = "in Cond or MaskedComputation" if body.branch is not None else "of the steps of a loop"
            raise NetworkError(
                f"BatchNorm takes its mean and variance over whole sequences, but {x} is a value {where}. Call it "
                "before, with all frames, or after the loop, with loop.stack(...); or use nn.LayerNorm, which takes "
                "each frame alone"
            )
        with current_recording().at(body):
            over = [other for other in x.dims if other is not dim]
            count = _count(x, over)
            batch_mean = _mean(x, over, count)
            centered = x - batch_mean
            batch_variance = _mean(centered * centered, over, count)
            mean = running_average(batch_mean, self.running_mean, momentum=self.momentum)
            variance = running_average(batch_variance, self.running_variance, momentum=self.momentum)
            return (x - mean) / sqrt(variance + self.epsilon) * self.scale + self.bias

    if TYPE_CHECKING:
        __call__ = forward


def _mean(x: Tensor, axes: list[Dim], count: Tensor | None = None) -> Tensor:
    """
    The mean over frames that are there; 0 where there are none.

    :param count: how many there are, if that differs from sequence to sequence or batch to batch
    """
    return reduce_mean(x, axes) if count is None else reduce_sum(x, axes) / count


def _count(x: Tensor, axes: list[Dim]) -> Tensor | None:
    """How many entries are there along axes, at least 1; None if that is a fixed number."""
    lengths = [length(axis, like=x) for axis in axes if axis.is_dynamic]
    if not lengths and batch_dim not in axes:
        return None
    count = math.prod(lengths[1:], start=lengths[0]) if lengths else length(batch_dim, like=x)
    if lengths and batch_dim in axes:
        count = reduce_sum(count, batch_dim)
    size = math.prod(axis.size for axis in axes if axis.is_static)
    return maximum(cast(count if size == 1 else count * size, "float32"), 1.0)
