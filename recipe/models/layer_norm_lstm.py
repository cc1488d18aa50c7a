"""LSTMs with layer normalization: RETURNN's unit ``LayerNormVariantsLSTM``."""

from __future__ import annotations

from recipe import nn

from .cell_over_time import CellOverTime


class LayerNormLstmCell(nn.Module):
    """
    One step of an LSTM with layer normalization (Ba et al. 2016). Its sums are
    ``i, j, f, o = W_ff x + W_re h``, and then ``c = sigmoid(f) c + sigmoid(i) tanh(j)``, ``h = sigmoid(o) tanh(c)``.

    RETURNN calls its parameters ``W_ff``, ``W_re``, ``gamma_...`` and ``beta_...``.

    :param dim: of the output and of the state
    :param of_sums: which sums are normalized: "parts" (those of the input and those of ``h``, each alone), "joined"
        (all at once), "gates" (those of each gate) or "none"
    :param of_cell: whether the state ``c`` is normalized
    :param in_output: whether the output is made of the normalized ``c``
    :param of_output: whether ``h`` is normalized
    """

    def __init__(
        self,
        dim: nn.Dim | int,
        *,
        of_sums: str = "parts",
        of_cell: bool = True,
        in_output: bool = True,
        of_output: bool = False,
    ):
        super().__init__()
        self.dim, self.in_output = dim, in_output
        self.ff = nn.Linear(4 * dim, with_bias=of_sums == "none")
        self.re = nn.Linear(4 * dim, with_bias=False)
        if of_sums == "parts":
            self.input_below = Normalization(4 * dim)
            self.state_below = Normalization(4 * dim, with_beta=False)
        if of_sums == "joined":
            self.lstm_in = Normalization(4 * dim)
        if of_sums == "gates":
            self.i_gate, self.j_gate = Normalization(dim), Normalization(dim)
            self.f_gate, self.o_gate = Normalization(dim), Normalization(dim)
        self.new_c = Normalization(dim) if of_cell else None
        self.new_h = Normalization(dim) if of_output else None
        self.of_sums = of_sums

    def forward(self, x: nn.Tensor, state: nn.LstmState) -> tuple[nn.Tensor, nn.LstmState]:
        """
        :param x: [batch, in_dim]
        :param state: of the step before
        :return: the output [batch, dim], and the state
        """
        below, before = self.ff(x), self.re(state.h)
        if self.of_sums == "parts":
            below, before = self.input_below(below), self.state_below(before)
        sums = below + before
        if self.of_sums == "joined":
            sums = self.lstm_in(sums)
        i, j, f, o = nn.split(sums, size_splits=[self.dim] * 4)
        if self.of_sums == "gates":
            i, j, f, o = self.i_gate(i), self.j_gate(j), self.f_gate(f), self.o_gate(o)
        c = nn.sigmoid(f) * state.c + nn.sigmoid(i) * nn.tanh(j)
        normalized = self.new_c(c) if self.new_c is not None else c
        h = nn.sigmoid(o) * nn.tanh(normalized if self.in_output else c)
        h = self.new_h(h) if self.new_h is not None else h
        return h, nn.LstmState(h, normalized)

    def initial_state(self) -> nn.LstmState:
        """Zeros."""
        return nn.LstmState(nn.zeros([nn.batch_dim, self.dim]), nn.zeros([nn.batch_dim, self.dim]))


class LayerNormLstm(CellOverTime):
    """
    A :class:`LayerNormLstmCell` over a sequence, as ``nn.Lstm``.

    :param dim: of the output
    :param direction: 1 forward in time, -1 backward
    :param options: of the cell
    """

    def __init__(self, dim: nn.Dim | int, *, direction: int = 1, **options: str | bool):
        super().__init__(LayerNormLstmCell(dim, **options), direction=direction)  # type: ignore[arg-type]


class Normalization(nn.Module):
    """
    ``gamma * (x - mean) / sqrt(variance + 1e-12) + beta`` over the features.

    :param dim: of the features
    :param with_beta: whether ``beta`` is added
    """

    def __init__(self, dim: nn.Dim | int, *, with_beta: bool = True):
        super().__init__()
        self.gamma = nn.Parameter([dim], initial=1.0)
        self.beta = nn.Parameter([dim], initial=0.0) if with_beta else None

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """
        :param x: [..., dim]
        :return: the same dims
        """
        centered = x - nn.reduce_mean(x)
        y = centered * nn.rsqrt(nn.reduce_mean(centered * centered) + 1e-12) * self.gamma
        return y if self.beta is None else y + self.beta
