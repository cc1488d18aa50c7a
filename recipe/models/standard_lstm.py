"""The LSTM cell of TensorFlow, which RETURNN's units ``standardlstm``, ``lstmblock`` and ``zoneoutlstm`` are."""

from __future__ import annotations

from recipe import nn

from .cell_over_time import CellOverTime


class StandardLstmCell(nn.Module):
    """
    One step of an LSTM with its parameters as TensorFlow has them: ``gates/W`` [in_dim + dim, 4 * dim], for the input
    and then ``h``, and ``gates/b`` [4 * dim], with the gates in the order i, j, f, o. RETURNN's ``StandardLSTM`` is
    this, and, since TensorFlow 2, ``LSTMBlock``; there the parameters are called ``kernel`` and ``bias``.

    With zoneout (Krueger et al. 2017; RETURNN's ``ZoneoutLSTM``) entries of the state keep their value of the step
    before with a given probability in training, and the mean of both is taken otherwise.

    :param dim: of the output and of the state
    :param forget_bias: added to the forget gate
    :param zoneout_cell: how likely an entry of ``c`` keeps its value
    :param zoneout_output: how likely an entry of ``h`` keeps its value
    :param outputs_zoneout: whether the output has zoneout like ``h``; RETURNN's has since behavior version 17
    """

    def __init__(
        self,
        dim: nn.Dim | int,
        *,
        forget_bias: float = 1.0,
        zoneout_cell: float = 0.0,
        zoneout_output: float = 0.0,
        outputs_zoneout: bool = False,
    ):
        super().__init__()
        self.dim = dim
        self.forget_bias = forget_bias
        self.zoneout_cell, self.zoneout_output, self.outputs_zoneout = zoneout_cell, zoneout_output, outputs_zoneout
        self.gates = nn.Linear(4 * dim)

    def forward(self, x: nn.Tensor, state: nn.LstmState) -> tuple[nn.Tensor, nn.LstmState]:
        """
        :param x: [batch, in_dim]
        :param state: of the step before
        :return: the output [batch, dim], and the state
        """
        i, j, f, o = nn.split(self.gates(nn.concat(x, state.h)), size_splits=[self.dim] * 4)
        c = nn.sigmoid(f + self.forget_bias) * state.c + nn.sigmoid(i) * nn.tanh(j)
        output = nn.sigmoid(o) * nn.tanh(c)
        h = zoned_out(output, state.h, self.zoneout_output)
        return h if self.outputs_zoneout else output, nn.LstmState(h, zoned_out(c, state.c, self.zoneout_cell))

    def initial_state(self) -> nn.LstmState:
        """Zeros."""
        return nn.LstmState(nn.zeros([nn.batch_dim, self.dim]), nn.zeros([nn.batch_dim, self.dim]))


class StandardLstm(CellOverTime):
    """
    A :class:`StandardLstmCell` over a sequence, as ``nn.Lstm``.

    :param dim: of the output
    :param direction: 1 forward in time, -1 backward
    :param options: of the cell
    """

    def __init__(self, dim: nn.Dim | int, *, direction: int = 1, **options: float | bool):
        super().__init__(StandardLstmCell(dim, **options), direction=direction)  # type: ignore[arg-type]


def zoned_out(new: nn.Tensor, old: nn.Tensor, rate: float) -> nn.Tensor:
    """Entries that keep their old value with the probability ``rate`` in training; their mean otherwise."""
    if not rate:
        return new
    return (1.0 - rate) * nn.dropout(new - old, rate) + old
