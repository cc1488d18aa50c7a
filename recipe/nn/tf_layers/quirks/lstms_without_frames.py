"""
RETURNN (1.20261022, ``RecLayer`` in tf/layers/rec.py) fails to run its LSTM units over sequences of which none in the
batch has a frame: "TensorArray has size zero" with TensorFlow's unit; the native one looks for the last state of none.

So an LSTM over an axis that may be without frames goes over one that has at least one for each sequence; as many as
there are of its results are read, and after no frame the state is the one that it starts with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.lstm import LstmSequence
from ...record.graph import Op
from ..config_function import ConfigFunction
from ..empty_axes import axis_of_frames_or_one, frames_or_one, may_be_empty
from ..layers import Layer, Reference
from ..out_type import out_type
from .quirk import Quirk

FRAMES_THERE_ARE = ConfigFunction(
    '''
    def frames_there_are(source, self, axis, out_axis, **_kwargs):
        """As many frames as the other source has."""
        import tensorflow as tf

        x, like = [source(number, as_data=True, auto_convert=False) for number in (0, 1)]
        time = self.output.get_axis_from_description(out_axis)
        dims = list(self.output.dims)
        dims[time] = x.dims[x.get_axis_from_description(axis)]
        count = tf.shape(like.placeholder)[like.get_axis_from_description(out_axis)]
        return tf.gather(x.copy_transpose(dims).placeholder, tf.range(count), axis=time)
    '''
)
STATE_AFTER_FRAMES = ConfigFunction(
    '''
    def state_after_frames(source, self, **_kwargs):
        """The last state of an LSTM; for a sequence without frames the one that it started with."""
        import tensorflow as tf

        count = source(2, as_data=True, auto_convert=False).copy_compatible_to_dims_raw(self.output.dims)
        return tf.where(tf.greater(count, 0), source(0), source(1))
    '''
)


def _goes_over_nothing(build: Any, op: Op) -> bool:
    if not isinstance(op, LstmSequence) or op.has_more_axes:
        return False  # of hypotheses and the like it is no ``rec`` layer
    return op.axis.is_dynamic and may_be_empty(build, op.axis)


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if layer.options["class"] == "rec" and isinstance(op, LstmSequence) and _goes_over_nothing(build, op):
        frames = frames_or_one(build, op, op.inputs[0], op.axis)
        layer.options |= {"from": frames, "axis": axis_of_frames_or_one(build, op.axis)}


def _results(build: Any, op: Op, results: Sequence[Reference]) -> Sequence[Reference]:
    if not isinstance(op, LstmSequence) or not _goes_over_nothing(build, op):
        return results
    needed = build.program.needed_tensors
    steps = _steps(build, op, results[0]) if op.outputs[0] in needed else results[0]
    last = [
        _last(build, op, number, result) if op.outputs[number] in needed else result
        for number, result in enumerate(results[1:], 1)
    ]
    return [steps, *last]


def _steps(build: Any, op: LstmSequence, steps: Reference) -> Layer:
    """All results of frames that there are."""
    options = {"from": [steps, build.reference(op.inputs[0])], "eval": FRAMES_THERE_ARE}
    options |= {"eval_locals": {"axis": axis_of_frames_or_one(build, op.axis), "out_axis": op.axis}}
    options |= {"allow_broadcast_all_sources": True, "out_type": out_type(op.outputs[0])}
    layer: Layer = build.add(op, "eval", options, name="steps")
    return layer


def _last(build: Any, op: LstmSequence, number: int, last: Reference) -> Layer:
    """A state after all frames."""
    count = {"from": build.reference(op.inputs[0]), "axis": op.axis}
    state, dims = op.inputs[4:], op.outputs[number].dims
    start = build.reference(state[number - 1]) if state else build.constant_at_root(0.0, dims, "float32")
    options = {"from": [last, start, build.add(op, "length", count, name="length")], "eval": STATE_AFTER_FRAMES}
    options |= {"allow_broadcast_all_sources": True, "out_type": out_type(op.outputs[number])}
    layer: Layer = build.add(op, "eval", options, name="hc"[number - 1])
    return layer


QUIRK = Quirk("lstms_without_frames", results=_results, layer=_layer)
