"""Lengths, positions, and axes that are made of lengths."""

from __future__ import annotations

from ...ops.lengths import Length, RangeInAxis, WithLengths
from ...ops.new_axis import RangeFromLength
from ...plain.dim import Dim
from ...record.graph import Tensor
from ..code import Code
from ..layout import primary
from ..rule import rule
from .axes import cut


@rule(Length)
def length(op: Length, code: Code) -> str:
    """A number, or the lengths that are known."""
    if op.dim.is_batch or op.dim.is_static:
        code.define_scalar(op.output, code.size(op.dim))
    else:
        code.define(op.output, code.lengths(op.dim))
    return ""


@rule(RangeInAxis)
def range_in_axis(op: RangeInAxis, code: Code) -> str:
    """``torch.arange``."""
    return f"torch.arange({code.size(op.dim)}, dtype=torch.int32, device=device)"


@rule(RangeFromLength)
def range_from_length(op: RangeFromLength, code: Code) -> str:
    """``torch.arange``, to the greatest length."""
    code.set_lengths(op.out_dim, f"{_lengths_over(op.inputs[0], op.out_dim, code)}.clamp(min=0)")
    return f"torch.arange({code.size(op.out_dim)}, dtype=torch.int32, device=device)"


@rule(WithLengths)
def with_lengths(op: WithLengths, code: Code) -> str:
    """The frames up to the greatest length."""
    x, lengths = op.inputs
    code.set_lengths(op.out_dim, _lengths_over(lengths, op.out_dim, code))
    return cut(code.of(x), x.dims.index(op.axis), "", code.size(op.out_dim))


def _lengths_over(lengths: Tensor, dim: Dim, code: Code) -> str:
    return primary(code.expanded(lengths, dim.length_dims))
