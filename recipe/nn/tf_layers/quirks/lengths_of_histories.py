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
from ...ops.hypotheses import Select
from ...ops.indexing import Gather
from ...ops.linear import LinearOp
from ...ops.reduce import Reduce
from ...ops.softmax import Softmax
from ...ops.transpose import Transpose
from ...plain.dim import Dim
from ...record.graph import Body, Op, Tensor
from ...record.loops import LoopOp
from ..layers import Layer, LayerNetwork, Reference
from ..made_axes import along_axis, axis_of_lengths
from .quirk import Quirk

_WITH_A_SCALAR = (Softmax, Dot, Reduce, Gather, Select, LinearOp, Elementwise, Dropout, Expand, Transpose, CumConcat)


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if isinstance(op, CumConcat) and layer.options["class"] == "cum_concat" and _wants_lengths(build, op):
        layer.options["out_spatial_dim"] = _frames_dim(build, op)


def _read(build: Any, tensor: Tensor, reference: Reference, here: LayerNetwork) -> Reference:
    op = tensor.op
    if not isinstance(op, CumConcat) or not _wants_lengths(build, op):
        return reference
    made: Reference = build.once(("with lengths", tensor), lambda: _with_lengths(build, op, reference))
    return made


def _with_lengths(build: Any, op: CumConcat, frames: Reference) -> Layer:
    """The frames, along an axis with lengths per sequence."""
    loop = _loop(op)
    axis = loop.history_dim
    before, build.unit = build.unit, build.unit_of(loop)
    made = build.once(("axis", axis), lambda: axis_of_lengths(build, op, axis, build.step(), "source(0) + 1"))
    layer = along_axis(build, op, frames, _frames_dim(build, op), axis, made)
    build.unit = before
    return layer


def _loop(op: CumConcat) -> LoopOp:
    assert op.body.loop is not None
    loop: LoopOp = op.body.loop
    return loop


def _frames_dim(build: Any, op: CumConcat) -> Dim:
    """The axis that RETURNN gives one length."""
    dim: Dim = build.once(("frames so far", _loop(op)), lambda: Dim(None, "frames_so_far"))
    return dim


def _wants_lengths(build: Any, op: CumConcat) -> bool:
    """Whether something reads the frames that wants lengths per sequence."""
    loop = _loop(op)
    readers = _readers(loop.body_of_steps, loop.history_dim)
    wants: bool = build.once(
        ("wants lengths", loop), lambda: not all(isinstance(reader, _WITH_A_SCALAR) for reader in readers)
    )
    return wants


def _readers(body: Body, axis: Dim) -> Iterator[Op]:
    """The ops of a body, and of loops in it, that have to do with an axis."""
    for op in body.ops:
        if isinstance(op, LoopOp):
            if op.axis is axis:
                yield op
            yield from _readers(op.body_of_steps, axis)
        elif any(axis in x.dims for x in (*op.inputs, *op.outputs)):
            yield op


QUIRK = Quirk("lengths_of_histories", read=_read, layer=_layer)
