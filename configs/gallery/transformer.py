"""
Transformer (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762): an encoder and a decoder of self-attention,
here with layer normalization before each part, as in Tensor2Tensor.

The decoder is written for one step. In the search its self-attention keeps what came so far; in training nothing of
it depends on the step before, so that all letters are computed at once and no loop is left.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

WORDS = nn.Dim(6, "words")
LETTERS = nn.Dim(5, "letters", labels=["<end>", "a", "b", "c", "d"])
SOURCE = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=WORDS)
TEXT = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=LETTERS)  # ends with <end>


class FeedForward(nn.Module):
    def __init__(self, dim: nn.Dim, dropout: float):
        super().__init__()
        self.norm, self.hidden, self.output = nn.LayerNorm(dim), nn.Linear(4 * dim), nn.Linear(dim)
        self.dropout = dropout

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        return x + nn.dropout(self.output(nn.relu(self.hidden(self.norm(x)))), self.dropout)


class SelfAttention(nn.Module):
    def __init__(self, dim: nn.Dim, heads: int, dropout: float):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(dim), nn.MultiHeadAttention(dim, heads, dropout=dropout)
        self.dropout = dropout

    def forward(self, x: nn.Tensor, causal: bool = False) -> nn.Tensor:
        return x + nn.dropout(self.attention(self.norm(x), causal=causal), self.dropout)


class EncoderLayer(nn.Module):
    def __init__(self, dim: nn.Dim, heads: int, dropout: float):
        super().__init__()
        self.self_attention, self.feed_forward = SelfAttention(dim, heads, dropout), FeedForward(dim, dropout)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        return self.feed_forward(self.self_attention(x))


class DecoderLayer(nn.Module):
    def __init__(self, dim: nn.Dim, heads: int, dropout: float):
        super().__init__()
        self.self_attention = SelfAttention(dim, heads, dropout)
        self.norm, self.attention = nn.LayerNorm(dim), nn.MultiHeadAttention(dim, heads, dropout=dropout)
        self.feed_forward = FeedForward(dim, dropout)

    def forward(self, x: nn.Tensor, encoder: nn.Tensor) -> nn.Tensor:
        """``x`` [batch, dim] is that of one step."""
        x = self.self_attention(x, causal=True)
        return self.feed_forward(x + self.attention(self.norm(x), encoder))


class Transformer(nn.Module):
    def __init__(self, size: int = 4, heads: int = 2, num_layers: int = 2, dropout: float = 0.1):
        super().__init__()
        dim = nn.Dim(size, "model")
        self.source_embedding, self.embedding = nn.Embedding(WORDS, dim), nn.Embedding(LETTERS, dim)
        self.encoder = nn.Sequential(*(EncoderLayer(dim, heads, dropout) for _ in range(num_layers)))
        self.decoder = nn.ModuleList(DecoderLayer(dim, heads, dropout) for _ in range(num_layers))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.output = nn.Linear(LETTERS)
        self.scale = size**0.5

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
        source = self.source_embedding(nn.get_extern_data(SOURCE)) * self.scale
        encoder = self.encoder_norm(self.encoder(nn.positional_encoding(source)))
        loop = nn.Loop(max_seq_len=10 if search else None)
        loop.state.letter = nn.constant(0, [nn.batch_dim], sparse_dim=LETTERS)
        with loop:
            x = nn.positional_encoding(self.embedding(loop.state.letter) * self.scale)
            for layer in self.decoder:
                x = layer(x, encoder)
            logits = self.output(self.decoder_norm(x))
            target = None if search else loop.unstack(nn.get_extern_data(TEXT))
            loop.state.letter = nn.choice(logits, target=target)
            if target is None:
                loop.end(loop.state.letter == 0, include_eos=False)
            else:
                nn.cross_entropy(logits, target, label_smoothing=0.1).mark_as_loss("ce")
            return loop.stack(loop.state.letter)


def training(**dims: Any) -> nn.Network:
    """Trained on pairs of texts."""
    return nn.Network(Transformer(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """Letters by beam search."""
    return nn.Network(Transformer(**dims), search=nn.BeamSearch(beam_size, length_normalization=0.6))
