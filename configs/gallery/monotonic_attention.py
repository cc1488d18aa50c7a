"""
Monotonic attention (Raffel et al. 2017, https://arxiv.org/abs/1704.00784) and MoChA, monotonic chunkwise attention
(Chiu and Raffel 2018, https://arxiv.org/abs/1712.05382): hard and online in the search, its expectation in training.

In the search each letter goes on from the frame of the one before: an inner loop that has no input, and ends at the
first frame that is taken. In training an inner loop over the frames gives the probability that each one is taken, from
that of the letter before. MoChA then attends softly to the ``chunk`` frames up to that one; with one it is monotonic
attention. Where no frame is taken, the context is zero. Noise in training makes the probabilities 0 or 1 in the end.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

FEATURES = nn.Dim(4, "features")
LETTERS = nn.Dim(5, "letters", labels=["<end>", "a", "b", "c", "d"])
SPEECH = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
TEXT = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=LETTERS)  # ends with <end>


class Energy(nn.Module):
    """``v . tanh(W query + V frame) + r``, of one frame or of all."""

    def __init__(self, dim: int):
        super().__init__()
        self.query, self.frame, self.energy = nn.Linear(dim, with_bias=False), nn.Linear(dim), nn.Linear(1)

    def forward(self, query: nn.Tensor, frame: nn.Tensor) -> nn.Tensor:
        return nn.squeeze(self.energy(nn.tanh(self.frame(frame) + self.query(query))), "F")


class MonotonicAttention(nn.Module):
    def __init__(self, dim: int, chunk: int, noise: float):
        super().__init__()
        self.chunk, self.noise = nn.Dim(chunk, "chunk"), noise
        self.stop, self.soft = Energy(dim), Energy(dim)

    def expected(self, query: nn.Tensor, frames: nn.Tensor, last: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        """The mean context, and how likely each frame is taken [batch, time]; ``last`` is that of the letter before."""
        energies = self.stop(query, frames)
        if self.noise:
            energies = energies + nn.where(nn.train_flag(), self.noise * nn.random_normal(energies.dims), 0.0)
        with nn.Loop(axis=frames.spatial_dim) as over_frames:
            p = over_frames.unstack(nn.sigmoid(energies))
            arrives = over_frames.state.passed + over_frames.unstack(last)
            over_frames.state.passed = (1.0 - p) * arrives
            taken = over_frames.stack(p * arrives)
        windows, soft = self.up_to_each(frames), self.up_to_each(self.soft(query, frames), -1e30)
        contexts = nn.dot(nn.softmax(soft, self.chunk), windows, reduce=self.chunk)  # [batch, time, features]
        return nn.dot(taken, contexts, reduce=frames.spatial_dim), taken

    def up_to_each(self, x: nn.Tensor, before: float = 0.0) -> nn.Tensor:
        """The frames up to each one [batch, time, chunk, ...]: the first half of the window around it."""
        around = nn.unfold(x, 2 * self.chunk - 1, value=before)
        return nn.slice(around, 0, self.chunk, axis=2 * self.chunk - 1)

    def hard(self, query: nn.Tensor, frames: nn.Tensor, time: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        """The context, and the frame that is taken, of those from ``time`` [batch] on."""
        over_frames = nn.Loop()
        over_frames.state.time = time
        with over_frames:
            at_end = over_frames.state.time >= frames.seq_len
            over_frames.end(at_end | (self.stop(query, frames[over_frames.state.time]) > 0.0), include_eos=False)
            over_frames.state.time = over_frames.state.time + 1
        time = over_frames.state.time
        positions = nn.expand(time, [self.chunk]) - nn.range_over(self.chunk)
        window = frames[nn.maximum(positions, 0)]  # [batch, chunk, features]
        energies = nn.where(positions >= 0, self.soft(query, window), -1e30)
        context = nn.dot(nn.softmax(energies, self.chunk), window, reduce=self.chunk)
        return nn.where(time < frames.seq_len, context, 0.0), time


class Recogniser(nn.Module):
    def __init__(self, dim: int = 6, chunk: int = 2, noise: float = 1.0):
        super().__init__()
        self.encoder = nn.Lstm(dim)  # in one direction, so that all of it is online
        self.embedding = nn.Embedding(LETTERS, dim)
        self.cell = nn.LstmCell(dim)
        self.attention = MonotonicAttention(dim, chunk, noise)
        self.readout = nn.Linear(LETTERS)

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
        frames, _ = self.encoder(nn.get_extern_data(SPEECH))
        loop = nn.Loop(max_seq_len=10 if search else None)
        loop.state.letter = nn.constant(0, [nn.batch_dim], sparse_dim=LETTERS)
        loop.state.cell = self.cell.initial_state()
        loop.state.context = nn.zeros([nn.batch_dim, frames.feature_dim])
        if search:
            loop.state.time = nn.zeros([nn.batch_dim], dtype="int32")
        else:
            first = nn.where(nn.range_over(frames.spatial_dim, like=frames) == 0, 1.0, 0.0)
            loop.state.taken = nn.expand(first, [nn.batch_dim])
        with loop:
            last = self.embedding(loop.state.letter)
            h, loop.state.cell = self.cell(nn.concat(last, loop.state.context), loop.state.cell)
            if search:
                loop.state.context, loop.state.time = self.attention.hard(h, frames, loop.state.time)
                loop.state.letter = nn.choice(self.readout([h, loop.state.context]))
                loop.end(loop.state.letter == 0, include_eos=False)
            else:
                loop.state.context, loop.state.taken = self.attention.expected(h, frames, loop.state.taken)
                loop.state.letter = loop.unstack(nn.get_extern_data(TEXT))
                nn.cross_entropy(self.readout([h, loop.state.context]), loop.state.letter).mark_as_loss("ce")
            return loop.stack(loop.state.letter)


def training(**dims: Any) -> nn.Network:
    """Trained on the expectation; with ``chunk=1`` it is monotonic attention, else MoChA."""
    return nn.Network(Recogniser(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """Letters by beam search, each hypothesis with its own frame."""
    return nn.Network(Recogniser(**dims), search=nn.BeamSearch(beam_size))
