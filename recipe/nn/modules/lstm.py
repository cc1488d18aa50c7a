"""LSTM: over a whole sequence, and one step of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..language.calling import warn_that_state_starts_anew
from ..language.module import Module
from ..language.state import State
from ..language.state_argument import state_argument
from ..ops.as_tensor import as_tensor
from ..ops.constants import constant_value, zeros
from ..ops.lstm import LstmCellOp, LstmSequence, LstmState
from ..plain.dim import Dim, DimLike, batch_dim
from ..plain.errors import NetworkError
from ..plain.structure import structure_text
from ..record.graph import Tensor
from ..record.parameter import Parameter
from ..record.recording import current_recording
from .bidirectional import Bidirectional
from .linear import check_in_dim
from .recurrence import axis_of_sequence, check_direction, in_and_out_dim


class Lstm(Module):
    """
    LSTM over a sequence: ``y, state = lstm(x)``, from [batch, time, in_dim] to [batch, time, out_dim].

    :param dims: ``Lstm(out_dim)`` or ``Lstm(in_dim, out_dim)``
    :param direction: 1 forward in time, -1 backward
    """

    def __init__(self, *dims: DimLike, direction: int = 1):
        super().__init__()
        self.direction = check_direction(direction, "; see nn.BidirectionalLstm")
        self._in_dim, self.out_dim = in_and_out_dim(type(self).__name__, dims)
        self.W: Parameter | None = None
        self.W_re: Parameter | None = None
        self.b: Parameter | None = None
        if self._in_dim is not None:
            self._make(self._in_dim)

    def forward(
        self, x: Tensor, state: LstmState | None = None, *, axis: DimLike | str | None = None
    ) -> tuple[Tensor, LstmState]:
        """
        :param x: [batch, axis, in_dim]
        :param state: what it starts from; default: zeros
        :param axis: default: the only axis with lengths
        :return: h in all steps [batch, axis, out_dim], and the state after the last step
        """
        x = as_tensor(x)
        dim = axis_of_sequence(self, "LstmCell", x, axis)
        if state is not None:
            state = _as_state("Lstm", state_argument(state, self.initial_state))
        op = LstmSequence(x, self._parameters(x), state, dim, self.direction)
        return op.outputs[0], LstmState(op.outputs[1], op.outputs[2])

    if TYPE_CHECKING:
        __call__ = forward

    def initial_state(self) -> LstmState:
        """Zeros."""
        return _initial_state(self.out_dim)

    def _parameters(self, x: Tensor) -> list[Tensor]:
        if self.W is None:
            self._make(x.feature_dim)
        assert self.W is not None and self.W_re is not None and self.b is not None
        check_in_dim(self, x, self.W)
        return [as_tensor(self.W), as_tensor(self.W_re), as_tensor(self.b)]

    def _make(self, in_dim: DimLike) -> None:
        self.W = Parameter([in_dim, 4 * self.out_dim])
        self.W_re = Parameter([self.out_dim, 4 * self.out_dim])
        self.b = Parameter([4 * self.out_dim], initial=0.0)


class LstmCell(Module):
    """
    One step of an LSTM: ``h, state = cell(x, state)``, from [batch, in_dim] to [batch, out_dim].

    :param dims: ``LstmCell(out_dim)`` or ``LstmCell(in_dim, out_dim)``
    """

    def __init__(self, *dims: DimLike):
        super().__init__()
        in_dim, self.out_dim = in_and_out_dim(type(self).__name__, dims)
        self.W: Parameter | None = None
        self.W_re: Parameter | None = None
        self.b: Parameter | None = None
        if in_dim is not None:
            self._make(in_dim)

    def forward(self, x: Tensor, state: LstmState | State | None = None) -> tuple[Tensor, LstmState]:
        """
        :param x: [batch, in_dim]
        :param state: that of the step before; always wanted, as a default would be the same in each step
        :return: h [batch, out_dim], and the new state
        :raises NetworkError: without a state
        """
        x = as_tensor(x)
        state = _as_state("LstmCell", state_argument(state, self.initial_state))
        _warn_if_state_starts_anew(self, state)
        op = LstmCellOp(x, self._parameters(x), state)
        return op.outputs[0], LstmState(op.outputs[0], op.outputs[1])

    if TYPE_CHECKING:
        __call__ = forward

    def initial_state(self) -> LstmState:
        """Zeros."""
        return _initial_state(self.out_dim)

    _parameters = Lstm._parameters
    _make = Lstm._make


class BidirectionalLstm(Bidirectional):
    """
    Two LSTMs, one forward and one backward in time, joined: [batch, time, 2 * out_dim]; see :class:`Bidirectional`.

    :param dims: ``BidirectionalLstm(out_dim)`` or ``(in_dim, out_dim)``; out_dim is that of each direction
    """

    def __init__(self, *dims: DimLike):
        super().__init__(Lstm(*dims, direction=1), Lstm(*dims, direction=-1))


def _as_state(name: str, state: Any) -> LstmState:
    """
    :param name: of the class that wants a state
    :raises NetworkError: if it is none
    """
    if not isinstance(state, (tuple, list)) or len(state) != 2:
        of_cell = (
            "h, loop.state.cell = cell(x, loop.state.cell), with loop.state.cell = cell.initial_state() before the "
            "loop body"
        )
        instead = of_cell if name == "LstmCell" else "y, state = lstm(x, nn.LstmState(h, c))"
        raise NetworkError(
            f"{name} wants its state, h and c, not {structure_text(state) if state is not None else None}: {instead}"
        )
    return LstmState(*[as_tensor(part) for part in state])


def _initial_state(dim: Dim) -> LstmState:
    return LstmState(zeros([batch_dim, dim]), zeros([batch_dim, dim]))


def _warn_if_state_starts_anew(cell: LstmCell, state: LstmState) -> None:
    """Tells of a state that no step changes, though the cell is in a loop."""
    recording = current_recording()
    loop = recording.body.loop
    if loop is None or any(
        tensor.op.body.is_inside(loop.body_of_steps) and constant_value(tensor) is None for tensor in state
    ):
        return
    warn_that_state_starts_anew(cell, list(state), recording)
