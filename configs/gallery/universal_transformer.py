"""
Universal Transformer (Dehghani et al. 2019, https://arxiv.org/abs/1807.03819) with adaptive computation time: one layer
for all depths, and each position decides at which depth it halts.

The depth is a loop around a whole sequence: its state is [batch, time, dim], its end is that no position goes on. Each
sequence of a batch ends by itself. In the decoder depth is a Python loop in the step over the letters, as the
attention at each depth has a history of its own; all depths share the parameters of the one layer.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

WORDS = nn.Dim(6, "words")
LETTERS = nn.Dim(5, "letters", labels=["<end>", "a", "b", "c", "d"])
SOURCE = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=WORDS)
TEXT = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=LETTERS)  # ends with <end>


class Layer(nn.Module):
    """Self-attention, attention to an encoder if there is one, and a feed-forward layer."""

    def __init__(self, dim: nn.Dim, heads: int, max_depth: int, *, attends: bool):
        super().__init__()
        self.depths = nn.Dim(max_depth, "depths")
        self.depth = nn.Embedding(self.depths, dim)
        self.self_attention = nn.MultiHeadAttention(dim, heads)
        self.attention = nn.MultiHeadAttention(dim, heads) if attends else None
        self.hidden, self.output = nn.Linear(4 * dim), nn.Linear(dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3 if attends else 2))

    def forward(self, x: nn.Tensor, depth: nn.Tensor, encoder: nn.Tensor | None = None) -> nn.Tensor:
        x = x + self.depth(depth)
        x = self.norms[0](x + self.self_attention(x, causal=encoder is not None))
        if self.attention is not None:
            x = self.norms[2](x + self.attention(x, encoder))
        return self.norms[1](x + self.output(nn.relu(self.hidden(x))))


class AdaptiveEncoder(nn.Module):
    """The layer again and again, until each position has halted; the result is the mean of what it was, by weight."""

    def __init__(self, dim: nn.Dim, heads: int, max_depth: int, threshold: float):
        super().__init__()
        self.max_depth, self.threshold = max_depth, threshold
        self.layer, self.halt = Layer(dim, heads, max_depth, attends=False), nn.Linear(1)

    def forward(self, x: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        """The encoder's result [batch, time, dim], and the ponder cost [batch, time]."""
        loop = nn.Loop(max_seq_len=self.max_depth)
        loop.state.x, loop.state.mean = x, nn.zeros(x.dims)
        loop.state.halted = nn.zeros(x.dims[:-1])  # the sum of the weights
        loop.state.cost = nn.zeros(x.dims[:-1])
        with loop:
            depth = nn.cast(loop.iter_idx, "int32", sparse_dim=self.layer.depths)
            halted = loop.state.halted
            goes_on = halted < 1.0
            p = nn.squeeze(nn.sigmoid(self.halt(loop.state.x)), "F")
            is_last = (halted + p > self.threshold) | (loop.iter_idx == self.max_depth - 1)
            weight = nn.where(goes_on, nn.where(is_last, 1.0 - halted, p), 0.0)
            loop.state.cost = loop.state.cost + nn.where(goes_on, nn.where(is_last, 2.0 - halted, 1.0), 0.0)
            new = self.layer(loop.state.x, depth)
            loop.state.x = nn.where(goes_on, new, loop.state.x)
            loop.state.mean = loop.state.mean + weight * new
            loop.state.halted = nn.where(goes_on & is_last, 1.0, halted + weight)
            loop.end(nn.reduce_min(loop.state.halted, x.spatial_dim) >= 1.0, include_eos=True)
        return loop.state.mean, loop.state.cost


class UniversalTransformer(nn.Module):
    def __init__(self, size: int = 4, heads: int = 2, max_depth: int = 3, threshold: float = 0.9):
        super().__init__()
        dim = nn.Dim(size, "model")
        self.max_depth = max_depth
        self.source_embedding, self.embedding = nn.Embedding(WORDS, dim), nn.Embedding(LETTERS, dim)
        self.encoder = AdaptiveEncoder(dim, heads, max_depth, threshold)
        self.decoder = Layer(dim, heads, max_depth, attends=True)
        self.output = nn.Linear(LETTERS)

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
        source = nn.positional_encoding(self.source_embedding(nn.get_extern_data(SOURCE)))
        encoder, cost = self.encoder(source)
        if not search:
            cost.mark_as_loss("ponder_cost", scale=0.01)
        loop = nn.Loop(max_seq_len=10 if search else None)
        loop.state.letter = nn.constant(0, [nn.batch_dim], sparse_dim=LETTERS)
        with loop:
            x = nn.positional_encoding(self.embedding(loop.state.letter))
            for depth in range(self.max_depth):
                x = self.decoder(x, nn.constant(depth, [nn.batch_dim], sparse_dim=self.decoder.depths), encoder)
            logits = self.output(x)
            target = None if search else loop.unstack(nn.get_extern_data(TEXT))
            loop.state.letter = nn.choice(logits, target=target)
            if target is None:
                loop.end(loop.state.letter == 0, include_eos=False)
            else:
                nn.cross_entropy(logits, target).mark_as_loss("ce")
            return loop.stack(loop.state.letter)


def training(**dims: Any) -> nn.Network:
    """Trained on pairs of texts, with a cost of each position's depth."""
    return nn.Network(UniversalTransformer(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """Letters by beam search."""
    return nn.Network(UniversalTransformer(**dims), search=nn.BeamSearch(beam_size))
