"""``dot``."""

from __future__ import annotations

from ....ops.dot import Dot
from ....record.graph import Tensor
from ...layers import Layer, Reference
from ..op_lowering import OpLowering
from ..rule import rule


@rule(Dot)
def dot(op: Dot, lower: OpLowering) -> Layer:
    """``dot``."""
    return lower.add(op, "dot", {"from": [_source(op, lower, x) for x in op.inputs], "reduce": op.reduce})


def _source(op: Dot, lower: OpLowering, x: Tensor) -> Reference:
    """
    An input; in training on a CPU, frames that each step of a loop reads in batch-major layout.

    Of time-major frames RETURNN's ``dot`` makes a transposed copy, which TensorFlow takes out of the loop, and one
    of their gradient in each step, which it does not.
    """
    loop = op.body.loop
    if lower.device != "cpu" or not lower.network.losses or loop is None or op not in lower.staying(loop):
        return lower.reference(x, takes_time_major=True)
    return lower.in_batch_major(x) or lower.reference(x)
