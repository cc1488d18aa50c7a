"""
A Conformer with CTC and a Transformer in PyTorch, as a PyTorch user writes them: the models of ``recipe.models`` with
the attention of PyTorch, whole sequences at once, and parameters by the same names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy
import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-6
"""Of layer normalization."""


def padding_of(lengths: Tensor, size: int) -> Tensor:
    """Where positions are padding: bool [batch, size]."""
    return torch.arange(size, device=lengths.device) >= lengths[:, None]


class Attention(nn.Module):
    """
    Attention with several heads.

    :param dim: of queries and memory
    :param farthest: where it sees distances, the greatest that it tells apart; 0 where it sees none
    """

    def __init__(self, dim: int, heads: int, *, farthest: int = 0):
        super().__init__()
        self.heads, self.farthest = heads, farthest
        self.query, self.key, self.value, self.output = (nn.Linear(dim, dim, bias=False) for _ in range(4))
        if farthest:
            self.positions = nn.Embedding(2 * farthest + 1, dim // heads)

    def forward(self, x: Tensor, memory: Tensor, *, padding: Tensor | None = None, causal: bool = False) -> Tensor:
        """:param padding: of the memory, [batch, frames]"""
        query, key, value = (
            layer(of).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer, of in ((self.query, x), (self.key, memory), (self.value, memory))
        )
        mask = None if padding is None else ~padding[:, None, None]
        if self.farthest:
            places = torch.arange(x.shape[1], device=x.device)
            distance = (places - places[:, None]).clamp(-self.farthest, self.farthest) + self.farthest
            energy = torch.einsum("bhqd,qkd->bhqk", query, self.positions(distance)) * query.shape[-1] ** -0.5
            mask = energy if mask is None else energy.masked_fill(~mask, -math.inf)
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
        return self.output(context.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """Two linear layers with a function between them."""

    def __init__(self, dim: int, hidden: int, dropout: float, activation: nn.Module):
        super().__init__()
        self.hidden, self.output = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.between = nn.Sequential(activation, nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """:param x: [..., dim]"""
        return self.output(self.between(self.hidden(x)))


def norm(dim: int) -> nn.LayerNorm:
    """Layer normalization as ours."""
    return nn.LayerNorm(dim, eps=EPSILON)


class TransformerLayer(nn.Module):
    """A layer of the encoder, or of the decoder, which also attends to the encoder."""

    def __init__(self, dim: int, hidden: int, heads: int, dropout: float, *, is_decoder: bool):
        super().__init__()
        self.is_decoder, self.dropout = is_decoder, nn.Dropout(dropout)
        if is_decoder:
            self.self_attention_norm, self.self_attention = norm(dim), Attention(dim, heads)
        self.attention_norm, self.attention = norm(dim), Attention(dim, heads)
        self.feed_forward_norm, self.feed_forward = norm(dim), FeedForward(dim, hidden, dropout, nn.ReLU())

    def forward(self, x: Tensor, padding: Tensor, encoder: Tensor | None = None) -> Tensor:
        """:param padding: of what is attended to with ``attention``"""
        if self.is_decoder:
            y = self.self_attention_norm(x)
            x = x + self.dropout(self.self_attention(y, y, causal=True))
        y = self.attention_norm(x)
        x = x + self.dropout(self.attention(y, y if encoder is None else encoder, padding=padding))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class Stack(nn.Module):
    """Embedded labels with their positions, through layers."""

    def __init__(
        self, labels: int, dim: int, hidden: int, heads: int, layers: int, dropout: float, *, is_decoder: bool
    ):
        super().__init__()
        self.embedding, self.norm, self.dropout = nn.Embedding(labels, dim), norm(dim), nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            TransformerLayer(dim, hidden, heads, dropout, is_decoder=is_decoder) for _ in range(layers)
        )
        if is_decoder:
            self.output = nn.Linear(dim, labels)

    def forward(self, labels: Tensor, padding: Tensor, encoder: Tensor | None = None) -> Tensor:
        """:param labels: [batch, positions]"""
        x = self.embedding(labels)
        half = x.shape[-1] // 2
        rates = torch.exp(torch.arange(half, device=x.device) * (-math.log(1e4) / (half - 1)))
        angles = torch.arange(x.shape[1], device=x.device)[:, None] * rates
        x = self.dropout(x * x.shape[-1] ** 0.5 + torch.cat([angles.sin(), angles.cos()], dim=-1))
        for layer in self.layers:
            x = layer(x, padding, encoder)
        return self.norm(x)


class Transformer(nn.Module):
    """From labels to labels."""

    def __init__(self, labels: int, dim: int, hidden: int, heads: int, layers: int, dropout: float):
        super().__init__()
        self.encoder = Stack(labels, dim, hidden, heads, layers, dropout, is_decoder=False)
        self.decoder = Stack(labels, dim, hidden, heads, layers, dropout, is_decoder=True)

    def forward(self, data: Tensor, lengths: Tensor, classes: Tensor, counts: Tensor) -> Tensor:
        """The sum of the cross entropies of all labels."""
        padding = padding_of(lengths, data.shape[1])
        encoder = self.encoder(data, padding)
        before = F.pad(classes[:, :-1], (1, 0))
        logits = self.decoder.output(self.decoder(before, padding, encoder))
        is_label = ~padding_of(counts, classes.shape[1])
        return F.cross_entropy(logits[is_label], classes[is_label].long(), reduction="sum")


class Convolution(nn.Module):
    """The convolution of a Conformer layer."""

    def __init__(self, dim: int, size: int):
        super().__init__()
        self.gated, self.output, self.norm = nn.Linear(dim, 2 * dim), nn.Linear(dim, dim), norm(dim)
        self.depthwise = nn.Conv1d(dim, dim, size, padding=size // 2, groups=dim)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        """:param x: [batch, frames, dim]"""
        x = F.glu(self.gated(x)).masked_fill(padding[:, :, None], 0.0)
        return self.output(F.silu(self.norm(self.depthwise(x.transpose(1, 2)).transpose(1, 2))))


class ConformerLayer(nn.Module):
    """Half a feed-forward network, attention, convolution, the other half."""

    def __init__(self, dim: int, hidden: int, heads: int, dropout: float):
        super().__init__()
        self.first_norm, self.first = norm(dim), FeedForward(dim, hidden, dropout, nn.SiLU())
        self.attention_norm, self.attention = norm(dim), Attention(dim, heads, farthest=16)
        self.convolution_norm, self.convolution = norm(dim), Convolution(dim, 15)
        self.second_norm, self.second = norm(dim), FeedForward(dim, hidden, dropout, nn.SiLU())
        self.norm, self.dropout = norm(dim), nn.Dropout(dropout)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        """:param x: [batch, frames, dim]"""
        x = x + 0.5 * self.dropout(self.first(self.first_norm(x)))
        y = self.attention_norm(x)
        x = x + self.dropout(self.attention(y, y, padding=padding))
        x = x + self.dropout(self.convolution(self.convolution_norm(x), padding))
        x = x + 0.5 * self.dropout(self.second(self.second_norm(x)))
        return self.norm(x)


class ConformerEncoder(nn.Module):
    """Two convolutions that halve the number of frames, then layers."""

    def __init__(self, features: int, dim: int, hidden: int, heads: int, layers: int, dropout: float):
        super().__init__()
        self.subsampling = nn.ModuleList(nn.Conv1d(size, dim, 3, stride=2) for size in (features, dim))
        self.input, self.dropout = nn.Linear(dim, dim), nn.Dropout(dropout)
        self.layers = nn.ModuleList(ConformerLayer(dim, hidden, heads, dropout) for _ in range(layers))

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """:return: vectors [batch, frames, dim] and lengths"""
        for convolution in self.subsampling:
            x = x.masked_fill(padding_of(lengths, x.shape[1])[:, :, None], 0.0).transpose(1, 2)
            lengths = (lengths + 1) // 2
            x = F.relu(convolution(F.pad(x, (0, 2)))).transpose(1, 2)
        x, padding = self.dropout(self.input(x)), padding_of(lengths, x.shape[1])
        for layer in self.layers:
            x = layer(x, padding)
        return x, lengths


class ConformerCtc(nn.Module):
    """From frames to labels, by CTC."""

    def __init__(self, features: int, labels: int, dim: int, hidden: int, heads: int, layers: int, dropout: float):
        super().__init__()
        self.encoder = ConformerEncoder(features, dim, hidden, heads, layers, dropout)
        self.output = nn.Linear(dim, labels + 1)

    def forward(self, data: Tensor, lengths: Tensor, classes: Tensor, counts: Tensor) -> Tensor:
        """The sum of the losses of all sequences."""
        x, lengths = self.encoder(data, lengths)
        log_probs = F.log_softmax(self.output(x), dim=-1).transpose(0, 1)
        blank = log_probs.shape[-1] - 1
        return F.ctc_loss(log_probs, classes.long(), lengths.long(), counts.long(), blank, reduction="sum")


def load(model: nn.Module, parameters: Mapping[str, numpy.ndarray]) -> None:
    """Copies the parameters of ours, which have the same paths, in PyTorch's layout."""
    with torch.no_grad():
        for path, value in parameters.items():
            owner, name = path.replace("/", ".").rsplit(".", 1)
            module, array = model.get_submodule(owner), torch.from_numpy(value)
            if isinstance(module, nn.Conv1d):
                array = array.permute(2, 1, 0) if name == "W" else array
            elif isinstance(module, nn.Linear):
                array = array.T
            is_bias = name in ("b", "bias")
            (module.bias if is_bias else module.weight).copy_(array)  # type: ignore[operator, union-attr]
