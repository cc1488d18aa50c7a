"""
Tacotron 2 (Shen et al. 2018, https://arxiv.org/abs/1712.05884): frames of speech from letters, one after the other.

There are no labels to choose, so no search is needed: the last frame that was made is a state, which in training is
the right one. A loop that makes frames ends by itself, where the stop token says so. Location-aware attention sees the
sum of its weights so far. Dropout of the pre-net is in training alone here.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

LETTERS = nn.Dim(6, "letters")
MEL = nn.Dim(4, "mel")
TEXT = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=LETTERS)
SPEECH = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), MEL])


class Encoder(nn.Module):
    def __init__(self, dim: nn.Dim, num_convolutions: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(LETTERS, dim)
        self.convolutions = nn.ModuleList(nn.Conv1d(dim, dim, 5) for _ in range(num_convolutions))
        self.norms = nn.ModuleList(nn.BatchNorm(dim) for _ in range(num_convolutions))
        self.lstm, self.dropout = nn.BidirectionalLstm(dim), dropout

    def forward(self, text: nn.Tensor) -> nn.Tensor:
        x = self.embedding(text)
        for convolution, norm in zip(self.convolutions, self.norms):
            x = nn.dropout(nn.relu(norm(convolution(x))), self.dropout)
        return self.lstm(x)


class LocationAttention(nn.Module):
    """The energies see the weights of the last step and their sum, around each position."""

    def __init__(self, dim: nn.Dim, window: int):
        super().__init__()
        self.window = window
        self.query, self.key, self.location = nn.Linear(dim), nn.Linear(dim), nn.Linear(dim)
        self.energy = nn.Linear(1, with_bias=False)

    def forward(self, query: nn.Tensor, frames: nn.Tensor, last: nn.Tensor, so_far: nn.Tensor) -> tuple[nn.Tensor, ...]:
        seen = self.location([nn.unfold(last, self.window), nn.unfold(so_far, self.window)])
        energies = nn.squeeze(self.energy(nn.tanh(self.key(frames) + self.query(query) + seen)), "F")
        weights = nn.softmax_over_spatial(energies)
        return nn.dot(weights, frames, reduce=frames.spatial_dim), weights, so_far + weights


class PostNet(nn.Module):
    """What the convolutions add to all frames, once they are there."""

    def __init__(self, dim: nn.Dim):
        super().__init__()
        self.first, self.norm, self.last = nn.Conv1d(MEL, dim, 5), nn.BatchNorm(dim), nn.Conv1d(dim, MEL, 5)

    def forward(self, frames: nn.Tensor) -> nn.Tensor:
        return frames + self.last(nn.tanh(self.norm(self.first(frames))))


class Tacotron(nn.Module):
    def __init__(self, size: int = 6, window: int = 3, dropout: float = 0.5, max_frames: int = 20):
        super().__init__()
        dim = nn.Dim(size, "hidden")
        self.dropout, self.max_frames = dropout, max_frames
        self.encoder, self.attention = Encoder(dim, 1, dropout), LocationAttention(dim, window)
        self.post_net = PostNet(dim)
        self.pre_net = nn.Linear(MEL, dim)
        self.first, self.second = nn.LstmCell(dim), nn.LstmCell(dim)
        self.frame, self.stop = nn.Linear(MEL), nn.Linear(1)

    def forward(self, trains: bool = True) -> nn.Tensor:
        text = self.encoder(nn.get_extern_data(TEXT))
        speech = nn.get_extern_data(SPEECH) if trains else None
        loop = nn.Loop(max_seq_len=None if trains else self.max_frames)
        loop.state.frame = nn.zeros([nn.batch_dim, MEL])
        loop.state.first, loop.state.second = self.first.initial_state(), self.second.initial_state()
        loop.state.context = nn.zeros([nn.batch_dim, text.feature_dim])
        loop.state.weights = loop.state.so_far = nn.zeros(text.dims[:-1])
        with loop:
            last = nn.dropout(nn.relu(self.pre_net(loop.state.frame)), self.dropout)
            h, loop.state.first = self.first(nn.concat(last, loop.state.context), loop.state.first)
            loop.state.context, loop.state.weights, loop.state.so_far = self.attention(
                h, text, loop.state.weights, loop.state.so_far
            )
            h, loop.state.second = self.second(nn.concat(h, loop.state.context), loop.state.second)
            frame = self.frame([h, loop.state.context])
            stop = nn.squeeze(self.stop([h, loop.state.context]), "F")
            if speech is None:
                loop.state.frame = frame
                loop.end(stop > 0.0, include_eos=True)
            else:
                loop.state.frame = loop.unstack(speech)
                is_last = loop.iter_idx == speech.seq_len - 1
                (-nn.log_sigmoid(nn.where(is_last, stop, -stop))).mark_as_loss("stop")
            frames = loop.stack(frame)
        better = self.post_net(frames)
        if speech is not None:
            nn.mean_squared_error(frames, speech).mark_as_loss("before_post_net")
            nn.mean_squared_error(better, speech).mark_as_loss("after_post_net")
        return better


def training(**dims: Any) -> nn.Network:
    """Trained on texts and their frames."""
    return nn.Network(Tacotron(**dims))


def search(**dims: Any) -> nn.Network:
    """Frames of texts, until the stop token; nothing is searched."""
    return nn.Network(Tacotron(**dims), trains=False)
