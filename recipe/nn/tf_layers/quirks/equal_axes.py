"""
RETURNN (1.20261022, ``Dim.declare_same_as`` in tensor/_dim_extra.py) takes the axes that two layers ``postfix_in_time``
or ``merge_dims`` make of the same ones for one axis, whatever their ``out_dim``, since it computes with Dims what an
axis becomes. A value along both of them has it twice, or loses one.

So where a value has both, the second layer makes the axis of the first, and its result is given the other one.
"""

from __future__ import annotations

import itertools
from typing import Any

from ...ops.array import PostfixInTime, ReplaceDim
from ...ops.reshape import MergeDims
from ...passes.rewriting import Rewriting
from ...plain.dim import Dim
from ...program.program import Program
from ...record.graph import Body, Op
from .quirk import Quirk


def _equal_axes(program: Program) -> dict[Dim, Dim]:
    """By axes that are made later than one equal to them: that one; where a value has both."""
    makers = [op for op in program.ops_in_order() if isinstance(op, (PostfixInTime, MergeDims))]
    together = _dims_together(program) if len(makers) > 1 else set()
    first: dict[Any, Dim] = {}
    known_as: dict[Dim, Dim] = {}
    renamed: dict[Dim, Dim] = {}
    for op in makers:
        one, own = first.setdefault(_made_of(op, known_as), op.out_dim), op.out_dim
        if one is own:
            continue
        if any({own, dim} in together for dim in (one, *(dim for dim, known in known_as.items() if known is one))):
            renamed[own] = one
        else:
            known_as[own] = one
    return renamed


def _made_of(op: PostfixInTime | MergeDims, known_as: dict[Dim, Dim]) -> Any:
    """What RETURNN computes the new axis of, the same for axes that are one to it."""
    axes = op.axes if isinstance(op, MergeDims) else (op.axis,)
    return type(op), frozenset(known_as.get(axis, axis) for axis in axes)


def _dims_together(program: Program) -> set[frozenset[Dim]]:
    """The pairs of dims that a value has."""
    pairs = (itertools.combinations(x.dims, 2) for op in program.all_ops() for x in op.outputs)
    return {frozenset(pair) for some in pairs for pair in some}


class _EqualAxes(Rewriting):
    def __init__(self, program: Program):
        super().__init__(program)
        self.equal = _equal_axes(program)

    def copy_plain(self, op: Op, body: Body) -> None:
        """The axis of the first, and then the other one in place of it."""
        if not isinstance(op, (PostfixInTime, MergeDims)) or op.out_dim not in self.equal:
            super().copy_plain(op, body)
            return
        first = self.equal[op.out_dim]
        made = op.rebuilt(body, [self.read(tensor) for tensor in op.inputs], {op.out_dim: first})
        self.stands_for(op, [ReplaceDim(made.output, first, op.out_dim).output])


def _applies(program: Program) -> bool:
    return bool(_equal_axes(program))


QUIRK = Quirk("equal_axes", program=_EqualAxes, applies=_applies)
