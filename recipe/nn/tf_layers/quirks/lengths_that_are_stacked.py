"""
RETURNN (1.20261022, ``_SubnetworkRecCell.get_output`` in tf/layers/rec.py) takes any layer ``length`` that it stacks
over the steps of a loop for a helper of its own, and changes the lengths of the axis to what it stacked.

So a length that leaves a loop is a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.lengths import Length
from ...record.graph import Op
from ...record.loops import StackOp
from ..layers import Reference
from .quirk import Quirk


def _results(build: Any, op: Op, results: Sequence[Reference]) -> Sequence[Reference]:
    loop = op.body.loop
    if not isinstance(op, Length) or loop is None:
        return results
    if not any(isinstance(result, StackOp) and result.inner is op.output for result in loop.results):
        return results
    return [build.add(op, "copy", {"from": results[0]}, name="stacked")]


QUIRK = Quirk("lengths_that_are_stacked", results=_results)
