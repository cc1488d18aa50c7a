"""LSTMs: the unit that is fastest on the device, see :mod:`recipe.nn.tf_layers.lstm_units`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.lstm import LstmCellOp, LstmSequence
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Reference
from ..lstm_units import lstm_unit_for
from ..out_type import type_of
from ..rule import rule
from .lstm_of_hypotheses import lstm_of_hypotheses

LSTM_GATES = ConfigFunction(
    '''
    def lstm_gates(source, self, in_dim, **_kwargs):
        """What an LSTM's four gates are before their functions, and another source with the same axes."""
        import tensorflow as tf

        def values(number, feature):
            data = source(number, as_data=True, auto_convert=False)
            dims = [*self.output.dims[:-1], feature]
            here = data.copy_transpose([dim for dim in dims if dim in data.dims]).placeholder
            sizes = iter(tf.unstack(tf.shape(here)))
            return tf.reshape(here, [next(sizes) if dim in data.dims else 1 for dim in dims])

        out_dim = self.output.dims[-1]
        weight, recurrent, bias = [source(number, auto_convert=False) for number in (3, 4, 5)]
        gates = tf.tensordot(values(0, in_dim), weight, 1) + tf.tensordot(values(1, out_dim), recurrent, 1) + bias
        return tf.split(gates, 4, axis=-1), values(2, out_dim)
    '''
)
LSTM_MEMORY = ConfigFunction(
    '''
    def lstm_memory(source, self, in_dim, **_kwargs):
        """An LSTM's memory after a step."""
        import tensorflow as tf

        (j, i, f, _), c = lstm_gates(source, self, in_dim)
        return tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(j)
    ''',
    needs=(LSTM_GATES,),
)
LSTM_HIDDEN = ConfigFunction(
    '''
    def lstm_hidden(source, self, in_dim, **_kwargs):
        """An LSTM's output after a step, of its memory after the step."""
        import tensorflow as tf

        (_, _, _, o), c = lstm_gates(source, self, in_dim)
        return tf.sigmoid(o) * tf.tanh(c)
    ''',
    needs=(LSTM_GATES,),
)


@rule(LstmSequence)
def sequence(op: LstmSequence, build: Build) -> Sequence[Reference]:
    """``rec`` with an LSTM unit; its last states are ``get_last_hidden_state``."""
    if any(dim.is_beam for dim in op.outputs[0].dims):
        return lstm_of_hypotheses(op, build)
    unit = lstm_unit_for(build.device)
    x, weight, recurrent, bias, *state = op.inputs
    options: dict[str, Any] = {
        "unit": unit.sequence_unit,
        **({"unit_opts": unit.unit_opts} if unit.unit_opts else {}),
        "from": build.reference(x),
        **build.dropout(op.dropout),
        "in_dim": op.in_dim,
        "out_dim": op.out_dim,
        "axis": op.axis,
        "direction": op.direction,
    }
    if op.starts_with_state:
        h, c = state
        options["initial_state"] = {"h": build.reference(h), "c": build.reference(c)}
    options["reuse_params"] = unit.parameters(build, op, weight, recurrent, bias)
    layer = build.add(op, "rec", options)
    last = []
    for key, tensor in zip("hc", op.outputs[1:]):
        if tensor not in build.program.needed_tensors:
            last.append(layer)
            continue
        options = {"from": layer, "key": key, "out_dim": op.out_dim}
        last.append(build.add(op, "get_last_hidden_state", options, name=f"last_{key}"))
    return [layer, *last]


@rule(LstmCellOp)
def cell(op: LstmCellOp, build: Build) -> Sequence[Reference]:
    """``rec`` with an LSTM unit on a single step, or the layers that this unit is made of, by device."""
    if any(dim.is_beam for dim in op.outputs[0].dims):
        return _cell_of_hypotheses(op, build)
    return lstm_unit_for(build.device).cell(build, op)


def _cell_of_hypotheses(op: LstmCellOp, build: Build) -> Sequence[Reference]:
    """``eval`` of the equations: no unit takes more axes than the batch and the features."""
    x, weight, recurrent, bias, h, c = op.inputs
    parameters = [build.parameter(tensor) for tensor in (weight, recurrent, bias)]
    typed = {
        "eval_locals": {"in_dim": op.in_dim},
        "allow_broadcast_all_sources": True,
        "out_type": type_of(op.output_dims, "float32"),
    }
    before = [build.reference(tensor) for tensor in (x, h, c)]
    memory = build.add(op, "eval", {"from": [*before, *parameters], "eval": LSTM_MEMORY, **typed}, name="c")
    hidden = build.add(op, "eval", {"from": [*before[:2], memory, *parameters], "eval": LSTM_HIDDEN, **typed}, name="h")
    return [hidden, memory]
