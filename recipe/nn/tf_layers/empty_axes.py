"""Axes along which a sequence or a whole batch may have nothing: of inputs, of loops that may make no step, parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..ops.array import PostfixInTime, ReplaceDim
from ..ops.inputs import ExternDataOp
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
    return _makes_no_step(build, loop, of_inputs=False)


def may_be_empty(build: Any, dim: Dim) -> bool:
    """
    Whether a whole batch may have nothing along an axis: that of such a loop, or made of one.

    Those of the network's inputs are taken to have something: each LSTM over one would need more layers. Batches where
    they have nothing are the jobs' matter (jobs/batches_without_frames.py).
    """
    return _is_empty(build, dim, of_inputs=False)


def reads_what_is_not_there(build: Any, axis: Dim, dims: Iterable[Dim]) -> bool:
    """
    Whether a value made along an axis is read also for a sequence that has nothing there.

    :param dims: of that value; if one of them has the lengths of the axis, that sequence has no such value
    """
    if not _is_empty(build, axis, of_inputs=True):
        return False
    lengths = _axis_of_lengths(build, axis)
    return not any(_axis_of_lengths(build, dim) is lengths for dim in dims if dim.is_dynamic)


def _axis_of_lengths(build: Any, dim: Dim) -> Dim:
    """The axis that this one has been put in place of."""
    maker = _makers(build).get(dim)
    while isinstance(maker, ReplaceDim) and maker.out_dim is dim:
        dim = maker.axis
        maker = _makers(build).get(dim)
    return dim


def _makers(build: Any) -> Mapping[Dim, Op]:
    makers: Mapping[Dim, Op] = build.once("makers of axes", lambda: makers_of_axes(build.program))
    return makers


def _makes_no_step(build: Any, loop: LoopOp, *, of_inputs: bool) -> bool:
    if (loop.end is not None and not loop.include_eos) or loop.inputs:
        return True
    return loop.axis_is_known and _is_empty(build, loop.input_axis, of_inputs=of_inputs)


def _is_empty(build: Any, dim: Dim, *, of_inputs: bool) -> bool:
    """
    Whether there may be nothing along an axis.

    :param of_inputs: the answer for the axes of inputs
    """
    maker = _makers(build).get(dim)
    if isinstance(maker, ExternDataOp):
        return of_inputs
    if isinstance(maker, ResultOp) and dim is maker.result_of.get_axis():
        return _makes_no_step(build, maker.result_of, of_inputs=of_inputs)
    if maker is None or isinstance(maker, PostfixInTime):
        return False
    if isinstance(maker, SliceInTime) and (maker.start > 0 or (maker.end or 0) < 0):
        return True
    if isinstance(maker, RangeFromLength):
        return _may_be_zero(build, maker, of_inputs=of_inputs)
    return any(_is_empty(build, axis, of_inputs=of_inputs) for x in maker.inputs for axis in x.dims)


def _may_be_zero(build: Any, maker: RangeFromLength, *, of_inputs: bool) -> bool:
    """Whether the lengths that an axis is made of may be 0."""
    if maker.may_be_empty is not False:
        return bool(maker.may_be_empty)
    todo, axes = [*maker.inputs], []
    while todo:
        op = todo.pop().op
        if isinstance(op, Length):
            axes.append(op.dim)
        else:
            todo += op.inputs
    return any(_is_empty(build, axis, of_inputs=of_inputs) for axis in axes)


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
