"""``choice``."""

from __future__ import annotations

from typing import Any

from ....ops.choice import Choice
from ...layers import Layer, Reference
from ..rule import rule


@rule(Choice)
def choice(op: Choice, lower: Any) -> Layer:
    """``choice``; of a loop over an input, of scores in which only steps before the end count."""
    loop = op.body.loop
    scores, input_type = lower.scores_of(op), op.input_type
    after_the_end = lower.conditions_before(loop)
    if after_the_end:
        scores, input_type = _only_counted(op, lower, scores, after_the_end), "log_prob"
    return lower.add(op, "choice", {**op.form().options, "from": scores, "input_type": input_type})


def _only_counted(op: Choice, lower: Any, scores: Reference, after_the_end: list[Reference]) -> Reference:
    """
    Log probabilities; in a step after the end of a sequence label 0 is certain.

    RETURNN runs one such step of a loop that is over with its input, and would score what is chosen in it.
    """
    if op.input_type != "log_prob":
        activation = "log_softmax" if op.input_type == "logits" else "safe_log"
        scores = lower.add(op, "activation", {"from": scores, "activation": activation}, name="log_prob")
    over = "source(1)" if len(after_the_end) == 1 else "tf.logical_or(source(1), source(2))"
    certain = "tf.where(tf.range(tf.shape(source(0))[-1]) > 0, -1e30, 0.0)"
    options = {"from": [scores, *after_the_end], "eval": f"tf.where({over}, {certain}, source(0))"}
    return lower.add(op, "eval", {**options, "allow_broadcast_all_sources": True}, name="counted")
