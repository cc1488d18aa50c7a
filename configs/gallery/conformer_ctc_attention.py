"""
Conformer (Gulati et al. 2020, https://arxiv.org/abs/2005.08100) with CTC and attention (Watanabe et al. 2017,
https://ieeexplore.ieee.org/document/8068205): one encoder, two losses, and a search for each of them.

Batch normalization, as in the paper, is that of the batch in training and of running statistics in the search. CTC has
no letter that depends on another one, so its search is a choice for each frame, with a beam of one; the labels come
out with blanks and repetitions.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

FEATURES = nn.Dim(4, "features")
LETTERS = nn.Dim(5, "letters", labels=["<end>", "a", "b", "c", "d"])
BLANK = 5  # of letters + 1
SPEECH = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
TEXT = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=LETTERS)  # ends with <end>


class FeedForward(nn.Module):
    def __init__(self, dim: nn.Dim, dropout: float):
        super().__init__()
        self.norm, self.hidden, self.output = nn.LayerNorm(dim), nn.Linear(4 * dim), nn.Linear(dim)
        self.dropout = dropout

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        hidden = nn.dropout(nn.swish(self.hidden(self.norm(x))), self.dropout)
        return x + 0.5 * nn.dropout(self.output(hidden), self.dropout)


class Convolution(nn.Module):
    """Gated, over time, each feature alone."""

    def __init__(self, dim: nn.Dim, size: int, dropout: float):
        super().__init__()
        self.norm, self.value, self.gate = nn.LayerNorm(dim), nn.Linear(dim), nn.Linear(dim)
        self.convolution, self.batch_norm = nn.DepthwiseConv1d(dim, size), nn.BatchNorm(dim)
        self.output, self.dropout = nn.Linear(dim), dropout

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        y = self.norm(x)
        y = self.value(y) * nn.sigmoid(self.gate(y))
        y = nn.swish(self.batch_norm(self.convolution(y)))
        return x + nn.dropout(self.output(y), self.dropout)


class ConformerLayer(nn.Module):
    def __init__(self, dim: nn.Dim, heads: int, size: int, dropout: float):
        super().__init__()
        self.first, self.second = FeedForward(dim, dropout), FeedForward(dim, dropout)
        self.norm, self.attention = nn.LayerNorm(dim), nn.MultiHeadAttention(dim, heads, relative=8, dropout=dropout)
        self.convolution = Convolution(dim, size, dropout)
        self.last_norm, self.dropout = nn.LayerNorm(dim), dropout

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        x = self.first(x)
        x = x + nn.dropout(self.attention(self.norm(x)), self.dropout)
        return self.last_norm(self.second(self.convolution(x)))


class Recogniser(nn.Module):
    def __init__(self, size: int = 4, heads: int = 2, num_layers: int = 2, kernel: int = 3, dropout: float = 0.1):
        super().__init__()
        dim = nn.Dim(size, "conformer")
        self.subsampling, self.projection = nn.Conv1d(FEATURES, dim, 3, stride=2), nn.Linear(dim)
        self.layers = nn.Sequential(*(ConformerLayer(dim, heads, kernel, dropout) for _ in range(num_layers)))
        self.ctc = nn.Linear(LETTERS + 1)
        self.embedding, self.cell = nn.Embedding(LETTERS, size), nn.LstmCell(size)
        self.attention = nn.AdditiveAttention(size, dim, size)
        self.readout = nn.Linear(LETTERS)

    def forward(self, search: nn.BeamSearch | None = None) -> dict[str, nn.Tensor]:
        x = nn.get_extern_data(SPEECH)
        encoder = self.layers(self.projection(nn.relu(self.subsampling(x))))
        if not search:
            nn.ctc_loss(self.ctc(encoder), nn.get_extern_data(TEXT)).mark_as_loss("ctc", scale=0.3)
        return {"letters": self.decoder(encoder, search), "best_path": self.best_path(encoder)}

    def best_path(self, encoder: nn.Tensor) -> nn.Tensor:
        """A letter or blank for each frame [batch, frames]."""
        return nn.argmax(self.ctc(encoder))

    def decoder(self, encoder: nn.Tensor, search: nn.BeamSearch | None) -> nn.Tensor:
        """Letters with attention [batch, steps]."""
        loop = nn.Loop(max_seq_len=10 if search else None)
        loop.state.letter = nn.constant(0, [nn.batch_dim], sparse_dim=LETTERS)
        loop.state.cell = self.cell.initial_state()
        loop.state.context = nn.zeros([nn.batch_dim, encoder.feature_dim])
        with loop:
            last = self.embedding(loop.state.letter)
            h, loop.state.cell = self.cell(nn.concat(last, loop.state.context), loop.state.cell)
            loop.state.context = self.attention(h, encoder)
            logits = self.readout([h, loop.state.context])
            target = None if search else loop.unstack(nn.get_extern_data(TEXT))
            loop.state.letter = nn.choice(logits, target=target)
            if target is None:
                loop.end(loop.state.letter == 0, include_eos=False)
            else:
                nn.cross_entropy(logits, target).mark_as_loss("ce", scale=0.7)
            return loop.stack(loop.state.letter)


def training(**dims: Any) -> nn.Network:
    """Trained with both losses."""
    return nn.Network(Recogniser(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """Letters by attention, and the best path of CTC."""
    return nn.Network(Recogniser(**dims), search=nn.BeamSearch(beam_size))
