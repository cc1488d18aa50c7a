"""Attention that knows where it has been, for speech (Chorowski et al. 2015)."""

from __future__ import annotations

from recipe import nn

from .attention import StatefulAttention


class LocationAttention(StatefulAttention):
    """
    Additive attention that also sees the sum of its weights so far, through a convolution over time::

        e_t = v . tanh(W_q query + W_k frames_t + (F * a)_t + b),    a' = a + softmax(e)

    The state is ``a``, [batch, time].

    :param query_dim: features of the query
    :param frames_dim: features of the frames, and of the context
    :param key_dim: of the hidden layer
    :param filter_size: how many frames of the weights one frame sees
    """

    def __init__(self, query_dim: nn.Dim, frames_dim: nn.Dim, key_dim: nn.Dim, *, filter_size: int = 15):
        super().__init__()
        self.channel = nn.Dim(1, "channel")
        self.query = nn.Linear(query_dim, key_dim, with_bias=False)
        self.key = nn.Linear(frames_dim, key_dim, with_bias=False)
        self.location = nn.Conv1d(self.channel, key_dim, filter_size)
        self.energy = nn.Linear(key_dim, self.channel, with_bias=False)

    def initial_state(self, frames: nn.Tensor) -> nn.Tensor:
        """Nothing was attended to."""
        return nn.zeros([nn.batch_dim, frames.spatial_dim])

    def forward(self, query: nn.Tensor, frames: nn.Tensor, state: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        """
        :param query: [batch, query_dim]
        :param frames: [batch, time, frames_dim]
        :param state: the sum of the weights so far, [batch, time]
        :return: the context [batch, frames_dim], and the new sum
        """
        location = self.location(nn.expand(state, [self.channel]))
        energy = nn.squeeze(self.energy(nn.tanh(self.key(frames) + location + self.query(query))), self.channel)
        weights = nn.softmax_over_spatial(energy, frames.spatial_dim)
        return nn.dot(weights, frames, reduce=frames.spatial_dim), state + weights
