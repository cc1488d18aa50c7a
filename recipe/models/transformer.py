"""Transformer: encoder and decoder of attention alone (Vaswani et al. 2017), normalized before each part."""

from __future__ import annotations

from collections.abc import Callable

from recipe import nn

from .label_decoder import DecoderState, LabelDecoder


class MultiHeadAttention(nn.Module):
    """
    Scaled dot-product attention with several heads::

        e_h = (W_q x)_h . (W_k m)_h / sqrt(key_dim),    y = W_o [softmax(e_h) (W_v m)_h for all heads h]

    :param dim: features of the input, the memory and the result
    :param heads: the dim of the heads, whose size divides ``dim``
    """

    def __init__(self, dim: nn.Dim, heads: nn.Dim):
        super().__init__()
        self.dim, self.heads, self.head_dim = dim, heads, dim // heads.size
        self.query = nn.Linear(dim, dim, with_bias=False)
        self.key = nn.Linear(dim, dim, with_bias=False)
        self.value = nn.Linear(dim, dim, with_bias=False)
        self.output = nn.Linear(dim, dim, with_bias=False)

    def forward(self, x: nn.Tensor, memory: nn.Tensor) -> nn.Tensor:
        """
        :param x: [..., dim]
        :param memory: [batch, frames, dim]
        :return: [..., dim]
        """
        return self.attend(x, self.split(self.key(memory)), self.split(self.value(memory)))

    def attend(self, x: nn.Tensor, keys: nn.Tensor, values: nn.Tensor) -> nn.Tensor:
        """
        :param x: what asks, [..., dim]
        :param keys: [batch, frames, heads, head_dim]
        :param values: [batch, frames, heads, head_dim]
        :return: [..., dim]
        """
        frames = keys.spatial_dim
        energy = nn.dot(self.split(self.query(x)), keys, reduce=self.head_dim)
        weights = nn.softmax_over_spatial(energy, frames, energy_factor=self.head_dim.size**-0.5)
        context = nn.dot(weights, values, reduce=frames)
        return self.output(nn.merge_dims(context, [self.heads, self.head_dim], out_dim=self.dim))

    def split(self, x: nn.Tensor) -> nn.Tensor:
        """[..., dim] as [..., heads, head_dim]."""
        return nn.split_dims(x, [self.heads, self.head_dim])


class SelfAttention(MultiHeadAttention):
    """Attention of all frames of a sequence to each other."""

    def forward(self, x: nn.Tensor) -> nn.Tensor:  # type: ignore[override]
        """
        :param x: [batch, time, dim]
        :return: [batch, time, dim]
        """
        memory = nn.replace_dim(x)
        return super().forward(x, memory)


class CausalSelfAttention(MultiHeadAttention):
    """Attention of the frame of each step of a loop to itself and those before."""

    def forward(self, x: nn.Tensor) -> nn.Tensor:  # type: ignore[override]
        """
        :param x: the frame of the step, [batch, dim]
        :return: [batch, dim]
        """
        keys, values = nn.cum_concat(self.split(self.key(x))), nn.cum_concat(self.split(self.value(x)))
        return self.attend(x, keys, values)


class FeedForward(nn.Module):
    """
    ``W_2 f(W_1 x + b_1) + b_2``.

    :param dim: of input and result
    :param hidden_dim: between them
    :param dropout: on the hidden layer
    :param activation: f
    """

    def __init__(
        self,
        dim: nn.Dim,
        hidden_dim: nn.Dim,
        dropout: float,
        *,
        activation: Callable[[nn.Tensor], nn.Tensor] = nn.relu,
    ):
        super().__init__()
        self.hidden = nn.Linear(dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, dim)
        self.dropout, self.activation = dropout, activation

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """
        :param x: [..., dim]
        :return: [..., dim]
        """
        return self.output(nn.dropout(self.activation(self.hidden(x)), self.dropout))


class TransformerEncoderLayer(nn.Module):
    """
    Self-attention, then a feed-forward network, each with layer normalization before it and a residual connection.

    :param dim: features of input and result
    :param hidden_dim: of the feed-forward network
    :param heads: the dim of the heads of the attention
    :param dropout: on what is added to the residual
    """

    def __init__(self, dim: nn.Dim, hidden_dim: nn.Dim, heads: nn.Dim, dropout: float):
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(dim), SelfAttention(dim, heads)
        self.feed_forward_norm, self.feed_forward = nn.LayerNorm(dim), FeedForward(dim, hidden_dim, dropout)
        self.dropout = dropout

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """
        :param x: [batch, time, dim]
        :return: [batch, time, dim]
        """
        x = x + nn.dropout(self.attention(self.attention_norm(x)), self.dropout)
        return x + nn.dropout(self.feed_forward(self.feed_forward_norm(x)), self.dropout)


