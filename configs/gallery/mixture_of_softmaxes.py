"""
A language model with a mixture of softmaxes (Yang et al. 2018, https://arxiv.org/abs/1711.03953), with GRUs, and with
the embedding's vectors as the output's weights (Press and Wolf 2017, https://arxiv.org/abs/1608.05859).

The mixture is a sum of probabilities, here of logarithms. Dropout is that of Gal and Ghahramani 2016 as Merity et al.
2018 have it: one mask for all words of a text is a value from before the loop; and so are their two regularisers of
what the last GRU gives, and of how much it changes from word to word.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

WORDS = nn.Dim(7, "words", labels=["<end>", "a", "b", "c", "d", "e", "f"])
TEXT = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=WORDS)  # ends with <end>
BEGIN = nn.ExternData("begin", [nn.batch_dim], sparse_dim=WORDS)  # for search: the first word


class MixtureOfSoftmaxes(nn.Module):
    """Log probabilities by several softmaxes over the same vectors of the words."""

    def __init__(self, in_dim: nn.Dim, embedding: nn.Embedding, embedding_dim: nn.Dim, softmaxes: int):
        super().__init__()
        self.softmaxes, self.embedding, self.embedding_dim = nn.Dim(softmaxes, "softmaxes"), embedding, embedding_dim
        self.weights = nn.Linear(in_dim, self.softmaxes)
        self.contexts = nn.Linear(in_dim, self.softmaxes * embedding_dim)
        self.bias = nn.Parameter([WORDS], initial=0.0)

    def forward(self, h: nn.Tensor) -> nn.Tensor:
        """:return: log probabilities [..., words]"""
        contexts = nn.split_dims(nn.tanh(self.contexts(h)), [self.softmaxes, self.embedding_dim])
        logits = nn.dot(contexts, self.embedding.W) + self.bias  # [..., softmaxes, words]
        together = nn.log_softmax(self.weights(h)) + nn.log_softmax(logits)
        return nn.reduce_logsumexp(together, self.softmaxes)


class LanguageModel(nn.Module):
    def __init__(
        self, size: int = 5, embedding_size: int = 4, *, layers: int = 2, softmaxes: int = 3, dropout: float = 0.3
    ):
        super().__init__()
        self.dim, self.embedding_dim, self.rate = nn.Dim(size, "gru"), nn.Dim(embedding_size, "embedding"), dropout
        self.embedding = nn.Embedding(WORDS, self.embedding_dim)
        self.in_dims = [self.embedding_dim] + [self.dim] * (layers - 1)
        self.layers = nn.ModuleList(nn.GruCell(in_dim, self.dim) for in_dim in self.in_dims)
        self.output = MixtureOfSoftmaxes(self.dim, self.embedding, self.embedding_dim, softmaxes)

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
        masks = [nn.dropout(nn.ones([nn.batch_dim, dim]), self.rate) for dim in self.in_dims]
        loop = nn.Loop(max_seq_len=8 if search else None)
        loop.state.layers = [nn.zeros([nn.batch_dim, self.dim]) for _ in self.layers]
        loop.state.word = nn.get_extern_data(BEGIN) if search else nn.constant(0, [nn.batch_dim], sparse_dim=WORDS)
        with loop:
            before, states = loop.state.layers, []
            h = self.embedding(loop.state.word)
            for layer, mask, state in zip(self.layers, masks, before):
                h, state = layer(h * mask, state)
                states.append(state)
            loop.state.layers = states
            log_probs = self.output(h)
            target = None if search else loop.unstack(nn.get_extern_data(TEXT))
            loop.state.word = nn.choice(log_probs, target=target, input_type="log_prob")
            if target is None:
                loop.end(loop.state.word == 0, include_eos=False)
                return loop.stack(loop.state.word)
            nn.cross_entropy(log_probs, target, input_type="log_prob").mark_as_loss("ce")
            nn.reduce_sum(nn.square(h)).mark_as_loss("activation", scale=0.01)
            nn.reduce_sum(nn.square(h - before[-1])).mark_as_loss("change", scale=0.01)
            return loop.stack(log_probs)


def training(**dims: Any) -> nn.Network:
    """Trained on texts."""
    return nn.Network(LanguageModel(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """The likeliest texts after a first word."""
    return nn.Network(LanguageModel(**dims), search=nn.BeamSearch(beam_size))
