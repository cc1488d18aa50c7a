"""``constant``."""

from __future__ import annotations

from ...ops.constants import Constant
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(Constant)
def constant(op: Constant, build: Build) -> Layer:
    """``constant``; none at all where it is only the initial value of states, one for all that are alike."""
    return build.constant_at_root(op.value, op.dims, op.dtype, op.sparse_dim)