class TransformerDecoderLayer(nn.Module):
    """
    One step of causal self-attention, attention to the encoder, and a feed-forward network.

    :param dim: features of input, encoder and result
    :param hidden_dim: of the feed-forward network
    :param heads: the dim of the heads of both attentions
    :param dropout: on what is added to the residual
    """

    def __init__(self, dim: nn.Dim, hidden_dim: nn.Dim, heads: nn.Dim, dropout: float):
        super().__init__()
        self.self_attention_norm, self.self_attention = nn.LayerNorm(dim), CausalSelfAttention(dim, heads)
        self.attention_norm, self.attention = nn.LayerNorm(dim), MultiHeadAttention(dim, heads)
        self.feed_forward_norm, self.feed_forward = nn.LayerNorm(dim), FeedForward(dim, hidden_dim, dropout)
        self.dropout = dropout

    def forward(self, x: nn.Tensor, encoder: nn.Tensor) -> nn.Tensor:
        """
        :param x: the frame of the step, [batch, dim]
        :param encoder: [batch, time, dim]
        :return: [batch, dim]
        """
        x = x + nn.dropout(self.self_attention(self.self_attention_norm(x)), self.dropout)
        x = x + nn.dropout(self.attention(self.attention_norm(x), encoder), self.dropout)
        return x + nn.dropout(self.feed_forward(self.feed_forward_norm(x)), self.dropout)


class TransformerEncoder(nn.Module):
    """
    Embedded labels with their positions, through layers of self-attention.

    :param labels: the dim of the input labels
    :param dim: of the vectors
    :param hidden_dim: of the feed-forward networks
    :param heads: the dim of the heads of each attention
    :param num_layers: how many
    :param dropout: on the embedding and on what is added to the residual
    """

    def __init__(
        self,
        labels: nn.Dim,
        dim: nn.Dim,
        hidden_dim: nn.Dim,
        heads: nn.Dim,
        *,
        num_layers: int = 6,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.out_dim, self.dropout = dim, dropout
        self.embedding = nn.Embedding(labels, dim)
        self.layers = nn.ModuleList(TransformerEncoderLayer(dim, hidden_dim, heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, labels: nn.Tensor) -> nn.Tensor:
        """
        :param labels: [batch, time]
        :return: [batch, time, dim]
        """
        x = self.embedding(labels) * self.out_dim.size**0.5
        x = nn.dropout(nn.positional_encoding(x), self.dropout)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class TransformerDecoder(LabelDecoder):
    """
    Labels one by one, each with attention to those before and to the encoder; one definition for training and search.

    :param labels: the dim of the labels, among them ``end_label``
    :param end_label: index of the label that ends a sequence; it also stands for the label before the first one
    :param dim: of the vectors, that of the encoder
    :param hidden_dim: of the feed-forward networks
    :param heads: the dim of the heads of each attention
    :param num_layers: how many
    :param dropout: on the embedding and on what is added to the residual
    """

    def __init__(
        self,
        labels: nn.Dim,
        dim: nn.Dim,
        hidden_dim: nn.Dim,
        heads: nn.Dim,
        *,
        end_label: int,
        num_layers: int = 6,
        dropout: float = 0.1,
    ):
        super().__init__(labels, end_label)
        self.dim, self.dropout = dim, dropout
        self.embedding = nn.Embedding(labels, dim)
        self.layers = nn.ModuleList(TransformerDecoderLayer(dim, hidden_dim, heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(dim)
        self.output = nn.Linear(dim, labels)

    def step(self, label: nn.Tensor, state: DecoderState, encoder: nn.Tensor) -> tuple[nn.Tensor, DecoderState]:
        """
        :param label: the label before, [batch]
        :param state: nothing: the frames before are what the loop has collected (:func:`recipe.nn.cum_concat`)
        :param encoder: [batch, time, dim]
        :return: logits [batch, labels], and the state
        """
        x = self.embedding(label) * self.dim.size**0.5
        x = nn.dropout(nn.positional_encoding(x), self.dropout)
        for layer in self.layers:
            x = layer(x, encoder)
        return self.output(self.norm(x)), state
