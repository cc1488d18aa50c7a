"""
RETURNN (1.20261022, ``RecLayer`` in tf/layers/rec.py) makes while loops of the kind that TensorFlow's gradients (2.21,
gradients_util.py) fail on, with an ``AssertionError``, where a loop goes on with a state that nested ones before it had
and no parameter leads to.

So such a state is read without a gradient; it has none anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...program.gradients import has_gradient
from ...record.graph import Op
from ...record.loops import LastOp, LoopOp, PreviousOp
from ...record.reads import depends_on
from ..layers import Reference
from ..out_type import out_type
from .quirk import Quirk


def _results(build: Any, op: Op, results: Sequence[Reference]) -> Sequence[Reference]:
    if not isinstance(op, LastOp) or not op.output.dtype.startswith("float") or not build.program.losses:
        return results
    if not _has_loop_inside(op.result_of) or not _starts_a_loop(build, op) or has_gradient(op.output):
        return results
    options = {"from": results[0], "eval": "tf.stop_gradient(source(0))", "out_type": out_type(op.output)}
    return [build.add(op, "eval", options, name="last")]


def _has_loop_inside(loop: LoopOp) -> bool:
    return any(isinstance(op, LoopOp) for op in loop.body_of_steps.ops)


def _starts_a_loop(build: Any, last: LastOp) -> bool:
    """Whether it leads to the initial value of a state of another loop."""
    states = (op for op in build.program.ops_in_order() if isinstance(op, PreviousOp))
    return any(op.initial is not None and depends_on(op.initial, [last]) for op in states)


QUIRK = Quirk("gradients_of_no_parameter", results=_results)
