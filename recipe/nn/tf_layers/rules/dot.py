"""``dot``."""

from __future__ import annotations

from ...ops.dot import Dot
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(Dot)
def dot(op: Dot, build: Build) -> Layer:
    """``dot``; if one side has hypotheses, it is the first, so that the result has them next to the batch."""
    inputs = sorted(op.inputs, key=lambda tensor: not any(dim.is_beam for dim in tensor.dims))
    return build.add(op, "dot", {"from": [build.reference(tensor) for tensor in inputs], "reduce": op.reduce})
