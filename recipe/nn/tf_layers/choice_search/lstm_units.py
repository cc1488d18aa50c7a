"""Which RETURNN layers an LSTM becomes, by device. Parameters (``W``, ``W_re``, ``b``) and results are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.lstm import LstmCellOp, LstmSequence
from ...plain.dim import single_step_dim
from ...record.graph import Tensor
from ...record.reads import depends_on
from ..config_function import ConfigFunction
from ..layers import Layer, LstmStateTuple, PreviousLayer, Reference

GATES = ConfigFunction(
    '''
    def gates_of_tensorflow(x):
        """From RETURNN's order of an LSTM's gates to TensorFlow's: input gate, input, forget gate, output gate."""
        import tensorflow as tf

        j, i, f, o = tf.split(x, 4, axis=-1)
        return tf.concat([i, j, f, o], axis=-1)
    '''
)
LSTM_KERNEL = ConfigFunction(
    '''
    def lstm_kernel(source, **_kwargs):
        """The weights of the input and the recurrent ones as the one matrix of TensorFlow's LSTM cell."""
        import tensorflow as tf

        rows = [source(0, auto_convert=False), source(1, auto_convert=False)]
        return gates_of_tensorflow(tf.concat(rows, axis=0))
    ''',
    needs=(GATES,),
)
LSTM_BIAS = ConfigFunction(
    '''
    def lstm_bias(source, **_kwargs):
        """The bias of TensorFlow's LSTM cell."""
        return gates_of_tensorflow(source(0))
    ''',
    needs=(GATES,),
)


class NativeLstm:
    """RETURNN's NativeLstm2: one native op for the whole sequence where it can leave the loop. Right on a GPU."""

    sequence_unit = "nativelstm2"
    unit_opts: dict[str, Any] = {}

    def parameters(
        self, lower: Any, op: LstmSequence | LstmCellOp, weight: Tensor, recurrent: Tensor, bias: Tensor
    ) -> dict[str, Any]:
        """Its parameters are ours."""
        return lower.parameter_map(W=weight, W_re=recurrent, b=bias)

    def explicit_state(self, op: LstmCellOp, h: Reference, c: Reference) -> dict[str, Reference] | LstmStateTuple:
        """How a step is given its state: outside of loops the unit wants a dict, in them a named tuple."""
        return {"c": c, "h": h} if op.body.loop is None else LstmStateTuple(c=c, h=h)

    def cell(self, lower: Any, op: LstmCellOp) -> Sequence[Reference]:
        """``rec`` on a single step; its state is implicit where it is only carried on, else given explicitly."""
        x, weight, recurrent, bias, h, c = op.inputs
        options: dict[str, Any] = {
            "unit": self.sequence_unit,
            **({"unit_opts": self.unit_opts} if self.unit_opts else {}),
            **self._source(lower, op),
            "in_dim": op.in_dim,
            "out_dim": op.out_dim,
            "axis": single_step_dim,
        }
        carried = op.carried_by()
        if carried is not None and lower.network.is_used(op.outputs[1]):
            carried = None  # RETURNN has no memory cell of each step to give where it runs the whole sequence at once
        memory_before = lower.reference(c)
        starts_anew = op.starts_anew_in_each_step()
        if starts_anew:
            memory_before = lower.add(op, "eval", {"eval": "source(0) + 0 * source(1)"}, name="first_c")
        if carried is None:
            options["state"] = self.explicit_state(op, lower.reference(h), memory_before)
        options["reuse_params"] = self.parameters(lower, op, weight, recurrent, bias)
        layer = lower.add(op, "rec", options)
        if op.outputs[1] not in lower.network.needed_tensors and carried is not None:
            return [layer, layer]
        memory = lower.add(op, "get_last_hidden_state", {"from": layer, "key": "c", "out_dim": op.out_dim}, name="c")
        if starts_anew:
            _keep_in_loop(memory_before, lower.reference(c), memory)
        return [layer, memory]

    def _source(self, lower: Any, op: LstmCellOp) -> dict[str, Any]:
        """
        The input of a step; once per hypothesis of a search, where the state is so and the input is not.

        RETURNN finds out about the hypotheses of ``prev:`` layers too late for the ``rec`` layer.
        """
        x, state, loop = op.inputs[0], op.inputs[4:], op.body.loop
        choices = [] if loop is None else lower.choices(loop)
        of_choices = [any(depends_on(tensor, choices) for tensor in tensors) for tensors in ([x], state)]
        if not choices or of_choices != [False, True]:
            return {"from": lower.in_steps(op, x), **lower.dropout(op.dropout)}
        return {"from": lower.of_hypotheses_before(op, lower.reference(x)), **lower.dropout(op.dropout)}


def _keep_in_loop(memory_before: Reference, source: Reference, memory: Layer) -> None:
    """Without state of the loop RETURNN would move the cell out and take its single steps for a sequence."""
    assert isinstance(memory_before, Layer)
    memory.options["initial_output"] = 0.0
    previous = PreviousLayer(memory.network)
    previous.target = memory
    memory_before.options["from"] = [source, previous]


class StandardLstm(NativeLstm):
    """
    TensorFlow's LSTM cell, on a CPU faster than the native op.

    Its one kernel is put together from our parameters outside of all loops: the rows of ``W`` and ``W_re``, the gates
    in TensorFlow's order (input gate, input, forget gate, output gate).
    """

    sequence_unit = "standardlstm"
    unit_opts = {"forget_bias": 0.0}

    def explicit_state(self, op: LstmCellOp, h: Reference, c: Reference) -> LstmStateTuple:
        """A named tuple, as TensorFlow's cells want it."""
        return LstmStateTuple(c=c, h=h)

    def parameters(
        self, lower: Any, op: LstmSequence | LstmCellOp, weight: Tensor, recurrent: Tensor, bias: Tensor
    ) -> dict[str, Any]:
        """``lstm_cell/kernel`` and ``lstm_cell/bias`` of the unit."""
        return {"map": lower.once((weight, recurrent, bias), lambda: self._kernel(lower, op, weight, recurrent, bias))}

    def _kernel(
        self, lower: Any, op: LstmSequence | LstmCellOp, weight: Tensor, recurrent: Tensor, bias: Tensor
    ) -> dict[str, Any]:
        in_dim, out_dim, gates_dim = weight.dims[0], recurrent.dims[0], bias.dims[0]
        rows = in_dim + out_dim
        options = {
            "from": [lower.parameter(weight), lower.parameter(recurrent)],
            "eval": LSTM_KERNEL,
            "out_type": {"dims": [rows, gates_dim], "dtype": "float32"},
            "allow_broadcast_all_sources": True,
        }
        kernel = lower.add_at_root(op, "eval", options, name="kernel")
        new_bias = lower.add_at_root(op, "eval", {"from": lower.parameter(bias), "eval": LSTM_BIAS}, name="bias")
        return {
            "lstm_cell/kernel": {"layer_output": kernel, "shape": (rows, gates_dim)},
            "lstm_cell/bias": {"layer_output": new_bias, "shape": (gates_dim,)},
        }


def lstm_unit_for(device: str) -> NativeLstm:
    """The fastest unit on a device ("cpu" or "gpu")."""
    return StandardLstm() if device == "cpu" else NativeLstm()
