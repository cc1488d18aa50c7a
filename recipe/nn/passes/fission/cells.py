"""LSTM cells that are nothing but the steps of an LSTM over a whole sequence."""

from __future__ import annotations

from ...ops.lstm import LstmCellOp
from ...plain.dim import batch_dim
from ...record.graph import Op
from ...record.loops import FinalState, PreviousOp
from .step_graph import StepGraph


def sequence_cells(graph: StepGraph) -> dict[Op, tuple[PreviousOp, PreviousOp]]:
    """
    The cells whose steps an LSTM over the whole sequence makes as well, with their states ``h`` and ``c``.

    The cell alone writes its states, and nothing else reads ``c``, of which an LSTM over a sequence gives no steps.
    """
    cells: dict[Op, tuple[PreviousOp, PreviousOp]] = {}
    for op in graph.ops:
        states = _carried_states(graph, op)
        if states is not None:
            cells[op] = states
    return cells


def _carried_states(graph: StepGraph, op: Op) -> tuple[PreviousOp, PreviousOp] | None:
    loop = graph.loop
    if not isinstance(op, LstmCellOp) or set(op.inputs[0].dims) != {batch_dim, op.in_dim}:
        return None
    if loop.axis_is_known and loop.input_axis.is_static:
        return None
    h, c = (tensor.op for tensor in op.inputs[4:])
    if not (isinstance(h, PreviousOp) and isinstance(c, PreviousOp) and h.loop is loop and c.loop is loop):
        return None
    if h.final is not op.outputs[0] or c.final is not op.outputs[1]:
        return None
    others = [user for user in graph.users(op.outputs[1]) if user is not c]
    leaves_as_state = graph.has_known_steps and all(isinstance(user, FinalState) for user in others)
    if (others and not leaves_as_state) or any(user is not op for user in graph.users(c.output)):
        return None
    return h, c
