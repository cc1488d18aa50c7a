"""Parts of axes."""

from __future__ import annotations

from ...ops.array import Slice
from ...ops.slice_in_time import SliceInTime
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer
from ..made_axes import derived_axis
from ..out_type import out_type_beside
from ..rule import rule

FRAMES_FROM = ConfigFunction(
    '''
    def frames_from(source, self, axis, out_axis, start, **_kwargs):
        """The frames from one position on, as many as the other source has; 0 after the ends of sequences."""
        import tensorflow as tf

        x, made = [source(number, as_data=True, auto_convert=False) for number in (0, 1)]
        count = tf.shape(made.placeholder)[made.get_axis_from_description(out_axis)]
        time = self.output.get_axis_from_description(out_axis)
        order = list(self.output.dims)
        order[time] = x.dims[x.get_axis_from_description(axis)]
        frames = tf.gather(x.copy_transpose(order).placeholder, tf.range(start, start + count), axis=time)
        if not self.output.have_batch_axis():
            return frames
        length = self.output.dims[time].dyn_size_ext.copy_compatible_to_dims_raw(self.output.dims)
        numbers = tf.reshape(tf.range(count), [-1 if axis == time else 1 for axis in range(len(order))])
        return tf.where(numbers < length, frames, tf.zeros_like(frames))
    '''
)


@rule(Slice)
def slice_(op: Slice, build: Build) -> Layer:
    """``slice``, with the end, which RETURNN does not take from the new dim."""
    options = {**op.form().options, "from": build.reference(op.inputs[0])}
    return build.add(op, "slice", {**options, "slice_end": op.start + op.out_dim.size})


@rule(SliceInTime)
def slice_in_time(op: SliceInTime, build: Build) -> Layer:
    """
    ``eval``, along an axis made of its lengths.

    RETURNN (1.20261022, ``SliceLayer`` in tf/layers/basic.py) gives ``slice_end`` frames to each sequence, padding to
    those that have fewer. So the frames are picked along an axis made of the lengths.
    Test: ops/test_slice_in_time.py::test_parts_of_sequences
    """
    end = "source(0)"
    if op.end is not None:
        end = f"tf.minimum(source(0), {op.end})" if op.end >= 0 else f"source(0) - {-op.end}"
    made = derived_axis(build, op, op.axis, op.out_dim, f"tf.maximum({end} - {op.start}, 0)")
    options = {"from": [build.reference(op.inputs[0]), made], "eval": FRAMES_FROM}
    options["eval_locals"] = {"axis": op.axis, "out_axis": op.out_dim, "start": op.start}
    out_type = {"sparse_dim": None, **out_type_beside(op.output, op.inputs)}
    return build.add(op, "eval", {**options, "allow_broadcast_all_sources": True, "out_type": out_type})
