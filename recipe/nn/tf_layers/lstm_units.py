"""Which RETURNN layers an LSTM becomes, by device. Parameters (``W``, ``W_re``, ``b``) and results are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops.lstm import LstmCellOp, LstmSequence
from ..plain.dim import single_step_dim
from ..record.graph import Tensor
from .build import Build
from .config_function import ConfigFunction
from .layers import Layer, LstmStateTuple, Reference

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
        self, build: Build, op: LstmSequence | LstmCellOp, weight: Tensor, recurrent: Tensor, bias: Tensor
    ) -> dict[str, Any]:
        """Its parameters are ours."""
        return build.parameter_map(W=weight, W_re=recurrent, b=bias)

    def explicit_state(self, op: LstmCellOp, h: Reference, c: Reference) -> dict[str, Reference] | LstmStateTuple:
        """How a step is given its state: outside of loops the unit wants a dict, in them a named tuple."""
        return {"c": c, "h": h} if op.body.loop is None else LstmStateTuple(c=c, h=h)

    def cell(self, build: Build, op: LstmCellOp) -> Sequence[Reference]:
        """``rec`` on a single step; its state is implicit where it is only carried on, else given explicitly."""
        x, weight, recurrent, bias, h, c = op.inputs
        options: dict[str, Any] = {
            "unit": self.sequence_unit,
            **({"unit_opts": self.unit_opts} if self.unit_opts else {}),
            "from": build.reference(x),
            **build.dropout(op.dropout),
            "in_dim": op.in_dim,
            "out_dim": op.out_dim,
            "axis": single_step_dim,
        }
        carried = op.carried_by()
        if carried is None:
            options["state"] = self.explicit_state(op, build.reference(h), build.reference(c))
        options["reuse_params"] = self.parameters(build, op, weight, recurrent, bias)
        layer = build.add(op, "rec", options)
        if op.outputs[1] not in build.program.needed_tensors and carried is not None:
            return [layer, layer]
        memory = {"from": layer, "key": "c", "out_dim": op.out_dim}
        return [layer, build.add(op, "get_last_hidden_state", memory, name="c")]


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
        self, build: Build, op: LstmSequence | LstmCellOp, weight: Tensor, recurrent: Tensor, bias: Tensor
    ) -> dict[str, Any]:
        """``lstm_cell/kernel`` and ``lstm_cell/bias`` of the unit."""
        kernel, new_bias = kernel_and_bias(build, op, weight, recurrent, bias)
        return {
            "map": {
                "lstm_cell/kernel": {"layer_output": kernel, "shape": tuple(kernel.options["out_type"]["dims"])},
                "lstm_cell/bias": {"layer_output": new_bias, "shape": bias.dims},
            }
        }


def kernel_and_bias(
    build: Build, op: LstmSequence | LstmCellOp, weight: Tensor, recurrent: Tensor, bias: Tensor
) -> tuple[Layer, Layer]:
    """
    An LSTM's parameters as TensorFlow's cell has them, outside of all loops: [in + out, gates] and [gates].

    The order of the gates is TensorFlow's, too: input gate, input, forget gate, output gate.
    """

    def make() -> tuple[Layer, Layer]:
        options = {
            "from": [build.parameter(weight), build.parameter(recurrent)],
            "eval": LSTM_KERNEL,
            "out_type": {"dims": [weight.dims[0] + recurrent.dims[0], bias.dims[0]], "dtype": "float32"},
            "allow_broadcast_all_sources": True,
        }
        kernel = build.add_at_root(op, "eval", options, name="kernel")
        return kernel, build.add_at_root(op, "eval", {"from": build.parameter(bias), "eval": LSTM_BIAS}, name="bias")

    made: tuple[Layer, Layer] = build.once(("lstm kernel", weight, recurrent, bias), make)
    return made


def lstm_unit_for(device: str) -> NativeLstm:
    """The fastest unit on a device ("cpu" or "gpu")."""
    return StandardLstm() if device == "cpu" else NativeLstm()
