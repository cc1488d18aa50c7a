"""RETURNN on TensorFlow: a network built in this process, without training. Both are imported when it is built."""

from __future__ import annotations

import contextlib
import logging
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy

from ..plain.layer_names import layer_of_output
from ..program.program import Program
from ..tf_layers.config import Written, config_text
from ..tf_layers.layers import LayerNetwork
from ..tf_layers.pipeline import Pipeline
from ..tf_layers.value_layers import NetworkWithValues
from .comparison import EngineValue
from .engine import Engine, EngineNetwork, EngineRun, EngineValues, T
from .returnn_failure import returnn_failure_text
from .returnn_state import behavior_version, quiet
from .returnn_values import LayerValues

NAME = "RETURNN on TensorFlow"


class ReturnnNetwork(EngineNetwork):
    """
    A network as RETURNN has it, with dropout switched off; see :func:`built`.

    :param session: TensorFlow's
    :param network: RETURNN's
    :param extern_data: RETURNN's inputs
    :param outputs: the names of the outputs that are asked for
    """

    def __init__(self, session: Any, network: Any, extern_data: Any, outputs: Sequence[str] = ()):
        self._session, self._network, self._extern_data = session, network, extern_data
        self._outputs = {name: layer_of_output(name) for name in outputs}
        self._variables = {variable.name.split(":")[0]: variable for variable in network.get_params_list()}
        self._trained = {variable.name.split(":")[0] for variable in network.get_trainable_params()}
        self._total: Any = None

    @property
    def parameter_names(self) -> set[str]:
        """Of all, trained or not."""
        return set(self._variables)

    @property
    def trained_names(self) -> set[str]:
        """Of those that are trained."""
        return set(self._trained)

    def set_parameters(self, values: Mapping[str, numpy.ndarray]) -> None:
        """Gives the parameters values."""
        for name, value in values.items():
            if name in self._variables:
                initializer = self._variables[name].initializer
                self._session.run(initializer, feed_dict={initializer.inputs[1]: value})

    def layer(self, name: str, feeds: Mapping[str, Any]) -> EngineValue:
        """What a layer gives, with its lengths; ``loop/layer`` for one in a loop."""
        data = self._network.get_layer(name).output
        dynamic = [dim for dim in data.dims if not dim.is_batch_dim() and dim.dimension is None]
        sizes = {dim.name: dim.dyn_size for dim in dynamic if dim.dyn_size is not None}
        value, lengths = self._session.run((data.placeholder, sizes), feed_dict=self._feed_dict(feeds))
        return EngineValue(value, ["batch" if dim.is_batch_dim() else dim.name for dim in data.dims], lengths)

    def run(self, feeds: Mapping[str, Any]) -> EngineRun:
        """What it gives."""
        feed_dict = self._feed_dict(feeds)
        outputs = {name: self.layer(layer, feeds) for name, layer in self._outputs.items()}
        holders, self._total, _ = self._network.get_losses_initialized(with_total=True)
        losses = {}
        for name, holder in holders.items():
            value = holder.get_loss_value()
            value = value if value is not None else holder.get_error_value()
            value, factor = self._session.run((value, holder.get_norm_factor()), feed_dict=feed_dict)
            losses[name] = float(value * factor)
        found = [self._network.get_layer(layer).get_search_choices() for layer in self._outputs.values()]
        choices = next((one for one in found if one), None)
        scores = None if choices is None else self._session.run(choices.beam_scores, feed_dict=feed_dict)
        return EngineRun(outputs, losses, scores)

    def gradients(self, feeds: Mapping[str, Any]) -> dict[str, numpy.ndarray]:
        """Of the total loss, by parameter; without those that it does not depend on."""
        import tensorflow as tf

        if self._total is None:
            _, self._total, _ = self._network.get_losses_initialized(with_total=True)
        names = sorted(self._trained)
        symbolic = dict(zip(names, tf.gradients(self._total, [self._variables[name] for name in names])))
        dense = {name: tf.convert_to_tensor(gradient) for name, gradient in symbolic.items() if gradient is not None}
        return self._session.run(dense, feed_dict=self._feed_dict(feeds))

    def _feed_dict(self, feeds: Mapping[str, Any]) -> dict[Any, Any]:
        feed_dict: dict[Any, Any] = {}
        batch_size = 0
        for key, (value, *lengths) in feeds.items():
            data = self._extern_data.data[key]
            feed_dict[data.placeholder] = value
            batch_size = value.shape[data.batch_dim_axis]
            dynamic = [dim for dim in data.dims if not dim.is_batch_dim() and dim.dimension is None]
            feed_dict.update({dim.dyn_size: length for dim, length in zip(dynamic, lengths)})
        batch = self._extern_data.get_batch_info().dim
        if batch.op.type == "Placeholder":
            feed_dict[batch] = batch_size
        return feed_dict


