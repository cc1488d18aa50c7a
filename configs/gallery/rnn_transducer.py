"""
RNN transducer (Graves 2012, https://arxiv.org/abs/1211.3711), trained on the sum over all alignments.

The sum is a loop over the frames whose state is a whole axis: how likely it is to have ``u`` letters when the frame
comes. Within a frame, letters are added by a cumulative sum over that axis, so there is no inner loop, and the joint
network [batch, letters + 1, labels] is computed frame by frame. The search is a loop over labels: blank goes on to the
next frame, a letter stays at it and is what the prediction network, under a mask, goes on with.
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


class Transducer(nn.Module):
    def __init__(self, dim: int = 6, max_labels_per_frame: int = 3):
        super().__init__()
        self.max_labels_per_frame = max_labels_per_frame
        self.encoder = nn.BidirectionalLstm(dim)
        self.embedding = nn.Embedding(LABELS, dim)  # blank stands for the start of the text
        self.prediction = nn.LstmCell(dim, dim)
        self.of_frame, self.of_text = nn.Linear(dim), nn.Linear(dim)
        self.output = nn.Linear(LABELS)

    def joint(self, frame: nn.Tensor, text: nn.Tensor) -> nn.Tensor:
        """Log probabilities of letters and blank; ``text`` is the prediction network's output, with any axes."""
        return nn.log_softmax(self.output(nn.tanh(self.of_frame(frame) + self.of_text(text))))

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor | None:
        frames = self.encoder(nn.get_extern_data(SPEECH))
        if search:
            return self.decode(frames)
        self.full_sum(frames, nn.get_extern_data(TEXT))
        return None

    def full_sum(self, frames: nn.Tensor, text: nn.Tensor) -> None:
        """The loss, ``-log P(text | frames)``."""
        loop = nn.Loop()
        loop.state.cell = self.prediction.initial_state()
        with loop:
            label = loop.unstack(nn.prefix_in_time(nn.cast(text, "int32", sparse_dim=LABELS), BLANK))
            h, loop.state.cell = self.prediction(self.embedding(label), loop.state.cell)
            predicted = loop.stack(h)  # [batch, positions, dim], of 0, 1, ... letters
        positions = predicted.spatial_dim
        position = nn.range_over(positions, like=predicted)
        next_letter = text[position]  # [batch, positions]; of the last position any
        loop = nn.Loop()
        loop.state.arrived = nn.expand(nn.where(position == 0, 0.0, -1e30), [nn.batch_dim])
        with loop:
            log_probs = self.joint(loop.unstack(frames), predicted)  # [batch, positions, labels]
            blank = nn.gather(log_probs, BLANK, axis=LABELS)
            letter = nn.gather(log_probs, next_letter, axis=LABELS)
            so_far = nn.cum_sum(letter, axis=positions) - letter  # of the letters before each position
            reached = so_far + nn.cum_log_sum_exp(loop.state.arrived - so_far, axis=positions)
            loop.state.arrived = reached + blank
        (-loop.state.arrived[-1]).mark_as_loss("full_sum")

    def decode(self, frames: nn.Tensor) -> nn.Tensor:
        """Labels with blanks [batch, steps], of each hypothesis."""
        loop = nn.Loop(max_seq_len=self.max_labels_per_frame * nn.reduce_max(frames.seq_len, nn.batch_dim))
        loop.state.label = nn.constant(BLANK, [nn.batch_dim], sparse_dim=LABELS)
        loop.state.time = nn.zeros([nn.batch_dim], dtype="int32")
        loop.state.cell = self.prediction.initial_state()
        with loop:
            with nn.MaskedComputation(mask=(loop.state.label != BLANK) | (loop.iter_idx == 0)):
                predicted, loop.state.cell = self.prediction(self.embedding(loop.state.label), loop.state.cell)
            log_probs = self.joint(frames[loop.state.time], predicted)
            loop.state.label = nn.choice(log_probs, input_type="log_prob")
            loop.state.time = loop.state.time + nn.cast(loop.state.label == BLANK, "int32")
            loop.end(loop.state.time >= frames.seq_len, include_eos=True)
            return loop.stack(loop.state.label)


def training(**dims: Any) -> nn.Network:
    """Trained on letters, without alignments."""
    return nn.Network(Transducer(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """Letters and blanks by beam search; scores are not divided by lengths."""
    return nn.Network(Transducer(**dims), search=nn.BeamSearch(beam_size, length_normalization=0.0))
