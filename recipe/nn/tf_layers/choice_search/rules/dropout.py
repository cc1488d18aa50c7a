"""``dropout``."""

from __future__ import annotations

from ....ops.dropout import Dropout
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(Dropout)
def dropout(op: Dropout, lower: OpLowering) -> Layer:
    """``dropout`` with a mask entry for each place; by default RETURNN has one for all sequences and frames."""
    x = lower.reference(op.inputs[0])
    loop = op.body.loop
    if loop is not None and not op.inputs[0].op.body.is_inside(loop.body_of_steps):
        # RETURNN would move this out of the loop, and all steps would have one mask
        options = {"from": [x, lower.step()], "eval": "source(0) + 0 * tf.cast(source(1), source(0).dtype)"}
        x = lower.add(op, "eval", {**options, "allow_broadcast_all_sources": True}, name="step_of_dropout")
    if lower.once(("dropout", x, op.rate), lambda: op) is not op:
        x = lower.add(op, "copy", {"from": x}, name="dropped_again")  # of one source RETURNN has one mask only
    return lower.add(op, "dropout", {"from": x, "dropout": op.rate, "dropout_noise_shape": {"*": None}})
