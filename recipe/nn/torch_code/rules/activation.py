"""Functions of one value, place by place."""

from __future__ import annotations

from ...ops.activation import Activation
from ...ops.gradient import ScaleGradient
from ..code import Code
from ..layout import operand
from ..rule import rule

OF_TORCH = {
    "negative": "-{0}",
    "logical_not": "~{0}",
    "relu": "torch.relu({1})",
    "swish": "F.silu({1})",
    "gelu": "F.gelu({1})",
    "log_sigmoid": "F.logsigmoid({1})",
    "softplus": "F.softplus({1}, threshold=30.0)",
    "softsign": "F.softsign({1})",
    "elu": "F.elu({1})",
}
"""By kind; of others ``torch`` has a function of that name."""


@rule(Activation)
def activation(op: Activation, code: Code) -> str:
    """PyTorch's function."""
    x = op.inputs[0]
    number = code.scalar(x)
    if number is not None and not x.dims and op.kind in ("negative", "logical_not"):
        code.assign_scalar(op.output, f"{'-' if op.kind == 'negative' else 'not '}{operand(number)}")
        return ""
    of = code.of(x)
    return OF_TORCH.get(op.kind, f"torch.{op.kind}({{1}})").format(operand(of), of)


@rule(ScaleGradient)
def scale_gradient(op: ScaleGradient, code: Code) -> str:
    """``detach`` for none of it; else a function of ours."""
    x, factor = code.of(op.inputs[0]), code.number(op.factor)
    if float(factor) == 0.0:
        return f"{operand(x)}.detach()"
    return f"{code.function('with_scaled_gradient')}({x}, {factor})"
