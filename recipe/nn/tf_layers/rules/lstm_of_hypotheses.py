"""
LSTMs over any axis, for each place of any others, such as hypotheses of a search: no unit of RETURNN takes other axes
than the batch and the frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.lstm import LstmSequence
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Reference
from ..out_type import out_type

LSTM_OF_HYPOTHESES = ConfigFunction(
    '''
    def lstm_of_hypotheses(source, self, axis, in_dim, direction, **_kwargs):
        """An LSTM's output in all steps. It keeps what the LSTM ends with, for other layers."""
        import tensorflow as tf

        x, length = [source(number, as_data=True, auto_convert=False) for number in (0, 1)]
        weight, recurrent, bias = [source(number, auto_convert=False) for number in (2, 3, 4)]
        time, out_dim = self.output.dims[self.output.get_axis_from_description(axis)], self.output.dims[-1]
        rest = [dim for dim in self.output.dims if dim not in (time, out_dim)]
        frames = x.copy_transpose([x.dims[x.get_axis_from_description(axis)], *rest, in_dim]).placeholder
        steps, shape = tf.shape(frames)[0], tf.shape(frames)[1:-1]
        length = tf.broadcast_to(length.copy_compatible_to_dims_raw(rest), shape)
        is_frame = tf.reshape(tf.range(steps), [-1] + [1] * len(rest)) < length[None]
        zeros = tf.zeros(tf.concat([shape, [out_dim.dimension]], axis=0))
        state = tuple(
            source(number, as_data=True, auto_convert=False).copy_compatible_to_dims_raw([*rest, out_dim]) + zeros
            for number in range(5, len(self.sources))
        )

        def one_more(values):  # a frame of no hypothesis: TensorFlow goes over no empty sequence
            return tf.pad(values, [[0, 1]] + [[0, 0]] * (len(values.shape) - 1))

        def step(state, frame):
            (h, c), (x, is_frame) = state, frame
            j, i, f, o = tf.split(x + tf.tensordot(h, recurrent, 1), 4, axis=-1)
            new_c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(j)
            new_h = tf.sigmoid(o) * tf.tanh(new_c)
            return tf.where(is_frame[..., None], new_h, h), tf.where(is_frame[..., None], new_c, c)

        inputs = one_more(tf.tensordot(frames, weight, 1) + bias), one_more(is_frame)
        h, c = tf.scan(step, inputs, initializer=state or (zeros, zeros), reverse=direction < 0)
        last = 0 if direction < 0 else -1
        self.last_state = {"h": h[last], "c": c[last]}
        order = [time, *rest, out_dim]
        return tf.transpose(h[:steps], [order.index(dim) for dim in self.output.dims])
    '''
)
LAST_STATE = ConfigFunction(
    '''
    def last_state_of_hypotheses(source, key, **_kwargs):
        """What an LSTM over frames of hypotheses ends with."""
        return source(0, as_layer=True).last_state[key]
    '''
)


def lstm_of_hypotheses(op: LstmSequence, build: Build) -> Sequence[Reference]:
    """``eval`` of the equations (:func:`recipe.nn.ops.lstm.lstm_step`) by ``tf.scan``, and of what it ends with."""
    x, weight, recurrent, bias, *state = op.inputs
    frames = build.reference(x)
    if op.dropout is not None:
        frames = build.add(op, "dropout", {"from": frames, **build.dropout(op.dropout)}, name="dropped")
    length = build.add(op, "length", {"from": frames, "axis": op.axis}, name="length")
    parameters = [build.parameter(tensor) for tensor in (weight, recurrent, bias)]
    first = [build.reference(tensor) for tensor in state] if op.starts_with_state else []
    options: dict[str, Any] = {
        "from": [frames, length, *parameters, *first],
        "eval": LSTM_OF_HYPOTHESES,
        "eval_locals": {"axis": op.axis, "in_dim": op.in_dim, "direction": op.direction},
        "allow_broadcast_all_sources": True,
        "out_type": out_type(op.outputs[0]),
    }
    layer = build.add(op, "eval", options)
    last = []
    for key, tensor in zip("hc", op.outputs[1:]):
        options = {"from": layer, "eval": LAST_STATE, "eval_locals": {"key": key}, "out_type": out_type(tensor)}
        wanted = tensor in build.program.needed_tensors
        last.append(build.add(op, "eval", options, name=f"last_{key}") if wanted else layer)
    return [layer, *last]
