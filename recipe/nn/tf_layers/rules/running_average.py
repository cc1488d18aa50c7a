"""``eval`` of a function that also changes a parameter."""

from __future__ import annotations

from ...ops.running_average import RunningAverage
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer
from ..out_type import out_type
from ..rule import rule

RUNNING_AVERAGE = ConfigFunction(
    '''
    def running_average(source, self, momentum, **_kwargs):
        """The value of this batch in training, else its running average, which is changed in training."""
        import tensorflow as tf

        value = source(0, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
        average = tf.identity(source(1, auto_convert=False))
        train = self.network.train_flag
        if train is False:
            return average
        (variable,) = source(1, as_layer=True).params.values()
        key = f"updates of {variable.name}"
        with tf.control_dependencies([average, *tf.compat.v1.get_collection(key)]):
            change = momentum * (tf.stop_gradient(value) - variable.read_value())
            update = tf.compat.v1.assign_add(variable, tf.where(train, change, tf.zeros_like(change)))
        tf.compat.v1.add_to_collection(key, update)
        self.network.register_post_control_dependencies([update])
        return tf.where(train, value, average)
    '''
)


@rule(RunningAverage)
def running_average(op: RunningAverage, build: Build) -> Layer:
    """
    ``eval``.

    RETURNN (1.20261022, ``LayerBase.batch_norm`` in tf/layers/base.py) takes padding of further axes into the
    statistics of ``batch_norm``, and assigns to variables of its own, which ``reuse_params`` gives it no parameter
    for. So the update is registered here as it is there, for both training and evaluation, where it adds 0.
    Test: modules/test_normalization.py::test_running_averages_after_a_step_of_training
    """
    value, average = op.inputs
    options = {"from": [build.reference(value), build.parameter(average)], "eval": RUNNING_AVERAGE}
    options["eval_locals"] = {"momentum": op.momentum}
    return build.add(op, "eval", {**options, "allow_broadcast_all_sources": True, "out_type": out_type(op.output)})
