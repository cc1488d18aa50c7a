"""What values are called in the texts that are written of a program: as the user called them, if that was seen."""

from __future__ import annotations

from ..ops.inputs import ExternDataOp, ParameterOp
from ..ops.lstm import LstmCellOp, LstmSequence
from ..ops.top_k import TopK
from ..record.graph import Op, Tensor
from ..record.loops import FinalState, PreviousOp, ResultOp, UnstackOp

RESULTS: dict[type[Op], tuple[str, ...]] = {
    LstmCellOp: ("h", "c"),
    LstmSequence: ("hs", "h", "c"),
    TopK: ("best", "origin", "label"),
}
"""What the results of an op are called that has several; without an entry: name, name_2, ..."""


def stem_of(tensor: Tensor) -> str:
    """What a value is called, before that is made unique."""
    op = tensor.op
    if isinstance(op, ExternDataOp):
        return op.data.name
    if isinstance(op, ParameterOp):
        return op.path
    if isinstance(op, (PreviousOp, FinalState)):
        return (op.previous if isinstance(op, FinalState) else op).leaf.name or "state"
    if isinstance(op, ResultOp):
        return stem_of(op.inner)
    if type(op) in RESULTS:
        return RESULTS[type(op)][tensor.index]
    if isinstance(op, UnstackOp) and op.variable is None:
        return f"{stem_of(op.inputs[0])}_t"
    return op.variable or op.name or type(op).__name__.lower()
