"""A cell of an LSTM over a sequence."""

from __future__ import annotations

from typing import Protocol

from recipe import nn


class LstmCellLike(Protocol):
    """A module that makes a step."""

    def __call__(self, x: nn.Tensor, state: nn.LstmState) -> tuple[nn.Tensor, nn.LstmState]:
        """The output of a step, and the state after it."""

    def initial_state(self) -> nn.LstmState:
        """What it starts from."""


class CellOverTime(nn.Module):
    """
    A cell over a sequence, as ``nn.Lstm``.

    :param cell: makes a step
    :param direction: 1 forward in time, -1 backward
    """

    def __init__(self, cell: LstmCellLike, *, direction: int = 1):
        super().__init__()
        self.direction = direction
        self.cell = cell

    def forward(self, x: nn.Tensor, state: nn.LstmState | None = None) -> tuple[nn.Tensor, nn.LstmState]:
        """
        :param x: [batch, time, in_dim]
        :param state: what it starts from; default: that of the cell
        :return: [batch, time, dim], and the state after the last step
        """
        loop = nn.Loop()
        loop.state.lstm = self.cell.initial_state() if state is None else state
        frames = nn.reverse(x) if self.direction == -1 else x
        with loop:
            y, loop.state.lstm = self.cell(loop.unstack(frames), loop.state.lstm)
            ys, last = loop.stack(y), nn.LstmState(*(loop.last(part) for part in loop.state.lstm))
        return nn.reverse(ys) if self.direction == -1 else ys, last
