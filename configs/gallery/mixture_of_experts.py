"""
Sparsely gated mixture of experts (Shazeer et al. 2017, https://arxiv.org/abs/1701.06538) between two GRUs of a
language model: each word goes through the few of many networks that a gate chooses for it.

The gate is the softmax of the greatest scores, which have noise in training; two losses keep all experts busy. The
experts' parameters have an axis over the experts, so all of them are two products. The model is one step with a
state: training runs it over a text, search over what it writes.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

WORDS = nn.Dim(7, "words", labels=["<end>", "a", "b", "c", "d", "e", "f"])
TEXT = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=WORDS)  # ends with <end>
BEGIN = nn.ExternData("begin", [nn.batch_dim], sparse_dim=WORDS)  # for search: the first word


class MixtureOfExperts(nn.Module):
    def __init__(self, in_dim: nn.Dim, *, experts: int, chosen: int, hidden: int):
        super().__init__()
        self.experts, self.chosen = nn.Dim(experts, "experts"), nn.Dim(chosen, "chosen")
        self.in_dim, hidden_dim = in_dim, nn.Dim(hidden, "expert_hidden")
        self.gate, self.noise = nn.Linear(in_dim, self.experts), nn.Linear(in_dim, self.experts)
        self.first = nn.Parameter([self.experts, in_dim, hidden_dim])
        self.second = nn.Parameter([self.experts, hidden_dim, in_dim])

    def forward(self, x: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor, nn.Tensor]:
        """:return: the mean of the chosen experts, like x; the gates and how likely each is chosen, [..., experts]"""
        clean, deviation = self.gate(x), nn.softplus(self.noise(x)) + 1e-2
        noise = nn.random_normal(clean.dims) * nn.cast(nn.train_flag(), "float32")
        noisy = clean + noise * deviation
        scores, positions = nn.top_k(noisy, self.chosen)
        places = nn.one_hot(positions)  # [..., chosen, experts]
        gates = nn.dot(nn.softmax(scores), places, reduce=self.chosen)
        # the score that an expert must exceed to be chosen, if the noise of its own were drawn again
        more, _ = nn.top_k(noisy, self.chosen + 1)
        last_in, first_out = (nn.gather(more, n, axis="F") for n in (self.chosen.size - 1, self.chosen.size))
        is_in = nn.reduce_sum(places, self.chosen) > 0.0
        wanted = nn.where(is_in, first_out, last_in)
        load = 0.5 + 0.5 * nn.erf((clean - wanted) / deviation / 2.0**0.5)
        outputs = nn.dot(nn.relu(nn.dot(x, self.first)), self.second)  # [..., experts, in_dim]
        return nn.dot(gates, outputs, reduce=self.experts), gates, load


def spread(x: nn.Tensor) -> nn.Tensor:
    """The squared coefficient of variation of the sums over all words: 0 if all experts get as much."""
    sums = nn.reduce_sum(x, [nn.batch_dim, x.spatial_dim])  # [experts]
    mean = nn.reduce_mean(sums)
    return nn.reduce_mean(nn.square(sums - mean)) / (nn.square(mean) + 1e-6)


class LanguageModel(nn.Module):
    def __init__(self, size: int = 4, *, experts: int = 5, chosen: int = 2, hidden: int = 6):
        super().__init__()
        self.dim = nn.Dim(size, "model")
        self.embedding = nn.Embedding(WORDS, self.dim)
        self.before, self.after = nn.GruCell(self.dim, self.dim), nn.GruCell(self.dim, self.dim)
        self.mixture = MixtureOfExperts(self.dim, experts=experts, chosen=chosen, hidden=hidden)
        self.output = nn.Linear(WORDS)

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor | dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=8 if search else None)
        loop.state.before = loop.state.after = nn.zeros([nn.batch_dim, self.dim])
        loop.state.word = nn.get_extern_data(BEGIN) if search else nn.constant(0, [nn.batch_dim], sparse_dim=WORDS)
        with loop:
            h, loop.state.before = self.before(self.embedding(loop.state.word), loop.state.before)
            mixed, gates, load = self.mixture(h)
            h, loop.state.after = self.after(h + nn.sigmoid(mixed), loop.state.after)
            logits = self.output(h)
            target = None if search else loop.unstack(nn.get_extern_data(TEXT))
            loop.state.word = nn.choice(logits, target=target)
            if target is None:
                loop.end(loop.state.word == 0, include_eos=False)
                return loop.stack(loop.state.word)
            nn.cross_entropy(logits, target).mark_as_loss("ce")
            all_gates, loads = loop.stack(gates), loop.stack(load)
        spread(all_gates).mark_as_loss("gates_spread", scale=0.1)
        spread(loads).mark_as_loss("load_spread", scale=0.1)
        return {"gates": all_gates, "load": loads}


def training(**dims: Any) -> nn.Network:
    """Trained on texts; gives the gates and how likely each expert is chosen, [batch, text, experts]."""
    return nn.Network(LanguageModel(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """The likeliest texts after a first word."""
    return nn.Network(LanguageModel(**dims), search=nn.BeamSearch(beam_size))
