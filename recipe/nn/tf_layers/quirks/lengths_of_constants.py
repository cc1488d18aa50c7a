"""
RETURNN (1.20261022, ``ConstantLayer`` in tf/layers/basic.py) wants to know all axes of a constant when its layer is
made. It knows those of inputs of the network; an axis that a layer makes, such as that of pooled frames, it knows only
if it happened to make that layer before.

So such a constant is one without the axis, which is then repeated along that of a tensor that has it.
"""

from __future__ import annotations

from ...ops.constants import Constant
from ...ops.expand import Expand
from ...ops.inputs import ExternDataOp
from ...ops.transpose import Transpose
from ...passes.rewriting import Rewriting
from ...plain.dim import Dim
from ...program.program import Program
from ...record.graph import Body, Op, Tensor
from .quirk import Quirk


class _Repeated(Rewriting):
    """Constants over axes that layers make become repeated ones."""

    def copy_plain(self, op: Op, body: Body) -> None:
        """Copies an op; of such a constant the rest, repeated."""
        made = _made_axes(op) if isinstance(op, Constant) else {}
        if not isinstance(op, Constant) or not made:
            super().copy_plain(op, body)
            return
        rest = tuple(dim for dim in op.dims if dim not in made)
        new = Constant(op.value, rest, op.dtype, op.sparse_dim).output
        for dim in reversed(made):
            new = Expand(new, self.read(made[dim]), dim).output
        self.stands_for(op, [new if new.dims == op.output.dims else Transpose(new, op.output.dims).output])


def _made_axes(op: Constant) -> dict[Dim, Tensor]:
    """The axes of a constant that layers make, each with what has it."""
    having = {dim: next((x for x in op.inputs if dim in x.dims), None) for dim in op.dims if dim.is_dynamic}
    return {dim: x for dim, x in having.items() if x is not None and not isinstance(x.op, ExternDataOp)}


def _applies(program: Program) -> bool:
    return any(isinstance(op, Constant) and _made_axes(op) for op in program.all_ops())


QUIRK = Quirk("lengths_of_constants", program=_Repeated, applies=_applies)
