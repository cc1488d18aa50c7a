"""Axes along which a whole batch may have nothing: those of loops that may end before their first step, and parts."""

from __future__ import annotations

from typing import Any

from ..ops.array import PostfixInTime
from ..ops.lengths import Length
from ..ops.new_axis import RangeFromLength
from ..ops.slice_in_time import SliceInTime
from ..plain.dim import Dim
from ..record.graph import Op, Tensor
from ..record.loops import LoopOp, ResultOp
from .config_function import ConfigFunction
from .layers import Layer
from .made_axes import derived_axis, makers_of_axes
from .out_type import type_of

FRAMES_OR_ONE = ConfigFunction(
    '''
    def frames_or_one(source, self, axis, out_axis, **_kwargs):
        """All frames; one of zeros for a sequence without any. The last source makes their axis."""
        import tensorflow as tf

        source(2, as_layer=True)
        x, count = [source(number, as_data=True, auto_convert=False) for number in (0, 1)]
        time = self.output.get_axis_from_description(out_axis)
        dims = list(self.output.dims)
        dims[time] = x.dims[x.get_axis_from_description(axis)]
        count = count.copy_compatible_to_dims_raw(self.output.dims)
        x = x.copy_transpose(dims).placeholder
        x = tf.where(tf.greater(count, 0), x, tf.zeros_like(x))
        missing = tf.maximum(1 - tf.shape(x)[time], 0)
        return tf.pad(x, [[0, missing if number == time else 0] for number in range(len(dims))])
    '''
)


def may_make_no_step(build: Any, loop: LoopOp) -> bool:
    """Whether a loop may make no step in a whole batch."""
    if (loop.end is not None and not loop.include_eos) or loop.inputs:
        return True
    return loop.axis_is_known and may_be_empty(build, loop.input_axis)


def may_be_empty(build: Any, dim: Dim) -> bool:
    """Whether an axis is that of such a loop, or made of one. Those of the network's inputs are never empty."""
    maker = build.once("makers of axes", lambda: makers_of_axes(build.program)).get(dim)
    if isinstance(maker, ResultOp) and dim is maker.result_of.get_axis():
        return may_make_no_step(build, maker.result_of)
    if maker is None or isinstance(maker, PostfixInTime):
        return False
    if isinstance(maker, SliceInTime) and (maker.start > 0 or (maker.end or 0) < 0):
        return True
    if isinstance(maker, RangeFromLength):
        return _may_be_zero(build, maker)
    return any(may_be_empty(build, axis) for x in maker.inputs for axis in x.dims)


def _may_be_zero(build: Any, maker: RangeFromLength) -> bool:
    """Whether the lengths that an axis is made of may be 0 for a whole batch."""
    if maker.may_be_empty is not False:
        return bool(maker.may_be_empty)
    todo, axes = [*maker.inputs], []
    while todo:
        op = todo.pop().op
        if isinstance(op, Length):
            axes.append(op.dim)
        else:
            todo += op.inputs
    return any(may_be_empty(build, axis) for axis in axes)


def axis_of_frames_or_one(build: Any, axis: Dim) -> Dim:
    """The axis of what :func:`frames_or_one` makes."""
    dim: Dim = build.once(("frames or one", axis), lambda: axis.with_name(f"{axis.name}_or_one"))
    return dim


def frames_or_one(build: Any, op: Op, x: Tensor, axis: Dim) -> Layer:
    """
    Adds a layer with at least one frame for each sequence: zeros for one that has none.

    :param op: what it is for
    :param axis: the axis of ``x`` that may be empty
    """
    dim = axis_of_frames_or_one(build, axis)
    made = derived_axis(build, op, axis, dim, "tf.maximum(source(0), 1)")
    count = build.add(op, "length", {"from": build.reference(x), "axis": axis}, name="length")
    dims = [dim if one is axis else one for one in x.dims]
    options = {"from": [build.reference(x), count, made], "eval": FRAMES_OR_ONE, "allow_broadcast_all_sources": True}
    options |= {"eval_locals": {"axis": axis, "out_axis": dim}}
    options["out_type"] = {"sparse_dim": None, **type_of(dims, x.dtype, x.sparse_dim)}
    layer: Layer = build.add(op, "eval", options, name="frames")
    return layer
