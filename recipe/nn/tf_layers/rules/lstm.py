"""LSTMs: the unit that is fastest on the device, see :mod:`recipe.nn.tf_layers.lstm_units`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.lstm import LstmCellOp, LstmSequence
from ...plain.dim import batch_dim
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Reference
from ..lstm_units import kernel_and_bias, lstm_unit_for
from ..out_type import type_of
from ..rule import rule
from .lstm_of_hypotheses import lstm_of_hypotheses

LSTM_GATES = ConfigFunction(
    '''
    def lstm_gates(source, self, in_dim, out_dim, **_kwargs):
        """What an LSTM's gates are before their functions, in TensorFlow's order, of its input and its last output."""
        import tensorflow as tf

        *dims, gates_dim = self.output.dims
        x, h = [
            source(number, as_data=True, auto_convert=False).copy_transpose([*dims, dim]).placeholder
            for number, dim in enumerate([in_dim, out_dim])
        ]
        kernel, bias = source(2, auto_convert=False), source(3, auto_convert=False)
        rows = tf.reshape(tf.concat([x, h], axis=-1), [-1, in_dim.dimension + out_dim.dimension])
        gates = tf.nn.bias_add(tf.matmul(rows, kernel), bias)
        return tf.reshape(gates, tf.concat([tf.shape(x)[:-1], [gates_dim.dimension]], axis=0))
    '''
)
LSTM_MEMORY = ConfigFunction(
    '''
    def lstm_memory(source, self, **_kwargs):
        """An LSTM's memory after a step, of its gates and its memory before."""
        import tensorflow as tf

        i, j, f, _ = tf.split(source(0, auto_convert=False), 4, axis=-1)
        c = source(1, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
        return tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(j)
    '''
)
LSTM_HIDDEN = ConfigFunction(
    '''
    def lstm_hidden(source, **_kwargs):
        """An LSTM's output after a step, of its gates and its memory after the step."""
        import tensorflow as tf

        _, _, _, o = tf.split(source(0, auto_convert=False), 4, axis=-1)
        return tf.sigmoid(o) * tf.tanh(source(1, auto_convert=False))
    '''
)


@rule(LstmSequence)
def sequence(op: LstmSequence, build: Build) -> Sequence[Reference]:
    """
    ``rec`` with an LSTM unit; its last states are ``get_last_hidden_state``.

    RETURNN (1.20261022, ``Loss`` in tf/layers/base.py) takes the mean of a loss along an axis of fixed size that is
    the first one of its layer, as ``rec`` over that axis has it, where it sums along others. So an LSTM over such an
    axis is a scan, as is one for each place of further axes.
    Test: modules/test_lstm_over_any_axis.py::test_over_other_axes
    """
    if op.has_more_axes or op.axis.is_static:
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
    dims = op.outputs[0].dims
    if any(dim.is_beam for dim in dims) or (op.body.loop is None and set(dims) != {batch_dim, op.out_dim}):
        return _cell_of_hypotheses(op, build)
    return lstm_unit_for(build.device).cell(build, op)


def _cell_of_hypotheses(op: LstmCellOp, build: Build) -> Sequence[Reference]:
    """``eval`` of the equations: no unit takes more axes than the batch and the features."""
    x, weight, recurrent, bias, h, c = op.inputs
    read = build.reference(x)
    if op.dropout is not None:
        read = build.add(op, "dropout", {"from": read, **build.dropout(op.dropout)}, name="dropout")
    sources = [read, build.reference(h), *kernel_and_bias(build, op, weight, recurrent, bias)]
    dims = op.output_dims
    gates = {
        "from": sources,
        "eval": LSTM_GATES,
        "eval_locals": {"in_dim": op.in_dim, "out_dim": op.out_dim},
        "allow_broadcast_all_sources": True,
        "out_type": type_of([*dims[:-1], bias.dims[0]], "float32"),
    }
    of_gates = {"allow_broadcast_all_sources": True, "out_type": type_of(dims, "float32")}
    gate = build.add(op, "eval", gates, name="gates")
    memory = build.add(op, "eval", {"from": [gate, build.reference(c)], "eval": LSTM_MEMORY, **of_gates}, name="c")
    hidden = build.add(op, "eval", {"from": [gate, memory], "eval": LSTM_HIDDEN, **of_gates}, name="h")
    return [hidden, memory]
