"""Conformer: self-attention with relative positions and convolution over time, for speech (Gulati et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence

from recipe import nn

from .spec_augment import SpecAugment
from .speech_encoder import SpeechEncoder
from .transformer import FeedForward, MultiHeadAttention


class RelativeSelfAttention(MultiHeadAttention):
    """
    Self-attention in which the distance of two frames counts (Shaw et al. 2018), as in RETURNN's
    ``relative_positional_encoding``::

        e_ts = q_t . (k_s + r_d) / sqrt(key_dim),    d = s - t, at most ``farthest`` to each side

    :param dim: features of input and result
    :param heads: the dim of the heads, whose size divides ``dim``
    :param farthest: distances from here on are alike
    """

    def __init__(self, dim: nn.Dim, heads: nn.Dim, *, farthest: int = 16):
        super().__init__(dim, heads)
        self.farthest = farthest
        self.distances = nn.Dim(2 * farthest + 1, "distances")
        self.positions = nn.Embedding(self.distances, self.head_dim)

    def forward(self, x: nn.Tensor) -> nn.Tensor:  # type: ignore[override]
        """
        :param x: [batch, time, dim]
        :return: [batch, time, dim]
        """
        memory = nn.replace_dim(x)
        frame, other = x.spatial_dim, memory.spatial_dim
        query, key = self.split(self.query(x)), self.split(self.key(memory))
        distance = self.distance(nn.range_over(frame, like=x), nn.range_over(other, like=memory))
        energy = nn.dot(query, key, reduce=self.head_dim)
        energy = energy + nn.dot(query, self.positions(distance), reduce=self.head_dim)
        weights = nn.softmax_over_spatial(energy, other, energy_factor=self.head_dim.size**-0.5)
        context = nn.dot(weights, self.split(self.value(memory)), reduce=other)
        return self.output(nn.merge_dims(context, [self.heads, self.head_dim], out_dim=self.dim))

    def distance(self, frame: nn.Tensor, other: nn.Tensor) -> nn.Tensor:
        """
        :param frame: positions [time]
        :param other: positions [other time]
        :return: labels of distances, from the farthest before to the farthest behind, [other time, time]
        """
        difference = nn.combine("sub", other, frame, allow_broadcast_all_sources=True)
        clipped = nn.minimum(nn.maximum(difference, -self.farthest), self.farthest) + self.farthest
        return nn.cast(clipped, "int32", sparse_dim=self.distances)


class ConvolutionModule(nn.Module):
    """
    Pointwise convolution with a gated linear unit (Dauphin et al. 2017), convolution of each feature over time,
    normalization, swish, pointwise convolution.

    The normalization is that of each frame and not of the batch, so that a sequence's result does not depend on others.

    :param dim: features of input and result
    :param size: how many frames the convolution over time sees
    """

    def __init__(self, dim: nn.Dim, size: int):
        super().__init__()
        self.gated = nn.Linear(dim, 2 * dim)
        self.depthwise = nn.DepthwiseConv1d(dim, size)
        self.norm = nn.LayerNorm(dim)
        self.output = nn.Linear(dim, dim)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """
        :param x: [batch, time, dim]
        :return: [batch, time, dim]
        """
        values, gate = nn.split(self.gated(x), 2)
        return self.output(nn.swish(self.norm(self.depthwise(values * nn.sigmoid(gate)))))


class ConformerLayer(nn.Module):
    """
    Half a feed-forward network, self-attention, convolution, the other half, each normalized before and added to its
    input; normalized at the end.

    :param dim: features of input and result
    :param hidden_dim: of the feed-forward networks
    :param heads: the dim of the heads of the attention
    :param filter_size: of the convolution
    :param dropout: on what is added
    """

    def __init__(self, dim: nn.Dim, hidden_dim: nn.Dim, heads: nn.Dim, filter_size: int, dropout: float):
        super().__init__()
        self.first_norm, self.first = nn.LayerNorm(dim), FeedForward(dim, hidden_dim, dropout, activation=nn.swish)
        self.attention_norm, self.attention = nn.LayerNorm(dim), RelativeSelfAttention(dim, heads)
        self.convolution_norm, self.convolution = nn.LayerNorm(dim), ConvolutionModule(dim, filter_size)
        self.second_norm, self.second = nn.LayerNorm(dim), FeedForward(dim, hidden_dim, dropout, activation=nn.swish)
        self.norm = nn.LayerNorm(dim)
        self.dropout = dropout

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """
        :param x: [batch, time, dim]
        :return: [batch, time, dim]
        """
        x = x + nn.dropout(self.first(self.first_norm(x)), self.dropout) * 0.5
        x = x + nn.dropout(self.attention(self.attention_norm(x)), self.dropout)
        x = x + nn.dropout(self.convolution(self.convolution_norm(x)), self.dropout)
        x = x + nn.dropout(self.second(self.second_norm(x)), self.dropout) * 0.5
        return self.norm(x)


class ConformerEncoder(SpeechEncoder):
    """
    Convolutions that make sequences shorter, then Conformer layers.

    :param features: the dim of the input
    :param dim: of the vectors
    :param hidden_dim: of the feed-forward networks
    :param heads: the dim of the heads of each attention
    :param num_layers: how many
    :param strides: how many frames become one in each convolution at the start
    :param filter_size: frames that the convolution of a layer sees
    :param augmentation: of the features in training
    :param dropout: on what the convolutions at the start give, and on what is added in layers
    """

    def __init__(
        self,
        features: nn.Dim,
        dim: nn.Dim,
        hidden_dim: nn.Dim,
        heads: nn.Dim,
        *,
        num_layers: int = 4,
        strides: Sequence[int] = (2,),
        filter_size: int = 15,
        augmentation: SpecAugment | None = None,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.subsampling = nn.ModuleList()
        for number, stride in enumerate(strides):
            self.subsampling.append(nn.Conv1d(dim if number else features, dim, 2 * stride - 1, stride=stride))
        self.input = nn.Linear(dim if strides else features, dim)
        self.layers = nn.ModuleList(
            ConformerLayer(dim, hidden_dim, heads, filter_size, dropout) for _ in range(num_layers)
        )
        self.out_dim, self.augmentation, self.dropout = dim, augmentation, dropout

    def forward(self, features: nn.Tensor) -> nn.Tensor:
        """
        :param features: [batch, time, features]
        :return: [batch, fewer frames, dim]
        """
        x = features if self.augmentation is None else self.augmentation(features)
        for convolution in self.subsampling:
            x = nn.relu(convolution(x))
        x = nn.dropout(self.input(x), self.dropout)
        for layer in self.layers:
            x = layer(x)
        return x
