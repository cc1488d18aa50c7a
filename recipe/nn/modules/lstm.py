"""LSTM: over a whole sequence, and one step of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from ..language.calling import warn_that_state_starts_anew
from ..language.module import Module
from ..language.state import State
from ..language.state_argument import state_argument
from ..ops.constants import constant_value, zeros
from ..plain.dim import Dim, DimLike, as_dim, batch_dim, dims_text
from ..plain.errors import NetworkError
from ..plain.structure import structure_text
from ..record.loop_ops import PreviousOp
from ..record.op import Op
from ..record.parameter import Parameter
from ..record.recording import as_tensor, current_recording
from ..record.tensor import Tensor
from .linear import check_in_dim

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering


class LstmState(NamedTuple):
    """
    What an LSTM carries on: ``h``, its output, and ``c``, its memory; both [batch, dim].
    """

    h: Tensor
    c: Tensor


def lstm_step(gates: numpy.ndarray, c: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """
    One step of an LSTM (Hochreiter and Schmidhuber 1997, with forget gates, Gers et al. 2000), no peepholes::

        j, i, f, o = gates = x W + h W_re + b
        c' = sigmoid(f) c + sigmoid(i) tanh(j)
        h' = sigmoid(o) tanh(c')

    :param gates: [..., 4 * dim], in RETURNN's order: input, input gate, forget gate, output gate
    :param c: [..., dim]
    :return: h', c'
    """
    j, i, f, o = numpy.split(gates, 4, axis=-1)
    c = _sigmoid(f) * c + _sigmoid(i) * numpy.tanh(j)
    return _sigmoid(o) * numpy.tanh(c), c


def _sigmoid(x: numpy.ndarray) -> numpy.ndarray:
    return 0.5 * (1.0 + numpy.tanh(0.5 * x))


class LstmSequence(Op):
    """
    An LSTM over an axis: results are h in all steps, and h and c after each sequence's last (first, if backward).

    :param direction: 1 forward, -1 backward
    """

    name = "lstm"
    is_main = True
    takes_square_weights = True
    is_time_major = True

    def __init__(self, x: Tensor, parameters: Sequence[Tensor], state: LstmState | None, axis: Dim, direction: int):
        self.axis, self.direction = axis, direction
        self.in_dim = x.feature_dim
        self.out_dim = parameters[1].dims[0]
        super().__init__(x, *parameters, *(state or ()), outputs=3)

    def infer(self) -> None:
        """h has the dims of ``x`` with the LSTM's dim in place of the features."""
        x = self.inputs[0]
        self.require_float(x)
        if {dim for dim in x.dims if not dim.is_beam} != {batch_dim, self.axis, self.in_dim}:
            raise NetworkError(f"Lstm over {self.axis} wants [batch, {self.axis}, features], not {x}")
        self.set_output([*self.rest_dims, self.axis, self.out_dim])
        self.set_output([*self.rest_dims, self.out_dim], index=1)
        self.set_output([*self.rest_dims, self.out_dim], index=2)

    @property
    def rest_dims(self) -> tuple[Dim, ...]:
        """The batch dim, and axes over hypotheses."""
        return tuple(dim for dim in self.inputs[0].dims if dim.is_batch or dim.is_beam)

    def numpy(self, run: Run, x: numpy.ndarray, *arrays: numpy.ndarray) -> tuple:
        """:func:`lstm_step` in each step, each sequence over its own frames."""
        weight, recurrent, bias, *initial = arrays
        dims = self.outputs[1].dims
        x = run.aligned(x, self.inputs[0].dims, (self.axis, *self.rest_dims, self.in_dim))
        lengths = run.lengths_along(self.axis, dims)
        zeros: numpy.ndarray = numpy.zeros((*x.shape[1:-1], self.out_dim.size), "float32")
        given = zip(initial, self.inputs[4:])
        h, c = [run.aligned(array, tensor.dims, dims) for array, tensor in given] or [zeros, zeros]
        output = numpy.zeros((len(x), *zeros.shape), "float32")
        for step in range(len(x)) if self.direction == 1 else reversed(range(len(x))):
            new_h, new_c = lstm_step(x[step] @ weight + h @ recurrent + bias, c)
            alive = step < lengths
            h, c = numpy.where(alive, new_h, h), numpy.where(alive, new_c, c)
            output[step] = numpy.where(alive, new_h, 0.0)
        return run.aligned(output, (self.axis, *dims), self.outputs[0].dims), h, c

    def layer(self, lower: Lowering) -> Sequence[Reference]:
        """``rec`` with an LSTM unit; its last states are ``get_last_hidden_state``."""
        x, weight, recurrent, bias, *state = self.inputs
        options: dict[str, Any] = {
            "unit": lower.lstm_unit.sequence_unit,
            **({"unit_opts": lower.lstm_unit.unit_opts} if lower.lstm_unit.unit_opts else {}),
            **lower.source(x),
            "in_dim": self.in_dim,
            "out_dim": self.out_dim,
            "axis": self.axis,
            "direction": self.direction,
        }
        if state and any(constant_value(tensor) != 0 for tensor in state):
            h, c = state
            options["initial_state"] = {"h": lower.reference(h), "c": lower.reference(c)}
        options["reuse_params"] = lower.lstm_unit.parameters(lower, self, weight, recurrent, bias)
        layer = lower.add(self, "rec", options)
        last = []
        for key, tensor in zip("hc", self.outputs[1:]):
            if tensor not in lower.network.needed_tensors:
                last.append(layer)
                continue
            options = {"from": layer, "key": key, "out_dim": self.out_dim}
            last.append(lower.add(self, "get_last_hidden_state", options, name=f"last_{key}"))
        return [layer, *last]


