"""``dot``."""

from __future__ import annotations

from ...ops.dot import Dot
from ..axis_order import factors
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(Dot)
def dot(op: Dot, build: Build) -> Layer:
    """``dot``; if one side has hypotheses, it is the first, so that the result has them next to the batch."""
    return build.add(op, "dot", {"from": [build.reference(tensor) for tensor in factors(op)], "reduce": op.reduce})
