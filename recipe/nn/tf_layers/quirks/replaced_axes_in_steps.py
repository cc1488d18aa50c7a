"""
RETURNN (1.20261022, ``ReinterpretDataLayer`` in tf/layers/basic.py) does not know the lengths of an axis that takes the
place of another one (``set_dim_tags``) which is made in the steps of a loop: a loop inside fails that reads it, and so
does one that has made it shorter. Nor does it know them where each hypothesis of a search has its own.

So there the axis is made of its lengths, and the values are given along it.
"""

from __future__ import annotations

from typing import Any

from ...ops.array import ReplaceDim
from ...record.graph import Op
from ..layers import Layer
from ..made_axes import along_axis, derived_axis, having
from .quirk import Quirk


def _op(build: Any, op: Op) -> Layer | None:
    if not isinstance(op, ReplaceDim) or op.axis.is_static:
        return None
    source = having(build, op, op.axis)
    of_hypotheses = any(dim.is_beam for dim in op.axis.length_dims)
    if source is None or (source.op.body.loop is None and not of_hypotheses):
        return None
    made = derived_axis(build, op, op.axis, op.out_dim, "source(0)")
    return along_axis(build, op, build.reference(op.inputs[0]), op.axis, op.out_dim, made)


QUIRK = Quirk("replaced_axes_in_steps", op=_op)
