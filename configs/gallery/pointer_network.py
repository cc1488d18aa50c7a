"""
Pointer network (Vinyals et al. 2015, https://arxiv.org/abs/1506.03134): each step points at a position of the input.

The scores are an attention over the input, whose length is another one for each sequence. A beam needs labels of a
fixed number: positions up to ``longest``, of which a sequence has those that are there; the others have no
probability, nor have those that were pointed at before. Each position comes once, so there are as many steps as there
are points.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

COORDINATES = nn.Dim(2, "coordinates")
LONGEST = 10
POSITIONS = nn.Dim(LONGEST, "positions")
NUMBER = nn.Dim(None, "points")
POINTS = nn.ExternData("data", [nn.batch_dim, NUMBER, COORDINATES])
ORDER = nn.ExternData("classes", [nn.batch_dim, NUMBER], sparse_dim=POSITIONS)  # such as the shortest tour


class PointerNetwork(nn.Module):
    def __init__(self, dim: int = 6):
        super().__init__()
        self.encoder = nn.BidirectionalLstm(dim)
        self.cell = nn.LstmCell(dim)
        self.query, self.key = nn.Linear(dim, with_bias=False), nn.Linear(dim)
        self.energy = nn.Linear(1, with_bias=False)

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
        points = self.encoder(nn.get_extern_data(POINTS))
        keys = self.key(points)[nn.range_over(POSITIONS)]  # [batch, positions, dim]; the last one again beyond the end
        is_there = nn.range_over(POSITIONS) < nn.expand(points.seq_len, [POSITIONS])
        loop = nn.Loop(axis=NUMBER)
        loop.state.cell = self.cell.initial_state()
        loop.state.point = nn.zeros([nn.batch_dim, points.feature_dim])
        loop.state.free = is_there
        with loop:
            h, loop.state.cell = self.cell(loop.state.point, loop.state.cell)
            energies = nn.squeeze(self.energy(nn.tanh(keys + self.query(h))), "F")  # [batch, positions]
            log_probs = nn.log_softmax(nn.where(loop.state.free, energies, -1e30))
            target = None if search else loop.unstack(nn.get_extern_data(ORDER))
            position = nn.choice(log_probs, target=target, input_type="log_prob")
            if target is not None:
                nn.cross_entropy(log_probs, target).mark_as_loss("ce")
            loop.state.free = loop.state.free & ~nn.one_hot(position, dtype="bool")
            loop.state.point = points[position]
            return loop.stack(position)


def training(**dims: Any) -> nn.Network:
    """Trained on orders of points."""
    return nn.Network(PointerNetwork(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """The order of the points by beam search."""
    return nn.Network(PointerNetwork(**dims), search=nn.BeamSearch(beam_size))
