"""Attention: a weighted mean of frames, the weights from a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language.module import Module
from ..ops.activation import tanh
from ..ops.array import replace_dim
from ..ops.as_tensor import as_tensor
from ..ops.dot import dot
from ..ops.elementwise import compare, where
from ..ops.history import cum_concat
from ..ops.lengths import range_over
from ..ops.reduce import reduce_sum
from ..ops.softmax import softmax_over_spatial
from ..plain.dim import Dim, DimLike, as_dim
from ..plain.errors import NetworkError
from ..record.graph import Tensor
from .linear import Linear


class DotAttention(Module):
    """
    Dot-product attention (Luong et al. 2015) with projections, scaled (Vaswani et al. 2017)::

        e_t = (W_q query) . (W_k frames_t) / sqrt(key_dim),    context = sum_t softmax(e)_t frames_t

    :param query_dim: features of the query
    :param frames_dim: features of the frames
    :param key_dim: what both are projected to
    """

    def __init__(self, query_dim: DimLike, frames_dim: DimLike, key_dim: DimLike):
        super().__init__()
        self.key_dim = as_dim(key_dim)
        self.query = Linear(query_dim, self.key_dim, with_bias=False)
        self.key = Linear(frames_dim, self.key_dim, with_bias=False)

    def forward(self, query: Tensor, frames: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
        """
        :param query: [batch, query_dim]
        :param frames: [batch, axis, frames_dim]
        :param axis: default: the only axis of the frames with lengths
        :return: the context, [batch, frames_dim]
        """
        frames, query = as_tensor(frames), as_tensor(query)
        dim = _axis_of_frames(type(self).__name__, query, frames, axis)
        energy = dot(self.key(frames), self.query(query), reduce=self.key_dim)
        weights = softmax_over_spatial(energy, dim, energy_factor=self.key_dim.size**-0.5)
        return dot(weights, frames, reduce=dim)

    if TYPE_CHECKING:
        __call__ = forward


class AdditiveAttention(Module):
    """
    Additive attention (Bahdanau et al. 2015)::

        e_t = v . tanh(W_q query + W_k frames_t + b),    context = sum_t softmax(e)_t frames_t

    :param query_dim: features of the query
    :param frames_dim: features of the frames
    :param key_dim: of the hidden layer
    """

    def __init__(self, query_dim: DimLike, frames_dim: DimLike, key_dim: DimLike):
        super().__init__()
        self.query = Linear(query_dim, key_dim, with_bias=False)
        self.key = Linear(frames_dim, key_dim)
        self.energy = Linear(key_dim, as_dim(1), with_bias=False)

    def forward(self, query: Tensor, frames: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
        """
        :param query: [batch, query_dim]
        :param frames: [batch, axis, frames_dim]
        :param axis: default: the only axis of the frames with lengths
        :return: the context, [batch, frames_dim]
        """
        frames, query = as_tensor(frames), as_tensor(query)
        dim = _axis_of_frames(type(self).__name__, query, frames, axis)
        energy = reduce_sum(self.energy(tanh(self.key(frames) + self.query(query))), as_dim(1))
        return dot(softmax_over_spatial(energy, dim), frames, reduce=dim)

    if TYPE_CHECKING:
        __call__ = forward


class CausalSelfAttention(Module):
    """
    Attention of each frame to itself and those before (Vaswani et al. 2017, one head)::

        e_ts = (W_q x_t) . (W_k x_s) / sqrt(key_dim) for s <= t,    y_t = sum_s softmax(e_t)_s W_v x_s

    The same in a loop, frame by frame, and on a whole sequence.

    :param in_dim: of the frames
    :param key_dim: of queries and keys
    :param value_dim: of values, and of the result
    """

    def __init__(self, in_dim: DimLike, key_dim: DimLike, value_dim: DimLike):
        super().__init__()
        self.key_dim, self.value_dim = as_dim(key_dim), as_dim(value_dim)
        self.query = Linear(in_dim, self.key_dim, with_bias=False)
        self.key = Linear(in_dim, self.key_dim, with_bias=False)
        self.value = Linear(in_dim, self.value_dim, with_bias=False)

    def forward(self, x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
        """
        :param x: in a loop, [batch, in_dim]; elsewhere [batch, axis, in_dim]
        :param axis: of a whole sequence; default: its only axis with lengths
        :return: [batch, value_dim] or [batch, axis, value_dim]
        """
        x = as_tensor(x)
        query, key, value = self.query(x), self.key(x), self.value(x)
        factor = self.key_dim.size**-0.5
        if axis is None and not any(dim.is_dynamic for dim in x.dims):
            energy = dot(query, cum_concat(key), reduce=self.key_dim)
            weights = softmax_over_spatial(energy, energy_factor=factor)
            return dot(weights, cum_concat(value), reduce=weights.spatial_dim)
        time = x.resolve_axis(axis)
        key = replace_dim(key, axis=time)
        before = next(dim for dim in key.dims if dim not in query.dims and dim is not self.key_dim)
        value = replace_dim(value, axis=time, out_dim=before)
        energy = dot(query, key, reduce=self.key_dim)
        frame, frame_before = range_over(time, like=x), range_over(before, like=key)
        sees = compare("greater_equal", frame, frame_before, allow_broadcast_all_sources=True)
        weights = softmax_over_spatial(where(sees, energy, float("-inf")), before, energy_factor=factor)
        return dot(weights, value, reduce=before)

    if TYPE_CHECKING:
        __call__ = forward


def _axis_of_frames(name: str, query: Tensor, frames: Tensor, axis: DimLike | str | None) -> Dim:
    """
    The axis that is attended over.

    :raises NetworkError: if the frames have none, or the query has it, too
    """
    if axis is None and not any(dim.is_dynamic for dim in frames.dims):
        swapped = " Were the two swapped?" if any(dim.is_dynamic for dim in query.dims) else ""
        raise NetworkError(f"{name}(query, frames) attends to a sequence, but the frames {frames} are none.{swapped}")
    dim = frames.resolve_axis(axis)
    if dim in query.dims:
        raise NetworkError(
            f"the query {query} has the frames' axis {dim} itself, so each frame would only see itself. Give the "
            "frames an axis of their own: nn.replace_dim(frames)"
        )
    return dim
