"""Parameters: ``variable``."""

from __future__ import annotations

from ....ops.inputs import ParameterOp
from ...layers import Layer
from ..op_lowering import OpLowering
from ..rule import rule


@rule(ParameterOp)
def parameter(op: ParameterOp, lower: OpLowering) -> Layer:
    """``variable``, at the root, so that its name and its training do not depend on where it is used."""
    scope = op.path.rpartition("/")[0]
    name = lower.root.unique_name(op.path.replace("/", "_"))
    return Layer(lower.root, name, {"class": "variable", **op.form().options}, scope)
