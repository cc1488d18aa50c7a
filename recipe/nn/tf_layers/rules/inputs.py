"""Parameters: ``variable``."""

from __future__ import annotations

from ...ops.inputs import ParameterOp
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(ParameterOp)
def parameter(op: ParameterOp, build: Build) -> Layer:
    """``variable``, at the root, so that its name and its training do not depend on where it is used."""
    scope = op.path.rpartition("/")[0]
    name = build.root.unique_name(op.path.replace("/", "_"))
    layer = Layer(build.root, name, {"class": "variable", **op.form().options}, scope)
    build.parameter_holders[op.path] = layer
    return layer