@contextlib.contextmanager
def built(network: Written, *, search: bool, outputs: Sequence[str] = ()) -> Iterator[ReturnnNetwork]:
    """
    Builds a network from the config that is written of it, on the CPU; search networks search.

    What RETURNN prints is thrown away. Its behavior version is as it was in the end.

    :param outputs: the names of those that are asked for
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf
    from returnn.config import Config, global_config_ctx
    from returnn.tf.network import ExternData, TFNetwork

    config = Config()
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "returnn.config")
        file.write_text(config_text(network, "cpu"), encoding="utf-8")
        config.load_file(os.fspath(file))
    on_the_cpu = tf.compat.v1.ConfigProto(device_count={"GPU": 0})
    with (
        quiet(),
        _quiet_logger(),
        behavior_version(config.int("behavior_version", 0)),
        tf.Graph().as_default(),
        tf.compat.v1.Session(config=on_the_cpu) as session,
        global_config_ctx(config),
    ):
        extern_data = ExternData()
        extern_data.init_from_config(config, auto_create_placeholders=True)
        # a constant that TensorFlow knows, and RETURNN does not: gradients through loops are there, dropout is not
        is_training = False if search else tf.constant(False)
        made = TFNetwork(
            config=config, extern_data=extern_data, train_flag=is_training, eval_flag=True, search_flag=search
        )
        made.construct_from_dict(config.typed_value("network"))
        session.run([tf.compat.v1.global_variables_initializer(), made.global_train_step_var.initializer])
        yield ReturnnNetwork(session, made, extern_data, outputs)


@contextlib.contextmanager
def _quiet_logger() -> Iterator[None]:
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


class TensorFlow(Engine):
    """RETURNN on TensorFlow."""

    name = "tensorflow"
    title = NAME
    short = "TensorFlow"
    packages = ("returnn", "tensorflow")

    def built(self, network: Program) -> AbstractContextManager[ReturnnNetwork]:
        """Builds a network."""
        names = [name for name, _ in network.outputs]
        return built(_WithLayers(network), search=bool(network.beam_sizes), outputs=names)

    def look_at_values(
        self,
        network: Program,
        parameters: Mapping[str, numpy.ndarray],
        feeds: Mapping[str, Any],
        look: Callable[[EngineValues], T],
    ) -> T:
        """What a function finds in the values of layers."""

        def of_layers(with_values: NetworkWithValues) -> T:
            with built(with_values, search=bool(network.beam_sizes)) as returnn:
                returnn.set_parameters(parameters)
                return look(LayerValues(with_values.places, lambda layer: returnn.layer(layer, feeds)))

        if any(loop.body.loop is not None for loop in network.loops):
            # RETURNN may refuse to hand out the values of inner loops
            with contextlib.suppress(Exception):
                return of_layers(NetworkWithValues(network, inner_loops=True))
        return of_layers(NetworkWithValues(network))

    def failure_text(self, error: BaseException, network: Program, feeds: Mapping[str, Any]) -> str:
        """What an error says, and the user's line of the layer that failed."""
        layers = None
        with contextlib.suppress(Exception):
            layers = Pipeline(network, "cpu").run()
        return returnn_failure_text(error, layers)


class _WithLayers:
    """
    A network that a config of TensorFlow can be written of.

    :param network: the user's program
    """

    def __init__(self, network: Program):
        self.network, self.extern_data = network, network.extern_data

    def layers(self, device: str) -> LayerNetwork:
        """Its layers."""
        return Pipeline(self.network, device).run()
