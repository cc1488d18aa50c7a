"""
A variational autoencoder with a recurrent decoder (Bowman et al. 2016, https://arxiv.org/abs/1511.06349): a sentence
from one point of a continuous space.

Random numbers are ops: the point is drawn around what the encoder says, in training alone. The weight of the KL loss
rises with the steps of training, and words that the decoder is fed are dropped, both so that it does not do without
the point. Search writes the sentence of the mean, or of a point that is given.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

WORDS = nn.Dim(7, "words", labels=["<end>", "<unknown>", "a", "b", "c", "d", "e"])
POINT = nn.Dim(3, "point")
TEXT = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=WORDS)  # ends with <end>
GIVEN = nn.ExternData("point", [nn.batch_dim, POINT])


class SentenceAutoencoder(nn.Module):
    """
    :param size: of both GRUs
    :param word_dropout: share of the words that the decoder does not see in training
    :param warm_up: after how many steps of training the KL loss has half of its weight
    """

    def __init__(self, size: int = 5, *, word_dropout: float = 0.3, warm_up: int = 1000):
        super().__init__()
        self.word_dropout, self.warm_up = word_dropout, warm_up
        self.dim = nn.Dim(size, "hidden")
        self.embedding = nn.Embedding(WORDS, self.dim)
        self.encoder = nn.GruCell(self.dim, self.dim)
        self.mean, self.log_variance = nn.Linear(self.dim, POINT), nn.Linear(self.dim, POINT)
        self.first = nn.Linear(POINT, self.dim)
        self.decoder = nn.GruCell(self.dim + POINT, self.dim)
        self.output = nn.Linear(WORDS)

    def encode(self, text: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        """The mean and the logarithm of the variance of the text's point, both [batch, point]."""
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, self.dim])
        with loop:
            _, loop.state.h = self.encoder(self.embedding(loop.unstack(text)), loop.state.h)
        return self.mean(loop.state.h), self.log_variance(loop.state.h)

    def decode(self, point: nn.Tensor, text: nn.Tensor | None) -> nn.Tensor:
        """A loss of the text, or the likeliest one."""
        loop = nn.Loop(max_seq_len=None if text is not None else 8)
        loop.state.h = nn.tanh(self.first(point))
        loop.state.word = nn.constant(0, [nn.batch_dim], sparse_dim=WORDS)
        with loop:
            dropped = (nn.random_uniform([nn.batch_dim]) < self.word_dropout) & nn.train_flag()
            word = self.embedding(nn.where(dropped, 1, loop.state.word))
            h, loop.state.h = self.decoder(nn.concat(word, point), loop.state.h)
            logits = self.output(h)
            target = loop.unstack(text) if text is not None else None
            loop.state.word = nn.choice(logits, target=target)
            if target is None:
                loop.end(loop.state.word == 0, include_eos=False)
                return loop.stack(loop.state.word)
            nn.cross_entropy(logits, target).mark_as_loss("ce")
            return loop.stack(logits)

    def forward(self, search: nn.BeamSearch | None = None, point_given: bool = False) -> nn.Tensor:
        if point_given:
            return self.decode(nn.get_extern_data(GIVEN), None)
        text = nn.get_extern_data(TEXT)
        mean, log_variance = self.encode(text)
        if search:
            return self.decode(mean, None)
        noise = nn.random_normal(mean.dims) * nn.cast(nn.train_flag(), "float32")
        kl = 0.5 * nn.reduce_sum(nn.exp(log_variance) + nn.square(mean) - 1.0 - log_variance)
        weight = nn.sigmoid((nn.cast(nn.train_step(), "float32") - self.warm_up) / (self.warm_up / 4.0))
        (weight * kl).mark_as_loss("kl")
        return self.decode(mean + nn.exp(0.5 * log_variance) * noise, text)


def training(**dims: Any) -> nn.Network:
    """Trained on sentences."""
    return nn.Network(SentenceAutoencoder(**dims))


def search(beam_size: int = 3, *, point_given: bool = False, **dims: Any) -> nn.Network:
    """The sentence of a sentence's mean, or of a point that is an input."""
    return nn.Network(SentenceAutoencoder(**dims), search=nn.BeamSearch(beam_size), point_given=point_given)
