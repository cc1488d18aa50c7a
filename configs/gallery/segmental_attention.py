"""
Segmental attention: each letter is a segment of the frames, and attends to the frames of its segment alone (Zeyer et
al. 2022, https://arxiv.org/abs/2210.14742; segmental models with a sum over segmentations: Kong et al. 2016,
https://arxiv.org/abs/1511.06018).

Training sums over all segmentations: a loop over the letters whose state is how likely a segment begins at each frame.
The contexts of all segments [batch, time, lengths, features] come from windows of the frames, and an inner loop over
the lengths brings each segment's probability from its first to its last frame. The search has two choices in a step:
how long the segment is, and then its letter.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

FEATURES = nn.Dim(4, "features")
LETTERS = nn.Dim(4, "letters", labels=["a", "b", "c", "d"])
SPEECH = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
TEXT = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=LETTERS)


class Segmental(nn.Module):
    def __init__(self, dim: int = 6, longest: int = 4):
        super().__init__()
        self.lengths = nn.Dim(longest, "lengths")  # label 0 is a segment of one frame
        self.window = nn.Dim(longest, "window")  # the frames of a segment
        self.encoder = nn.BidirectionalLstm(dim)
        self.length = nn.Linear(self.lengths)
        self.embedding = nn.Embedding(LETTERS + 1, dim)  # the last one is the start
        self.cell = nn.GruCell(dim, dim)
        self.key, self.energy = nn.Linear(dim), nn.Linear(1)
        self.hidden, self.output = nn.Linear(dim), nn.Linear(LETTERS)

    def length_scores(self, frame: nn.Tensor, frames_left: nn.Tensor) -> nn.Tensor:
        """Log probabilities of the lengths of the segment that begins with a frame, of those that fit."""
        fits = nn.range_over(self.lengths) < nn.expand(frames_left, [self.lengths])
        return nn.log_softmax(nn.where(fits, self.length(frame), -1e30))

    def letter_scores(self, h: nn.Tensor, windows: nn.Tensor, last: nn.Tensor) -> nn.Tensor:
        """Log probabilities of the letter of a segment: the frames of a window [..., window, features] up to one."""
        energies = nn.squeeze(self.energy(nn.tanh(self.key(windows) + h)), "F")
        seen = nn.range_over(self.window) <= nn.expand(last, [self.window])
        energies = nn.where(seen, nn.expand(energies, [dim for dim in last.dims if dim not in energies.dims]), -1e30)
        contexts = nn.dot(nn.softmax(energies, self.window), windows, reduce=self.window)
        return nn.log_softmax(self.output(nn.tanh(self.hidden(contexts) + h)))

    def forward(self, search: nn.BeamSearch | None = None) -> dict[str, nn.Tensor] | None:
        frames = self.encoder(nn.get_extern_data(SPEECH))
        if search:
            return self.decode(frames)
        self.full_sum(frames, nn.get_extern_data(TEXT))
        return None

    def full_sum(self, frames: nn.Tensor, text: nn.Tensor) -> None:
        """The loss, ``-log P(text | frames)``."""
        position = nn.range_over(frames.spatial_dim, like=frames)
        lengths = self.length_scores(frames, frames.seq_len - nn.expand(position, [nn.batch_dim]))
        around = nn.unfold(frames, 2 * self.window - 1)
        windows = nn.slice(around, self.window.size - 1, self.window, axis=2 * self.window - 1)
        loop = nn.Loop()
        loop.state.letter = nn.constant(LETTERS.size, [nn.batch_dim], sparse_dim=LETTERS + 1)
        loop.state.h = nn.zeros([nn.batch_dim, self.cell.out_dim])
        loop.state.begins = nn.expand(nn.where(position == 0, 0.0, -1e30), [nn.batch_dim])
        loop.state.ends = nn.zeros([nn.batch_dim, frames.spatial_dim])
        with loop:
            h, loop.state.h = self.cell(self.embedding(loop.state.letter), loop.state.h)
            letter = loop.unstack(text)
            scores = nn.gather(self.letter_scores(h, windows, nn.range_over(self.lengths)), letter, axis=LETTERS)
            segments = lengths + scores + loop.state.begins  # [batch, time, lengths]
            by_length = nn.Loop()
            by_length.state.ends = nn.constant(-1e30, [nn.batch_dim, frames.spatial_dim])
            with by_length:
                begin = position - by_length.iter_idx
                of_length = by_length.unstack(segments, axis=self.lengths)  # [batch, time]
                ends = nn.where(begin >= 0, of_length[nn.maximum(begin, 0)], -1e30)
                by_length.state.ends = nn.logaddexp(by_length.state.ends, ends)
            loop.state.ends = by_length.state.ends
            loop.state.begins = nn.where(position == 0, -1e30, loop.state.ends[position - 1])
            loop.state.letter = nn.cast(letter, "int32", sparse_dim=LETTERS + 1)
        (-loop.state.ends[-1]).mark_as_loss("full_sum")

    def decode(self, frames: nn.Tensor) -> dict[str, nn.Tensor]:
        """Letters and lengths [batch, steps], of each hypothesis."""
        loop = nn.Loop(max_seq_len=nn.reduce_max(frames.seq_len, nn.batch_dim))
        loop.state.letter = nn.constant(LETTERS.size, [nn.batch_dim], sparse_dim=LETTERS + 1)
        loop.state.h = nn.zeros([nn.batch_dim, self.cell.out_dim])
        loop.state.time = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            time = loop.state.time
            length = nn.choice(self.length_scores(frames[time], frames.seq_len - time), input_type="log_prob")
            h, loop.state.h = self.cell(self.embedding(loop.state.letter), loop.state.h)
            window = frames[nn.expand(time, [self.window]) + nn.range_over(self.window)]
            last = nn.cast(length, "int32")
            letter = nn.choice(self.letter_scores(h, window, last), input_type="log_prob")
            loop.state.letter = nn.cast(letter, "int32", sparse_dim=LETTERS + 1)
            loop.state.time = time + last + 1
            loop.end(loop.state.time >= frames.seq_len, include_eos=True)
            return {"letters": loop.stack(letter), "lengths": loop.stack(last + 1)}


def training(**dims: Any) -> nn.Network:
    """Trained on letters, without segmentations."""
    return nn.Network(Segmental(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """Letters and lengths of their segments, by beam search."""
    return nn.Network(Segmental(**dims), search=nn.BeamSearch(beam_size, length_normalization=0.0))