class LstmCellOp(Op):
    """One step of an LSTM: results are h and c."""

    name = "lstm"
    is_main = True
    takes_square_weights = True

    def __init__(self, x: Tensor, parameters: Sequence[Tensor], state: LstmState):
        self.in_dim = x.feature_dim
        self.out_dim = parameters[1].dims[0]
        super().__init__(x, *parameters, *state, outputs=2)

    def infer(self) -> None:
        """[batch, dim] each."""
        x, h, c = self.inputs[0], *self.inputs[4:]
        self.require_float(x)
        dims = [self.out_dim if dim is self.in_dim else dim for dim in x.dims]
        for name, tensor in (("h", h), ("c", c)):
            if tensor.known_dims is not None and set(tensor.dims) != set(dims):
                raise NetworkError(
                    f"the state {name} of LstmCell must be {dims_text(dims)}, as its input is {x}, but it is {tensor}."
                    f"{_sequence_hint(x, tensor)}"
                )
        self.set_output(dims)
        self.set_output(dims, index=1)

    def numpy(self, run: Run, x: numpy.ndarray, *arrays: numpy.ndarray) -> tuple:
        """:func:`lstm_step`."""
        weight, recurrent, bias, h, c = arrays
        dims = self.output_dims
        x = run.aligned(x, self.inputs[0].dims, (*dims[:-1], self.in_dim))
        h, c = (run.aligned(array, tensor.dims, dims) for array, tensor in zip((h, c), self.inputs[4:]))
        new = lstm_step(x @ weight + h @ recurrent + bias, c)
        return tuple(run.aligned(array, dims, self.outputs[0].dims) for array in new)

    @property
    def output_dims(self) -> tuple[Dim, ...]:
        """The dims of the results with the features last."""
        return (*[dim for dim in self.outputs[0].dims if dim is not self.out_dim], self.out_dim)

    def layer(self, lower: Lowering) -> Sequence[Reference]:
        """``rec`` with an LSTM unit on a single step, or the layers that this unit is made of, by device."""
        return lower.lstm_unit.cell(lower, self)

    def values_before(self) -> list[Tensor]:
        """Without the state that RETURNN carries on implicitly."""
        before = super().values_before()
        return before if self.carried_by() is None else [x for x in before if x.op is not self]

    def carried_by(self) -> tuple[PreviousOp, PreviousOp] | None:
        """The two states of the loop, if this cell alone writes and only carries them on from zero (implicit state)."""
        previous = [tensor.op for tensor in self.inputs[4:]]
        for op, new in zip(previous, self.outputs):
            if not isinstance(op, PreviousOp) or op.final is not new or op.loop.body_of_steps is not self.body:
                return None
            if op.initial is None or constant_value(op.initial) != 0:
                return None
        return previous[0], previous[1]  # type: ignore[return-value]

    def starts_anew_in_each_step(self) -> bool:
        """Whether it is in a loop, but none of its state is of the loop."""
        loop = self.body.loop
        return loop is not None and not any(tensor.op.body.is_inside(loop.body_of_steps) for tensor in self.inputs[4:])


