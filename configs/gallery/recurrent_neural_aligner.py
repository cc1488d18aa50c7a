"""
Recurrent neural aligner (Sak et al. 2017, https://www.isca-archive.org/interspeech_2017/sak17_interspeech.html): a
letter or blank for each frame.

The decoder runs frame by frame, also over the input's frame; here it remembers letters and no blanks, as in Tripathi et
al. 2019, so that the sum over all alignments is exact: a loop over the frames with an axis over the letters so far as
its state, which is shifted by one where a letter comes. The search is the same loop, with its length from the input.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

FEATURES = nn.Dim(4, "features")
LETTERS = nn.Dim(4, "letters", labels=["a", "b", "c", "d"])
LABELS = LETTERS + 1  # the last one is blank
BLANK = 4
SPEECH = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
TEXT = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=LETTERS)


class Aligner(nn.Module):
    def __init__(self, dim: int = 6):
        super().__init__()
        self.encoder = nn.BidirectionalLstm(dim)
        self.embedding = nn.Embedding(LABELS, dim)
        self.memory = nn.GruCell(dim, dim)
        self.hidden = nn.Linear(dim)
        self.output = nn.Linear(LABELS)

    def scores(self, frame: nn.Tensor, remembered: nn.Tensor) -> nn.Tensor:
        """Log probabilities of letters and blank, given what the letters so far left in memory, with any axes."""
        return nn.log_softmax(self.output(nn.tanh(self.hidden(frame) + remembered)))

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor | None:
        frames = self.encoder(nn.get_extern_data(SPEECH))
        if search:
            return self.decode(frames)
        self.full_sum(frames, nn.get_extern_data(TEXT))
        return None

    def full_sum(self, frames: nn.Tensor, text: nn.Tensor) -> None:
        """The loss, ``-log P(text | frames)``."""
        loop = nn.Loop()
        loop.state.memory = nn.zeros([nn.batch_dim, self.memory.out_dim])
        with loop:
            letter = nn.cast(loop.unstack(text), "int32", sparse_dim=LABELS)
            h, loop.state.memory = self.memory(self.embedding(letter), loop.state.memory)
            letters = loop.stack(h)
        memories = nn.prefix_in_time(letters, 0.0)  # [batch, positions, dim], of 0, 1, ... letters
        positions = memories.spatial_dim
        position = nn.range_over(positions, like=memories)
        loop = nn.Loop()
        loop.state.reached = nn.expand(nn.where(position == 0, 0.0, -1e30), [nn.batch_dim])
        with loop:
            log_probs = self.scores(loop.unstack(frames), memories)  # [batch, positions, labels]
            stays = loop.state.reached + nn.gather(log_probs, BLANK, axis=LABELS)
            moves = loop.state.reached + nn.gather(log_probs, text[position], axis=LABELS)
            moved = nn.where(position == 0, -1e30, moves[position - 1])
            loop.state.reached = nn.logaddexp(stays, moved)
        (-loop.state.reached[-1]).mark_as_loss("full_sum")

    def decode(self, frames: nn.Tensor) -> nn.Tensor:
        """A letter or blank for each frame [batch, time], of each hypothesis."""
        loop = nn.Loop()
        loop.state.memory = nn.zeros([nn.batch_dim, self.memory.out_dim])
        with loop:
            label = nn.choice(self.scores(loop.unstack(frames), loop.state.memory), input_type="log_prob")
            with nn.MaskedComputation(mask=label != BLANK):
                _, loop.state.memory = self.memory(self.embedding(label), loop.state.memory)
            return loop.stack(label)


def training(**dims: Any) -> nn.Network:
    """Trained on letters, without alignments."""
    return nn.Network(Aligner(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """A letter or blank for each frame, by beam search."""
    return nn.Network(Aligner(**dims), search=nn.BeamSearch(beam_size))
