"""LSTMs: the unit that is fastest on the device, see :mod:`recipe.nn.tf_layers.lstm_units`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....ops.lstm import LstmCellOp, LstmSequence
from ...layers import Reference
from ..op_lowering import OpLowering
from ..rule import rule


@rule(LstmSequence)
def sequence(op: LstmSequence, lower: OpLowering) -> Sequence[Reference]:
    """``rec`` with an LSTM unit; its last states are ``get_last_hidden_state``."""
    x, weight, recurrent, bias, *state = op.inputs
    options: dict[str, Any] = {
        "unit": lower.lstm_unit.sequence_unit,
        **({"unit_opts": lower.lstm_unit.unit_opts} if lower.lstm_unit.unit_opts else {}),
        "from": lower.reference(x),
        **lower.dropout(op.dropout),
        "in_dim": op.in_dim,
        "out_dim": op.out_dim,
        "axis": op.axis,
        "direction": op.direction,
    }
    if op.starts_with_state:
        h, c = state
        options["initial_state"] = {"h": lower.reference(h), "c": lower.reference(c)}
    options["reuse_params"] = lower.lstm_unit.parameters(lower, op, weight, recurrent, bias)
    layer = lower.add(op, "rec", options)
    last = []
    for key, tensor in zip("hc", op.outputs[1:]):
        if tensor not in lower.network.needed_tensors:
            last.append(layer)
            continue
        options = {"from": layer, "key": key, "out_dim": op.out_dim}
        last.append(lower.add(op, "get_last_hidden_state", options, name=f"last_{key}"))
    return [layer, *last]


@rule(LstmCellOp)
def cell(op: LstmCellOp, lower: OpLowering) -> Sequence[Reference]:
    """``rec`` with an LSTM unit on a single step, or the layers that this unit is made of, by device."""
    return lower.lstm_unit.cell(lower, op)