class Lstm(Module):
    """
    LSTM over a sequence.

    :param dims: ``Lstm(out_dim)`` or ``Lstm(in_dim, out_dim)``
    :param direction: 1 forward in time, -1 backward
    """

    def __init__(self, *dims: DimLike, direction: int = 1):
        super().__init__()
        if direction not in (1, -1):
            raise NetworkError(f"direction is 1 (forward) or -1 (backward), not {direction}; see nn.BidirectionalLstm")
        self.direction = direction
        self.out_dim, self._in_dim = _lstm_dims(type(self).__name__, dims)
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
        if axis is None and not any(dim.is_dynamic for dim in x.dims):
            raise NetworkError(
                f"Lstm goes over a whole sequence, [batch, time, features], but {x} is none. For one step, in a loop, "
                "there is nn.LstmCell: y, loop.state.NAME = cell(x, loop.state.NAME)"
            )
        op = LstmSequence(x, self._parameters(x), state, x.resolve_axis(axis), self.direction)
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
    One step of an LSTM: ``h, state = cell(x, state)``.

    :param dims: ``LstmCell(out_dim)`` or ``LstmCell(in_dim, out_dim)``
    """

    def __init__(self, *dims: DimLike):
        super().__init__()
        self.out_dim, in_dim = _lstm_dims(type(self).__name__, dims)
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
        state = state_argument(state, self.initial_state)
        if not isinstance(state, LstmState):
            if not isinstance(state, (tuple, list)) or len(state) != 2:
                raise NetworkError(
                    f"LstmCell wants its state, h and c, not {structure_text(state) if state is not None else None}: "
                    "h, loop.state.cell = cell(x, loop.state.cell), with "
                    "loop.state.cell = cell.initial_state() before the loop body"
                )
            state = LstmState(*state)
        state = LstmState(as_tensor(state.h), as_tensor(state.c))
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


class BidirectionalLstm(Module):
    """
    Two LSTMs, one forward and one backward in time, joined (Schuster and Paliwal 1997).

    :param dims: ``BidirectionalLstm(out_dim)`` or ``(in_dim, out_dim)``; out_dim is that of each direction
    """

    def __init__(self, *dims: DimLike):
        super().__init__()
        self.fw = Lstm(*dims, direction=1)
        self.bw = Lstm(*dims, direction=-1)
        self.out_dim = self.fw.out_dim + self.bw.out_dim

    def forward(self, x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
        """
        :param x: [batch, axis, in_dim]
        :return: [batch, axis, 2 * out_dim]
        """
        from ..ops.array import concat

        forward, _ = self.fw(x, axis=axis)
        backward, _ = self.bw(x, axis=axis)
        return concat(forward, backward)

    if TYPE_CHECKING:
        __call__ = forward


def _sequence_hint(x: Tensor, state: Tensor) -> str:
    lengths = [dim for dim in x.dims if dim.is_dynamic and dim not in state.dims]
    if not lengths:
        return ""
    return " A cell computes one step: unstack the input in a loop, or use nn.Lstm for the whole sequence"


def _lstm_dims(name: str, dims: tuple[DimLike, ...]) -> tuple[Dim, DimLike | None]:
    if not 1 <= len(dims) <= 2:
        raise NetworkError(f"{name}(out_dim) or {name}(in_dim, out_dim), not {name}{dims}")
    return as_dim(dims[-1]), dims[0] if len(dims) == 2 else None


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
