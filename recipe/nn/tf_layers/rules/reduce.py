"""``reduce``."""

from __future__ import annotations

from typing import Any

from ...ops.reduce import Reduce
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(Reduce)
def reduce(op: Reduce, build: Build) -> Layer:
    """``reduce``; over the steps so far of a loop all frames count."""
    options: dict[str, Any] = {**op.form().options, "from": build.reference(op.inputs[0])}
    loop = op.body.loop
    if loop is not None and any(axis is loop.known_history_dim for axis in op.axes):
        options["use_time_mask"] = False  # all count
    return build.add(op, "reduce", options)
