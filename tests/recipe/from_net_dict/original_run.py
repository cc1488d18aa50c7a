"""Runs a config as it is in RETURNN on TensorFlow, in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from ..nn.returnn_run import ReturnnOutput


class OriginalRun(NamedTuple):
    """
    What a run gave.

    :ivar outputs: by layer
    :ivar losses: the mean over all frames, by layer
    :ivar parameters: the values of all parameters, by RETURNN's names
    """

    outputs: dict[str, ReturnnOutput]
    losses: dict[str, float]
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
) -> OriginalRun:
    """
    Builds the network and computes layers and losses, with random parameters.

    :param feeds: as for ``nn.run_numpy``
    :param outputs: the layers
    """
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
        with tf.Graph().as_default(), tf.compat.v1.Session() as session, global_config_ctx(config):
            extern_data = ExternData()
            extern_data.init_from_config(config, auto_create_placeholders=True)
            is_training = False if search else tf.constant(False)  # a constant, so that losses in loops are built
            built = TFNetwork(
                config=config, extern_data=extern_data, train_flag=is_training, eval_flag=True, search_flag=search
            )
            built.construct_from_dict(settings["network"])
            session.run(tf.compat.v1.global_variables_initializer())
            parameters = {}
            for variable in built.get_params_list():
                value = (generator.standard_normal(variable.shape.as_list()) * 0.5).astype("float32")
                session.run(variable.initializer, feed_dict={variable.initializer.inputs[1]: value})
                parameters[variable.name.split(":")[0]] = value
            feed_dict = _feed_dict(extern_data, feeds)
            values = _values(session, {name: built.get_layer(name).output for name in outputs}, feed_dict)
            losses = {} if search else _losses(session, built, feed_dict)
            return OriginalRun(values, losses, parameters)
    finally:
        BehaviorVersion._reset()


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


def _values(session: Any, outputs: Mapping[str, Any], feed_dict: dict[Any, Any]) -> dict[str, ReturnnOutput]:
    """All at once, as running averages change each time."""
    dynamic = {
        name: [dim for dim in data.dims if not dim.is_batch_dim() and dim.dimension is None]
        for name, data in outputs.items()
    }
    wanted = {name: (data.placeholder, [dim.dyn_size for dim in dynamic[name]]) for name, data in outputs.items()}
    values = {}
    for name, (value, lengths) in session.run(wanted, feed_dict=feed_dict).items():
        names = ["batch" if dim.is_batch_dim() else dim.name for dim in outputs[name].dims]
        values[name] = ReturnnOutput(value, names, {dim.name: one for dim, one in zip(dynamic[name], lengths)})
    return values


def _losses(session: Any, built: Any, feed_dict: dict[Any, Any]) -> dict[str, float]:
    holders, _, _ = built.get_losses_initialized(with_total=True)
    losses = {}
    for name, holder in holders.items():
        value = holder.get_loss_value()
        value = value if value is not None else holder.get_error_value()
        value, factor = session.run((value, holder.get_norm_factor()), feed_dict=feed_dict)
        losses[name.rpartition("/")[2]] = float(value * factor)
    return losses
