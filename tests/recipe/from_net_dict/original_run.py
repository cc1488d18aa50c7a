"""Runs a config as it is in RETURNN on TensorFlow, in this process."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy

from ..nn.returnn_run import ReturnnOutput
from ..nn.tensorflow_session import new_session


class OriginalRun(NamedTuple):
    """
    What a run gave.

    :ivar outputs: by layer
    :ivar losses: the mean over all frames, by layer
    :ivar sums: of all frames, which is what is optimised
    :ivar parameters: the values of all parameters, by RETURNN's names
    """

    outputs: dict[str, ReturnnOutput]
    losses: dict[str, float]
    sums: dict[str, float]
    parameters: dict[str, numpy.ndarray]


def settings_of(text: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The settings of a config of this repository, which is run as RETURNN runs it."""
    from returnn.config import Config

    namespace: dict[str, Any] = {"config": Config(dict(options or {}))}
    exec(compile(text, "<config>", "exec"), namespace)
    return {key: namespace[key] for key in ("behavior_version", "extern_data", "network")}


def run_original(
    settings: Mapping[str, Any],
    feeds: Mapping[str, Any],
    outputs: list[str],
    *,
    search: bool = False,
    seed: int = 3,
    values: Callable[[str, tuple[int, ...], numpy.random.Generator], numpy.ndarray] | None = None,
    checkpoint: pathlib.Path | None = None,
) -> OriginalRun:
    """
    Builds the network and computes layers and losses, with random parameters.

    :param feeds: as for ``nn.run_numpy``
    :param outputs: the layers
    :param values: gives the values of a parameter, by its name and shape; default: normal ones
    :param checkpoint: the prefix of a checkpoint that RETURNN is to write
    """
    values = values or _normal_values
    import tensorflow as tf
    from returnn.config import Config, global_config_ctx
    from returnn.tf.network import ExternData, TFNetwork
    from returnn.util.basic import BehaviorVersion

    BehaviorVersion._reset()
    BehaviorVersion.set(settings["behavior_version"])
    inputs = {name: {**data, "available_for_inference": True} for name, data in settings["extern_data"].items()}
    config = Config({**settings, "extern_data": inputs, "backend": "tensorflow-net-dict"})
    generator = numpy.random.default_rng(seed)
    try:
        with tf.Graph().as_default(), new_session(optimized=False) as session, global_config_ctx(config):
            extern_data = ExternData()
            extern_data.init_from_config(config, auto_create_placeholders=True)
            is_training = False if search else tf.constant(False)  # a constant, so that losses in loops are built
            built = TFNetwork(
                config=config, extern_data=extern_data, train_flag=is_training, eval_flag=True, search_flag=search
            )
            built.construct_from_dict(settings["network"])
            variables = {variable.name.split(":")[0]: variable for variable in built.get_params_list()}
            parameters = {
                name: values(name, tuple(variable.shape.as_list()), generator) for name, variable in variables.items()
            }
            given = {id(variable) for variable in variables.values()}
            others = [variable for variable in tf.compat.v1.global_variables() if id(variable) not in given]
            initializers = [variables[name].initializer for name in parameters]
            session.run(
                [tf.compat.v1.variables_initializer(others), built.global_train_step_var.initializer, *initializers],
                feed_dict={one.inputs[1]: value for one, value in zip(initializers, parameters.values())},
            )
            feed_dict = _feed_dict(extern_data, feeds)
            data = {name: built.get_layer(name).output for name in outputs}
            fetches = {name: (one.placeholder, [dim.dyn_size for dim in _dynamic(one)]) for name, one in data.items()}
            losses = {} if search else _losses(built)
            # one call for all: TensorFlow prepares the graph anew for each set of fetches, and running averages change
            found, loss_values = session.run((fetches, losses), feed_dict=feed_dict)
            if checkpoint is not None:
                built.save_params_to_file(str(checkpoint), session=session)
            return OriginalRun(
                {name: _output(data[name], *found[name]) for name in outputs},
                {name: float(value * factor) for name, (value, factor) in loss_values.items()},
                {name: float(value) for name, (value, _) in loss_values.items()},
                parameters,
            )
    finally:
        BehaviorVersion._reset()


def _normal_values(name: str, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
    return (generator.standard_normal(shape) * 0.5).astype("float32")


def _feed_dict(extern_data: Any, feeds: Mapping[str, Any]) -> dict[Any, Any]:
    feed_dict: dict[Any, Any] = {}
    for key, (value, lengths) in feeds.items():
        data = extern_data.data[key]
        feed_dict[data.placeholder] = value
        for dim in data.dims:
            if not dim.is_batch_dim() and dim.dimension is None:
                feed_dict[dim.dyn_size] = lengths
    batch = extern_data.get_batch_info().dim
    if batch.op.type == "Placeholder":
        feed_dict[batch] = len(next(iter(feeds.values()))[1])
    return feed_dict


def _dynamic(data: Any) -> list[Any]:
    return [dim for dim in data.dims if not dim.is_batch_dim() and dim.dimension is None]


def _output(data: Any, value: numpy.ndarray, lengths: list[numpy.ndarray]) -> ReturnnOutput:
    names = ["batch" if dim.is_batch_dim() else dim.name for dim in data.dims]
    return ReturnnOutput(value, names, {dim.name: length for dim, length in zip(_dynamic(data), lengths)})


def _losses(built: Any) -> dict[str, tuple[Any, Any]]:
    """Value and normalisation of each loss."""
    holders, _, _ = built.get_losses_initialized(with_total=True)
    losses = {}
    for name, holder in holders.items():
        value = holder.get_loss_value()
        value = value if value is not None else holder.get_error_value()
        losses[name.rpartition("/")[2]] = value, holder.get_norm_factor()
    return losses
