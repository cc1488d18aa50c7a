"""An LSTM over an axis, and one step of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy

from ..plain.delayed import Delayed
from ..plain.dim import Dim, batch_dim, single_step_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import AnyForm, Form, FormPart, parameter_map
from ..record.graph import Op, Tensor
from ..record.loops import PreviousOp
from .constants import constant_value
from .dropout import dropped


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
    takes_more_axes = False
    dropout: float | Delayed | None = None
    """The rate of a dropout of its input that was joined to it."""

    def __init__(self, x: Tensor, parameters: Sequence[Tensor], state: LstmState | None, axis: Dim, direction: int):
        self.axis, self.direction = axis, direction
        self.in_dim = x.feature_dim
        self.out_dim = parameters[1].dims[0]
        super().__init__(x, *parameters, *(state or ()), outputs=3)

    def infer(self) -> None:
        """h has the dims of ``x`` with the LSTM's dim in place of the features."""
        x = self.inputs[0]
        self.require_float(x)
        if self.axis is self.in_dim or not set(self.axis.length_dims if self.axis.is_dynamic else ()) <= set(x.dims):
            raise NetworkError(f"Lstm over {self.axis} wants [batch, {self.axis}, features], not {x}")
        self.set_output([*self.rest_dims, self.axis, self.out_dim])
        self.set_output([*self.rest_dims, self.out_dim], index=1)
        self.set_output([*self.rest_dims, self.out_dim], index=2)

    @property
    def rest_dims(self) -> tuple[Dim, ...]:
        """The batch dim, axes over hypotheses, and others, for each place of which it is computed."""
        return tuple(dim for dim in self.inputs[0].dims if dim not in (self.axis, self.in_dim))

    @property
    def has_more_axes(self) -> bool:
        """Whether it is computed for more than the sequences of a batch."""
        return self.rest_dims != (batch_dim,)

    def numpy(self, run: Arrays, x: numpy.ndarray, *arrays: numpy.ndarray) -> tuple:
        """:func:`lstm_step` in each step, each sequence over its own frames."""
        weight, recurrent, bias, *initial = arrays
        dims = self.outputs[1].dims
        x = run.aligned(dropped(run, x, self.dropout), self.inputs[0].dims, (self.axis, *self.rest_dims, self.in_dim))
        lengths: Any = self.axis.size if self.axis.is_static else run.lengths_along(self.axis, dims)
        zeros: numpy.ndarray = numpy.zeros((*x.shape[1:-1], self.out_dim.size), x.dtype)
        given = zip(initial, self.inputs[4:])
        h, c = [run.aligned(array, tensor.dims, dims) for array, tensor in given] or [zeros, zeros]
        output = numpy.zeros((len(x), *zeros.shape), x.dtype)
        for step in range(len(x)) if self.direction == 1 else reversed(range(len(x))):
            new_h, new_c = lstm_step(x[step] @ weight + h @ recurrent + bias, c)
            alive = step < lengths
            h, c = numpy.where(alive, new_h, h), numpy.where(alive, new_c, c)
            output[step] = numpy.where(alive, new_h, 0.0)
        return run.aligned(output, (self.axis, *dims), self.outputs[0].dims), h, c

    def form(self) -> Sequence[AnyForm]:
        """``rec`` with an LSTM unit; its last states are ``get_last_hidden_state``."""
        x, weight, recurrent, bias, *state = self.inputs
        options: dict[str, Any] = {
            "unit": "lstm",
            "from": x,
            "in_dim": self.in_dim,
            "out_dim": self.out_dim,
            "axis": self.axis,
            "direction": self.direction,
        }
        if self.starts_with_state:
            options["initial_state"] = dict(zip("hc", state))
        options["reuse_params"] = parameter_map(W=weight, W_re=recurrent, b=bias)
        steps = Form("rec", options)
        return [steps, *(self._last(steps, key) for key in "hc")]

    def _last(self, steps: Form, key: str) -> Form:
        options = {"from": steps, "key": key, "out_dim": self.out_dim}
        return Form("get_last_hidden_state", options, name=f"last_{key}")

    @property
    def starts_with_state(self) -> bool:
        """Whether it starts with other values than zeros."""
        return any(constant_value(tensor) != 0 for tensor in self.inputs[4:])


class LstmCellOp(Op):
    """One step of an LSTM: results are h and c."""

    name = "lstm"
    is_main = True
    takes_square_weights = True
    takes_more_axes = False
    dropout: float | Delayed | None = None
    """The rate of a dropout of its input that was joined to it."""

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

    def numpy(self, run: Arrays, x: numpy.ndarray, *arrays: numpy.ndarray) -> tuple:
        """:func:`lstm_step`."""
        weight, recurrent, bias, h, c = arrays
        dims = self.output_dims
        x = run.aligned(dropped(run, x, self.dropout), self.inputs[0].dims, (*dims[:-1], self.in_dim))
        h, c = (run.aligned(array, tensor.dims, dims) for array, tensor in zip((h, c), self.inputs[4:]))
        new = lstm_step(x @ weight + h @ recurrent + bias, c)
        return tuple(run.aligned(array, dims, self.outputs[0].dims) for array in new)

    @property
    def output_dims(self) -> tuple[Dim, ...]:
        """The dims of the results with the features last."""
        return (*[dim for dim in self.outputs[0].dims if dim is not self.out_dim], self.out_dim)

    def form(self) -> Sequence[AnyForm]:
        """``rec`` with an LSTM unit on a single step."""
        x, weight, recurrent, bias, h, c = self.inputs
        options = {
            "unit": "lstm",
            "from": x,
            "in_dim": self.in_dim,
            "out_dim": self.out_dim,
            "axis": single_step_dim,
            "state": {"h": h, "c": c},
            "reuse_params": parameter_map(W=weight, W_re=recurrent, b=bias),
        }
        step = Form("rec", options)
        return [step, FormPart(step, "c")]

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


def _sequence_hint(x: Tensor, state: Tensor) -> str:
    lengths = [dim for dim in x.dims if dim.is_dynamic and dim not in state.dims]
    if not lengths:
        return ""
    return " A cell computes one step: unstack the input in a loop, or use nn.Lstm for the whole sequence"
