"""LSTM with a recurrent projection: over a whole sequence, and one step of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language.module import Module
from ..language.state import State
from ..ops.activation import sigmoid, tanh
from ..ops.array import split
from ..ops.as_tensor import as_tensor
from ..ops.constants import zeros
from ..ops.linear import LinearOp
from ..ops.lstm import LstmState
from ..plain.dim import Dim, DimLike, as_dim, batch_dim
from ..record.graph import Tensor
from ..record.parameter import Parameter
from .linear import check_in_dim
from .recurrence import axis_of_sequence, cell_state, check_direction, check_state, over_sequence, state_dims


class _ProjectedLstmParameters(Module):
    """The parameters of an LSTM with a projection, and its step."""

    def __init__(self, in_dim: DimLike, dim: DimLike, out_dim: DimLike):
        super().__init__()
        self.dim, self.out_dim = as_dim(dim), as_dim(out_dim)
        self.W = Parameter([in_dim, 4 * self.dim])
        self.W_re = Parameter([self.out_dim, 4 * self.dim])
        self.b = Parameter([4 * self.dim], initial=0.0)
        self.W_proj = Parameter([self.dim, self.out_dim])

    def initial_state(self) -> LstmState:
        """Zeros: h [batch, out_dim], c [batch, dim]."""
        return LstmState(zeros([batch_dim, self.out_dim]), zeros([batch_dim, self.dim]))

    def _input(self, x: Tensor) -> Tensor:
        """``x W + b``."""
        check_in_dim(self, x, self.W)
        return LinearOp(x, as_tensor(self.W), as_tensor(self.b)).output

    def _check(self, x: Tensor, state: LstmState, axis: Dim | None, sequence: str | None = None) -> None:
        for part, tensor, dim in (("h", state.h, self.out_dim), ("c", state.c, self.dim)):
            check_state(self, part, x, tensor, state_dims(x, axis, dim), sequence)

    def _step(self, of_input: Tensor, state: LstmState) -> tuple[Tensor, LstmState]:
        """The new h, and the new state."""
        gates = of_input + LinearOp(state.h, as_tensor(self.W_re), None).output
        j, i, f, o = split(gates, 4)
        c = sigmoid(f) * state.c + sigmoid(i) * tanh(j)
        h = LinearOp(sigmoid(o) * tanh(c), as_tensor(self.W_proj), None).output
        return h, LstmState(h, c)


class ProjectedLstm(_ProjectedLstmParameters):
    """
    LSTM with a recurrent projection over a sequence: :class:`ProjectedLstmCell` in each step, with the same parameters.

    :param in_dim: features of the input
    :param dim: of the memory
    :param out_dim: what the output is projected to
    :param direction: 1 forward in time, -1 backward
    """

    def __init__(self, in_dim: DimLike, dim: DimLike, out_dim: DimLike, *, direction: int = 1):
        super().__init__(in_dim, dim, out_dim)
        self.direction = check_direction(direction, "")

    def forward(
        self, x: Tensor, state: LstmState | State | None = None, *, axis: DimLike | str | None = None
    ) -> tuple[Tensor, LstmState]:
        """
        :param x: [batch, axis, in_dim]
        :param state: what it starts from: h [batch, out_dim], c [batch, dim]; default: zeros
        :param axis: default: the only axis with lengths
        :return: h in all steps [batch, axis, out_dim], and the state after the last step
        """
        x = as_tensor(x)
        dim = axis_of_sequence(self, "ProjectedLstmCell", x, axis)
        if state is None:
            initial = LstmState(*(zeros(state_dims(x, dim, size)) for size in (self.out_dim, self.dim)))
        else:
            initial = LstmState(*cell_state(self, state, "h and c", self.initial_state))
        self._check(x, initial, dim)
        y, last = over_sequence(self._step, self._input(x), initial, dim, self.direction)
        return y, LstmState(*last)

    if TYPE_CHECKING:
        __call__ = forward


class ProjectedLstmCell(_ProjectedLstmParameters):
    """
    One step of an LSTM with a recurrent projection (LSTMP, Sak et al. 2014, without peepholes):
    ``h, state = cell(x, state)``, where the state is h and c::

        j, i, f, o = x W + h W_re + b
        c' = sigmoid(f) * c + sigmoid(i) * tanh(j)
        h' = (sigmoid(o) * tanh(c')) W_proj

    It is PyTorch's ``LSTM(in_dim, dim, proj_size=out_dim)``. The gates are in the order of :class:`LstmCell`.

    Parameters: ``W`` [in_dim, 4 * dim], ``W_re`` [out_dim, 4 * dim], ``b`` [4 * dim], ``W_proj`` [dim, out_dim].

    :param in_dim: features of the input
    :param dim: of the memory c
    :param out_dim: what the output h is projected to
    """

    def forward(self, x: Tensor, state: LstmState | State | None = None) -> tuple[Tensor, LstmState]:
        """
        :param x: [batch, in_dim]
        :param state: that of the step before; always wanted, as a default would be the same in each step
        :return: h [batch, out_dim], and the new state: h [batch, out_dim], c [batch, dim]
        :raises NetworkError: without a state, or if it does not fit
        """
        x = as_tensor(x)
        before = LstmState(*cell_state(self, state, "h and c", self.initial_state))
        self._check(x, before, None, sequence="ProjectedLstm")
        return self._step(self._input(x), before)

    if TYPE_CHECKING:
        __call__ = forward
