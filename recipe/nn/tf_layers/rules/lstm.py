"""LSTMs: the unit that is fastest on the device, see :mod:`recipe.nn.tf_layers.lstm_units`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.lstm import LstmCellOp, LstmSequence
from ..build import Build
from ..layers import Reference
from ..lstm_units import lstm_unit_for
from ..rule import rule


@rule(LstmSequence)
def sequence(op: LstmSequence, build: Build) -> Sequence[Reference]:
    """``rec`` with an LSTM unit; its last states are ``get_last_hidden_state``."""
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
    return lstm_unit_for(build.device).cell(build, op)
