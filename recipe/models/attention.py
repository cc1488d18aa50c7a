"""
Attentions of a decoder to the encoder, beside :class:`recipe.nn.DotAttention` and :class:`recipe.nn.AdditiveAttention`.

All are called with a query and the frames, and give a weighted mean of the frames (or of projections of them, of the
same size), so each fits into :class:`recipe.models.attention_decoder.AttentionLstmDecoder`. An attention that remembers
where it was is a :class:`StatefulAttention`: its state goes in and comes out, as that of an LSTM cell.
"""

from __future__ import annotations

from typing import Any

from recipe import nn


class StatefulAttention(nn.Module):
    """
    Base of attentions with a state: ``context, state = attention(query, frames, state)``.

    Subclasses define :meth:`initial_state` and ``forward``.
    """

    def initial_state(self, frames: nn.Tensor) -> Any:
        """
        The state before the first step.

        :param frames: [batch, time, frames_dim]
        """
        raise nn.NetworkError(f"{type(self).__name__} does not define initial_state(frames)")

    def forward(self, query: nn.Tensor, frames: nn.Tensor, state: Any) -> tuple[nn.Tensor, Any]:
        """
        :param query: [batch, query_dim]
        :param frames: [batch, time, frames_dim]
        :param state: as the step before gave it
        :return: the context, [batch, frames_dim], and the new state
        """
        raise nn.NetworkError(f"{type(self).__name__} does not define forward(query, frames, state)")


class MultiHeadDotAttention(nn.Module):
    """
    Dot-product attention with several heads (Vaswani et al. 2017)::

        e_ht = (W_q query)_h . (W_k frames_t)_h / sqrt(key_dim / heads)
        context = [sum_t softmax(e_h)_t (W_v frames_t)_h for all heads h]

    :param query_dim: features of the query
    :param frames_dim: features of the frames, and of the context
    :param key_dim: of all heads together
    :param heads: the dim of the heads, whose size divides ``key_dim`` and ``frames_dim``
    """

    def __init__(self, query_dim: nn.Dim, frames_dim: nn.Dim, key_dim: nn.Dim, heads: nn.Dim):
        super().__init__()
        self.frames_dim, self.heads = frames_dim, heads
        self.key_head_dim, self.value_head_dim = key_dim // heads.size, frames_dim // heads.size
        self.query = nn.Linear(query_dim, key_dim, with_bias=False)
        self.key = nn.Linear(frames_dim, key_dim, with_bias=False)
        self.value = nn.Linear(frames_dim, frames_dim, with_bias=False)

    def forward(self, query: nn.Tensor, frames: nn.Tensor) -> nn.Tensor:
        """
        :param query: [batch, query_dim]
        :param frames: [batch, time, frames_dim]
        :return: the context, [batch, frames_dim]
        """
        time = frames.spatial_dim
        queries = nn.split_dims(self.query(query), [self.heads, self.key_head_dim])
        keys = nn.split_dims(self.key(frames), [self.heads, self.key_head_dim])
        values = nn.split_dims(self.value(frames), [self.heads, self.value_head_dim])
        energy = nn.dot(keys, queries, reduce=self.key_head_dim)
        weights = nn.softmax_over_spatial(energy, time, energy_factor=self.key_head_dim.size**-0.5)
        context = nn.dot(weights, values, reduce=time)
        return nn.merge_dims(context, [self.heads, self.value_head_dim], out_dim=self.frames_dim)


class WeightFeedbackAttention(StatefulAttention):
    """
    Additive attention that is told how much it attended to each frame so far (Tu et al. 2016; with fertility as in
    Zeyer et al. 2018)::

        e_t = v . tanh(W_q query + W_k frames_t + b + w a_t)
        a'_t = a_t + softmax(e)_t,    or with fertility    a'_t = a_t + softmax(e)_t sigmoid(u . frames_t) / 2

    The state is ``a``, [batch, time].

    :param query_dim: features of the query
    :param frames_dim: features of the frames, and of the context
    :param key_dim: of the hidden layer
    :param inverse_fertility: whether a frame says itself how much a unit of attention uses it up
    """

    def __init__(self, query_dim: nn.Dim, frames_dim: nn.Dim, key_dim: nn.Dim, *, inverse_fertility: bool = False):
        super().__init__()
        self.key_dim = key_dim
        self.query = nn.Linear(query_dim, key_dim, with_bias=False)
        self.key = nn.Linear(frames_dim, key_dim)
        self.feedback = nn.Parameter([key_dim])
        self.energy = nn.Linear(key_dim, 1, with_bias=False)
        self.inverse_fertility = nn.Linear(frames_dim, 1, with_bias=False) if inverse_fertility else None

    def initial_state(self, frames: nn.Tensor) -> nn.Tensor:
        """Nothing was attended to."""
        return nn.zeros([nn.batch_dim, frames.spatial_dim])

    def forward(self, query: nn.Tensor, frames: nn.Tensor, state: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        """
        :param query: [batch, query_dim]
        :param frames: [batch, time, frames_dim]
        :param state: accumulated weights [batch, time]
        :return: the context, [batch, frames_dim], and the new weights
        """
        time = frames.spatial_dim
        hidden = nn.tanh(self.key(frames) + self.query(query) + nn.expand(state, [self.key_dim]) * self.feedback)
        weights = nn.softmax_over_spatial(nn.squeeze(self.energy(hidden), 1), time)
        used = weights
        if self.inverse_fertility is not None:
            used = weights * nn.sigmoid(nn.squeeze(self.inverse_fertility(frames), 1)) * 0.5
        return nn.dot(weights, frames, reduce=time), state + used


class MonotonicWindowAttention(StatefulAttention):
    """
    A soft window that only moves forward (Graves 2013, one component, normalised over the frames)::

        p' = p + softplus(w_step . query + b),    e_t = -softplus(w_width . query + b') (t - p')^2

    The state is the position ``p``, [batch], in frames.

    :param query_dim: features of the query
    """

    def __init__(self, query_dim: nn.Dim):
        super().__init__()
        self.move = nn.Linear(query_dim, 1)
        self.sharpness = nn.Linear(query_dim, 1)

    def initial_state(self, frames: nn.Tensor) -> nn.Tensor:
        """The first frame."""
        return nn.zeros([nn.batch_dim])

    def forward(self, query: nn.Tensor, frames: nn.Tensor, state: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        """
        :param query: [batch, query_dim]
        :param frames: [batch, time, frames_dim]
        :param state: the position [batch]
        :return: the context, [batch, frames_dim], and the new position
        """
        time = frames.spatial_dim
        position = state + nn.softplus(nn.squeeze(self.move(query), 1))
        frame = nn.expand(nn.cast(nn.range_over(time, like=frames), "float32"), [nn.batch_dim])
        distance = frame - position
        energy = distance * distance * -nn.softplus(nn.squeeze(self.sharpness(query), 1))
        return nn.dot(nn.softmax_over_spatial(energy, time), frames, reduce=time), position
