"""
A tree from a sequence, by a decoder with a stack (stack LSTM of Dyer et al. 2015, https://arxiv.org/abs/1505.08075;
trees by opening and closing nodes as in Dyer et al. 2016, https://arxiv.org/abs/1602.07776).

The stack is a linked list: each step pushes one entry, its state and the position of the entry below it. All entries
so far are a history (``nn.cum_concat``), so the one below is taken by its position. Opening a node pushes an entry
onto the top; closing one puts what the node was into the one below, which takes the place of both. Each hypothesis of
a search has a stack of its own.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

WORDS = nn.Dim(6, "words")
ACTIONS = nn.Dim(5, "actions", labels=[")", "(S", "(NP", "(VP", "(W"])
SENTENCE = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=WORDS)
TREE = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "tree")], sparse_dim=ACTIONS)  # ends with a ")" too many


class StackDecoder(nn.Module):
    def __init__(self, size: int = 4):
        super().__init__()
        self.dim = nn.Dim(size, "hidden")
        self.encoder = nn.BidirectionalLstm(self.dim, self.dim)
        self.word_embedding, self.embedding = nn.Embedding(WORDS, self.dim), nn.Embedding(ACTIONS, self.dim)
        self.attention = nn.AdditiveAttention(self.dim, self.encoder.out_dim, 5)
        self.cell = nn.LstmCell(self.dim, self.dim)
        self.output = nn.Linear(ACTIONS)

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
        encoder = self.encoder(self.word_embedding(nn.get_extern_data(SENTENCE)))
        loop = nn.Loop(max_seq_len=12 if search else None)
        loop.state.top = self.cell.initial_state()  # the cell's state of the entry on the top
        loop.state.below = nn.constant(0, [nn.batch_dim])  # the position of the entry below it
        loop.state.depth = nn.constant(0, [nn.batch_dim])
        with loop:
            top = loop.state.top
            entries_h, entries_c = nn.cum_concat(top.h), nn.cum_concat(top.c)
            below = nn.cum_concat(loop.state.below)
            logits = self.output([top.h, self.attention(top.h, encoder)])
            action = nn.choice(logits, target=None if search else loop.unstack(nn.get_extern_data(TREE)))
            closes = action == 0
            if search:
                loop.end(closes & (loop.state.depth == 0), include_eos=False)
            else:
                nn.cross_entropy(logits, action).mark_as_loss("ce")
            parent = nn.LstmState(nn.gather(entries_h, loop.state.below), nn.gather(entries_c, loop.state.below))
            under = nn.where(closes, parent, top)
            _, loop.state.top = self.cell(nn.where(closes, top.h, self.embedding(action)), under)
            loop.state.below = nn.where(closes, nn.gather(below, loop.state.below), loop.iter_idx)
            loop.state.depth = loop.state.depth + nn.where(closes, -1, 1)
            return loop.stack(action)


def training(**dims: Any) -> nn.Network:
    """Trained on sentences and their trees."""
    return nn.Network(StackDecoder(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """Trees by beam search."""
    return nn.Network(StackDecoder(**dims), search=nn.BeamSearch(beam_size))
