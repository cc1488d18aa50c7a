"""An LSTM whose recurrent weights have dropout: RETURNN's NativeLstm2 with ``rec_weight_dropout``."""

from __future__ import annotations

from recipe import nn


class WeightDropLstmCell(nn.Module):
    """
    One step of an LSTM as ``nn.LstmCell``, with dropout of the recurrent weights (Merity et al. 2018), other entries in
    each step. Its parameters ``from_input/W``, ``from_input/b`` and ``W_re`` are RETURNN's ``W``, ``b`` and ``W_re``.

    :param dim: of the output and of the state
    :param dropout: of the recurrent weights
    """

    def __init__(self, dim: nn.Dim | int, *, dropout: float):
        super().__init__()
        self.dim = nn.Dim(dim, "lstm") if isinstance(dim, int) else dim
        self.dropout = dropout
        self.from_input = nn.Linear(4 * self.dim)
        self.W_re = nn.Parameter([self.dim, 4 * self.dim])

    def forward(
        self, x: nn.Tensor, state: nn.LstmState, *, weights: nn.Tensor | None = None
    ) -> tuple[nn.Tensor, nn.LstmState]:
        """
        :param x: [batch, in_dim]
        :param state: of the step before
        :param weights: the recurrent ones with dropout already; default: with that of this step
        :return: h [batch, dim], and the state
        """
        weights = self.dropped_weights() if weights is None else weights
        gates = self.from_input(x) + nn.dot(state.h, weights, reduce=self.dim)
        new, i, f, o = nn.split(gates, size_splits=[self.dim] * 4)
        c = nn.sigmoid(f) * state.c + nn.sigmoid(i) * nn.tanh(new)
        h = nn.sigmoid(o) * nn.tanh(c)
        return h, nn.LstmState(h, c)

    def dropped_weights(self) -> nn.Tensor:
        """The recurrent weights with dropout: [dim, 4 * dim]."""
        return nn.dropout(nn.expand(self.W_re, []), self.dropout)

    def initial_state(self) -> nn.LstmState:
        """Zeros."""
        return nn.LstmState(nn.zeros([nn.batch_dim, self.dim]), nn.zeros([nn.batch_dim, self.dim]))


class WeightDropLstm(nn.Module):
    """
    A :class:`WeightDropLstmCell` over a sequence, as ``nn.Lstm``: the same weights are dropped in all steps.

    :param dim: of the output
    :param dropout: of the recurrent weights
    :param direction: 1 forward in time, -1 backward
    """

    def __init__(self, dim: nn.Dim | int, *, dropout: float, direction: int = 1):
        super().__init__()
        self.direction = direction
        self.cell = WeightDropLstmCell(dim, dropout=dropout)

    def forward(self, x: nn.Tensor, state: nn.LstmState | None = None) -> tuple[nn.Tensor, nn.LstmState]:
        """
        :param x: [batch, time, in_dim]
        :param state: what it starts from; default: zeros
        :return: [batch, time, dim], and the state after the last step
        """
        weights = self.cell.dropped_weights()
        loop = nn.Loop()
        loop.state.lstm = self.cell.initial_state() if state is None else state
        frames = nn.reverse(x) if self.direction == -1 else x
        with loop:
            y, loop.state.lstm = self.cell(loop.unstack(frames), loop.state.lstm, weights=weights)
            ys, last = loop.stack(y), nn.LstmState(*(loop.last(part) for part in loop.state.lstm))
        return nn.reverse(ys) if self.direction == -1 else ys, last
