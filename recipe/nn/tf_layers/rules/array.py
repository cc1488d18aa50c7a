"""Parts of axes."""

from __future__ import annotations

from ...ops.array import Slice
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(Slice)
def slice_(op: Slice, build: Build) -> Layer:
    """``slice``, with the end, which RETURNN does not take from the new dim."""
    options = {**op.form().options, "from": build.reference(op.inputs[0])}
    return build.add(op, "slice", {**options, "slice_end": op.start + op.out_dim.size})
