"""Quirk: what is written otherwise because of one peculiarity of RETURNN on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...passes.rewriting import Rewriting
from ...program.program import Program
from ...record.graph import Op, Tensor
from ...record.loops import LoopOp
from ..layers import Layer, LayerNetwork, Reference


def has_loops(program: Program) -> bool:
    """Whether it has any loop."""
    return bool(program.loops)


class Quirk(NamedTuple):
    """
    One work-around. It acts at one place of the translation, or at several.

    :ivar name: of its file
    :ivar program: rewrites what the passes made of the user's program
    :ivar applies: whether there is anything to rewrite; of the program
    :ivar op: what is written for an op in place of the layers of its rule, which it stands for; None if those will do;
        of the build and the op
    :ivar results: what stands for the results of an op in place of what its rule gave; of the build, the op, and that
    :ivar read: what is read in place of a tensor's layer; of the build, the tensor, its layer, and the net dict of the
        reader
    :ivar layer: changes a layer that an op became; of the build, the op and the layer
    :ivar loop: changes a loop when all of it is written; of the build, the loop, and its net dict
    """

    name: str
    program: Callable[[Program], Rewriting] | None = None
    applies: Callable[[Program], bool] = has_loops
    op: Callable[[Any, Op], Layer | None] | None = None
    results: Callable[[Any, Op, Sequence[Reference]], Sequence[Reference]] | None = None
    read: Callable[[Any, Tensor, Reference, LayerNetwork], Reference] | None = None
    layer: Callable[[Any, Op, Layer], None] | None = None
    loop: Callable[[Any, LoopOp, LayerNetwork], None] | None = None
