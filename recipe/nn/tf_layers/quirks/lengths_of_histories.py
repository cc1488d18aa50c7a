"""
RETURNN (1.20261022, ``CumConcatLayer`` in tf/layers/rec.py) gives the frames that came so far one length for all
sequences, a scalar. Most layers want lengths to be per sequence: LSTMs and loops over such an axis fail, and so does
what computes with its lengths.

So where other ops read the frames than those that can do with a scalar, they are given an axis with the same lengths,
one per sequence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...ops.dot import Dot
from ...ops.dropout import Dropout
from ...ops.elementwise import Elementwise
from ...ops.expand import Expand
from ...ops.history import CumConcat
from ...ops.indexing import Gather
from ...ops.linear import LinearOp
from ...ops.reduce import Reduce
from ...ops.softmax import Softmax
from ...ops.transpose import Transpose
from ...plain.dim import Dim
from ...record.graph import Body, Op
from ...record.loops import LoopOp
from ..layers import Layer
from ..made_axes import along_axis, axis_of_lengths
from .quirk import Quirk

_WITH_A_SCALAR = (Softmax, Dot, Reduce, Gather, LinearOp, Elementwise, Dropout, Expand, Transpose, CumConcat)


def _op(build: Any, op: Op) -> Layer | None:
    if not isinstance(op, CumConcat):
        return None
    loop = op.body.loop
    axis = loop.history_dim
    if all(isinstance(reader, _WITH_A_SCALAR) for reader in _readers(op.body, axis)):
        return None
    frames_dim = build.once(("frames so far", loop), lambda: Dim(None, "frames_so_far"))
    options = {**op.form().options, "from": build.reference(op.inputs[0]), "out_spatial_dim": frames_dim}
    frames = build.add(op, "cum_concat", options, name="frames_so_far")
    made = build.once(("axis", axis), lambda: axis_of_lengths(build, op, axis, build.step(), "source(0) + 1"))
    return along_axis(build, op, frames, frames_dim, axis, made)


def _readers(body: Body, axis: Dim) -> Iterator[Op]:
    """The ops of a body, and of loops in it, that have to do with an axis."""
    for op in body.ops:
        if isinstance(op, LoopOp):
            if op.axis is axis:
                yield op
            yield from _readers(op.body_of_steps, axis)
        elif any(axis in x.dims for x in (*op.inputs, *op.outputs)):
            yield op


QUIRK = Quirk("lengths_of_histories", op=_op)
