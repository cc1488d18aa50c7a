"""Loops: ``rec``, its states, what enters and what leaves it."""

from __future__ import annotations

from collections.abc import Sequence

from ...record.loops import FinalState, LastOp, LoopIndex, LoopOp, PreviousOp, ResultOp, StackOp, UnstackOp
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer, Reference
from ..loops import write_loop
from ..out_type import out_type
from ..rule import rule

FRAME = ConfigFunction(
    '''
    def frame(source, self, axis, **_kwargs):
        """The frame of a sequence at this step, of a TensorArray made where the sequence is, which may have none."""
        import tensorflow as tf
        from returnn.tf.util.basic import same_control_flow_ctx

        x, step = source(0, as_data=True, auto_convert=False), source(1, auto_convert=False)
        with same_control_flow_ctx(x.placeholder):
            time_axis = x.dims[x.get_axis_from_description(axis)]
            frames = x.copy_transpose([time_axis, *self.output.dims]).placeholder
            shape, size = frames.shape[1:], tf.maximum(tf.shape(frames)[0], 1)
            frames = tf.pad(frames, [[0, size - tf.shape(frames)[0]]] + [[0, 0]] * len(shape))
            array = tf.TensorArray(frames.dtype, size, clear_after_read=False, element_shape=shape).unstack(frames)
        return array.read(tf.minimum(step, size - 1))
    ''',
)


@rule(LoopOp)
def loop(op: LoopOp, build: Build) -> Sequence[Reference]:
    """``rec`` with the body as its unit."""
    write_loop(build, op)
    return ()


@rule(PreviousOp)
def state(op: PreviousOp, build: Build) -> Reference:
    """``prev:`` of the layer that computes its new value."""
    assert op.initial is not None
    return build.reference(op.initial) if op.is_constant else build.previous(op)


@rule(UnstackOp)
def unstack(op: UnstackOp, build: Build) -> Layer:
    """
    ``eval`` of a TensorArray.

    RETURNN (1.20261022, ``RecUnstackLayer`` in tf/layers/rec.py) reads frames by ``rec_unstack`` only where it moves
    that layer out of the loop; by ``gather``, the gradient of a frame is as large as the whole sequence in each step;
    and it runs the body once more where ``end`` is true at once. So a function reads frames of an array, within the
    frames that there are; where there are none, of one of zeros, as TensorFlow has no gradient of an empty array.
    Test: language/test_loop.py::test_end_only
    """
    sources = [build.reference(op.inputs[0]), build.step()]
    options = {"from": sources, "eval": FRAME, "eval_locals": {"axis": op.loop.input_axis}}
    return build.add(op, "eval", {**options, "out_type": out_type(op.output)})


@rule(LoopIndex)
def index(op: LoopIndex, build: Build) -> Reference:
    """RETURNN's ``:i``."""
    return build.step()


@rule(StackOp)
@rule(LastOp)
@rule(FinalState)
def result(op: ResultOp, build: Build) -> Reference:
    """A layer inside of ``rec``, seen from outside; ``rec_last_output`` of the last value."""
    return build.results[op]
