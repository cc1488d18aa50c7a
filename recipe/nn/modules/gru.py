"""GRU: over a whole sequence, and one step of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language.module import Module
from ..language.state import State
from ..ops.activation import sigmoid, tanh
from ..ops.array import split
from ..ops.as_tensor import as_tensor
from ..ops.constants import zeros
from ..ops.linear import LinearOp
from ..plain.dim import DimLike, batch_dim
from ..record.graph import Tensor
from ..record.parameter import Parameter
from .bidirectional import Bidirectional
from .linear import check_in_dim
from .recurrence import (
    axis_of_sequence,
    cell_state,
    check_direction,
    check_state,
    in_and_out_dim,
    over_sequence,
    state_dims,
)


class _GruParameters(Module):
    """The parameters of a GRU, and its step."""

    def __init__(self, *dims: DimLike):
        super().__init__()
        in_dim, self.out_dim = in_and_out_dim(type(self).__name__, dims)
        self.W: Parameter | None = None
        self.W_re: Parameter | None = None
        self.b: Parameter | None = None
        self.b_re: Parameter | None = None
        if in_dim is not None:
            self._make(in_dim)

    def initial_state(self) -> Tensor:
        """Zeros."""
        return zeros([batch_dim, self.out_dim])

    def _input(self, x: Tensor) -> Tensor:
        """``x W + b``."""
        if self.W is None:
            self._make(x.feature_dim)
        assert self.W is not None
        check_in_dim(self, x, self.W)
        return LinearOp(x, as_tensor(self.W), as_tensor(self.b)).output

    def _step(self, of_input: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """The new state, twice: as the output, and as the state."""
        parts = [2 * self.out_dim, self.out_dim]
        input_gates, input_new = split(of_input, size_splits=parts)
        gates, new = split(LinearOp(h, as_tensor(self.W_re), None).output, size_splits=parts)
        r, z = split(sigmoid(input_gates + gates), 2)
        n = tanh(input_new + r * (new + as_tensor(self.b_re)))
        h = n + z * (h - n)
        return h, h

    def _make(self, in_dim: DimLike) -> None:
        self.W = Parameter([in_dim, 3 * self.out_dim])
        self.W_re = Parameter([self.out_dim, 3 * self.out_dim])
        self.b = Parameter([3 * self.out_dim], initial=0.0)
        self.b_re = Parameter([self.out_dim], initial=0.0)


class Gru(_GruParameters):
    """
    GRU over a sequence: :class:`GruCell` in each step, from [batch, time, in_dim] to [batch, time, out_dim].

    :param dims: ``Gru(out_dim)`` or ``Gru(in_dim, out_dim)``
    :param direction: 1 forward in time, -1 backward
    """

    def __init__(self, *dims: DimLike, direction: int = 1):
        super().__init__(*dims)
        self.direction = check_direction(direction, "; see nn.BidirectionalGru")

    def forward(
        self, x: Tensor, state: Tensor | State | None = None, *, axis: DimLike | str | None = None
    ) -> tuple[Tensor, Tensor]:
        """
        :param x: [batch, axis, in_dim]
        :param state: h that it starts from, [batch, out_dim]; default: zeros
        :param axis: default: the only axis with lengths
        :return: h in all steps [batch, axis, out_dim], and h after the last step [batch, out_dim]
        """
        x = as_tensor(x)
        dim = axis_of_sequence(self, "GruCell", x, axis)
        dims = state_dims(x, dim, self.out_dim)
        h = zeros(dims) if state is None else cell_state(self, state, "h", self.initial_state)
        check_state(self, "h", x, h, dims)
        return over_sequence(self._step, self._input(x), h, dim, self.direction)

    if TYPE_CHECKING:
        __call__ = forward


class GruCell(_GruParameters):
    """
    One step of a GRU (Cho et al. 2014): ``h, state = cell(x, state)``, where the state is h itself::

        r  = sigmoid(x W_r + h U_r + b_r)
        z  = sigmoid(x W_z + h U_z + b_z)
        n  = tanh(x W_n + b_n + r * (h U_n + b_re))
        h' = (1 - z) * n + z * h

    As in PyTorch and cuDNN (Keras: ``reset_after=True``), the reset gate ``r`` is applied after the matrix product, and
    ``z`` keeps the state.

    Parameters: ``W`` [in_dim, 3 * out_dim] is ``[W_r, W_z, W_n]``, ``W_re`` [out_dim, 3 * out_dim] is
    ``[U_r, U_z, U_n]``, ``b`` [3 * out_dim] is ``[b_r, b_z, b_n]``, and ``b_re`` [out_dim]. The order is PyTorch's:
    ``W`` and ``W_re`` are its ``weight_ih`` and ``weight_hh``, transposed; ``b_re`` is the third part of ``bias_hh``,
    and ``b`` is ``bias_ih`` plus the first two parts of ``bias_hh``.

    :param dims: ``GruCell(out_dim)`` or ``GruCell(in_dim, out_dim)``
    """

    def forward(self, x: Tensor, state: Tensor | State | None = None) -> tuple[Tensor, Tensor]:
        """
        :param x: [batch, in_dim]
        :param state: h of the step before, [batch, out_dim]; always wanted, as a default would be the same in each step
        :return: h [batch, out_dim], and the new state, which is h, too
        :raises NetworkError: without a state, or if it does not fit
        """
        x = as_tensor(x)
        h = cell_state(self, state, "h", self.initial_state)
        check_state(self, "h", x, h, state_dims(x, None, self.out_dim), sequence="Gru")
        return self._step(self._input(x), h)

    if TYPE_CHECKING:
        __call__ = forward


class BidirectionalGru(Bidirectional):
    """
    Two GRUs, one forward and one backward in time, joined: [batch, time, 2 * out_dim]; see :class:`Bidirectional`.

    :param dims: ``BidirectionalGru(out_dim)`` or ``(in_dim, out_dim)``; out_dim is that of each direction
    """

    def __init__(self, *dims: DimLike):
        super().__init__(Gru(*dims, direction=1), Gru(*dims, direction=-1))
