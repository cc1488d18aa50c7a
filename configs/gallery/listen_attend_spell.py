"""
Listen, Attend and Spell (Chan et al. 2016, https://arxiv.org/abs/1508.01211) with location-aware attention
(Chorowski et al. 2015, https://arxiv.org/abs/1506.07503).

The listener halves the number of frames in each layer: two frames become one with twice the features. The attention
sees where it was in the step before: its weights are a state of the loop over the letters, of the length of the input.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

FEATURES = nn.Dim(4, "features")
LETTERS = nn.Dim(5, "letters", labels=["<end>", "a", "b", "c", "d"])
SPEECH = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
TEXT = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=LETTERS)  # ends with <end>


class Listener(nn.Module):
    """A pyramid of bidirectional LSTMs."""

    def __init__(self, dim: int, num_halvings: int):
        super().__init__()
        self.first = nn.BidirectionalLstm(dim)
        self.others = nn.ModuleList(nn.BidirectionalLstm(dim) for _ in range(num_halvings))

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        x = self.first(x)
        for lstm in self.others:
            pairs = nn.chunk(x, 2)  # [batch, time / 2, 2, features]
            pair, features = pairs.dims[-2:]
            x = lstm(nn.merge_dims(pairs, [pair, features], out_dim=pair * features))
        return x


class LocationAttention(nn.Module):
    """``e_t = v . tanh(W query + V frames_t + U (weights around t))``; the convolution is a window and a matrix."""

    def __init__(self, dim: int, window: int):
        super().__init__()
        self.window = window
        self.query, self.frames, self.location = nn.Linear(dim), nn.Linear(dim), nn.Linear(window, dim)
        self.energy = nn.Linear(dim, 1, with_bias=False)

    def forward(self, query: nn.Tensor, frames: nn.Tensor, last_weights: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        seen = self.location(nn.unfold(last_weights, self.window))
        energy = self.energy(nn.tanh(self.frames(frames) + self.query(query) + seen))
        weights = nn.softmax_over_spatial(nn.squeeze(energy, "F"))
        return nn.dot(weights, frames, reduce=frames.spatial_dim), weights


class ListenAttendSpell(nn.Module):
    def __init__(self, dim: int = 6, num_halvings: int = 1, window: int = 3):
        super().__init__()
        self.listener = Listener(dim, num_halvings)
        self.embedding = nn.Embedding(LETTERS, dim)
        self.cell = nn.LstmCell(dim)
        self.attention = LocationAttention(dim, window)
        self.readout = nn.Linear(LETTERS)

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
        frames = self.listener(nn.get_extern_data(SPEECH))
        limit = nn.reduce_max(frames.seq_len, nn.batch_dim) + 2  # of the longest
        loop = nn.Loop(max_seq_len=limit if search else None)
        loop.state.letter = nn.constant(0, [nn.batch_dim], sparse_dim=LETTERS)
        loop.state.cell = self.cell.initial_state()
        loop.state.context = nn.zeros([nn.batch_dim, frames.feature_dim])
        loop.state.weights = nn.zeros([nn.batch_dim, frames.spatial_dim])
        with loop:
            last = self.embedding(loop.state.letter)
            h, loop.state.cell = self.cell(nn.concat(last, loop.state.context), loop.state.cell)
            loop.state.context, loop.state.weights = self.attention(h, frames, loop.state.weights)
            logits = self.readout([h, loop.state.context])
            target = None if search else loop.unstack(nn.get_extern_data(TEXT))
            loop.state.letter = nn.choice(logits, target=target)
            if target is None:
                loop.end(loop.state.letter == 0, include_eos=False)
            else:
                nn.cross_entropy(logits, target, label_smoothing=0.1).mark_as_loss("ce")
            return loop.stack(loop.state.letter)


def training(**dims: Any) -> nn.Network:
    """Trained on letters."""
    return nn.Network(ListenAttendSpell(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """Letters by beam search."""
    return nn.Network(ListenAttendSpell(**dims), search=nn.BeamSearch(beam_size))
