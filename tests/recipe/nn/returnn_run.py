"""Runs a network in real RETURNN on TensorFlow, in this process, with given parameters and inputs."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

os.environ.setdefault("DISABLE_CUDA", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy

from recipe import nn


class ReturnnRun(NamedTuple):
    """Values by output name, each with its dims by name and its lengths; losses by name; gradients and parameters."""

    outputs: dict[str, tuple[numpy.ndarray, list[str], dict[str, numpy.ndarray]]]
    losses: dict[str, float]
    gradients: dict[str, numpy.ndarray | None]
    parameters: dict[str, numpy.ndarray]
    layers_in_loop: dict[str, list[str]]


def run_returnn(
    network: nn.Network,
    feeds: dict[str, Any],
    parameters: dict[str, numpy.ndarray] | None = None,
    *,
    train: bool = False,
    search: bool = False,
    gradients: bool = False,
    device: str = "cpu",
    move_out: bool = True,
) -> ReturnnRun:
    """
    Builds the written config's network in RETURNN and computes all outputs and losses.

    :param gradients: also of the total loss by each parameter
    :param move_out: whether RETURNN may move layers out of loops
    """
    import tensorflow as tf
    from returnn.config import Config, global_config_ctx
    from returnn.tf.layers.rec import RecLayer
    from returnn.tf.network import ExternData, TFNetwork
    from returnn.util.basic import BehaviorVersion

    namespace: dict[str, Any] = {}
    exec(compile(network.config_text(device), "<config>", "exec"), namespace)
    settings = {key: namespace[key] for key in ("backend", "behavior_version", "extern_data", "network")}
    if not move_out:
        settings["optimize_move_layers_out"] = False
    config = Config(settings)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session, global_config_ctx(config):
        if BehaviorVersion._behavior_version is None:
            BehaviorVersion.set(settings["behavior_version"])
        extern_data = ExternData()
        extern_data.init_from_config(config, auto_create_placeholders=True)
        returnn_network = TFNetwork(
            config=config, extern_data=extern_data, train_flag=train, eval_flag=True, search_flag=search, name="root"
        )
        returnn_network.construct_from_dict(settings["network"])
        session.run(tf.compat.v1.global_variables_initializer())
        variables = {_name(variable): variable for variable in returnn_network.get_trainable_params()}
        for name, value in (parameters or {}).items():
            session.run(variables[name].initializer, feed_dict={variables[name].initializer.inputs[1]: value})
        feed_dict = _feed_dict(extern_data, feeds)
        outputs = {}
        for name, _ in network.outputs:
            data = returnn_network.layers[name].output
            sizes = {dim.name: dim.dyn_size for dim in data.dims if dim.dyn_size is not None and not dim.is_batch_dim()}
            value, lengths = session.run((data.placeholder, sizes), feed_dict=feed_dict)
            outputs[name] = (value, [_dim_name(dim) for dim in data.dims], lengths)
        holders, total, _ = returnn_network.get_losses_initialized(with_total=True)
        losses = {}
        for name, holder in holders.items():
            value = holder.get_loss_value()
            value = value if value is not None else holder.get_error_value()
            value, factor = session.run((value, holder.get_norm_factor()), feed_dict=feed_dict)
            losses[name] = float(value * factor)
        grads: dict[str, numpy.ndarray | None] = {}
        if gradients:
            for name in sorted(variables):
                gradient = tf.gradients(total, variables[name])[0]
                dense = None if gradient is None else tf.convert_to_tensor(gradient)
                grads[name] = None if dense is None else session.run(dense, feed_dict=feed_dict)
        values = {name: session.run(variable) for name, variable in variables.items()}
        in_loop = {
            layer.name: list(layer.cell.layers_in_loop)
            for layer in returnn_network.layers.values()
            if isinstance(layer, RecLayer) and hasattr(layer.cell, "layers_in_loop")
        }
    return ReturnnRun(outputs, losses, grads, values, in_loop)


def _name(variable: Any) -> str:
    return variable.name.split(":")[0]


def _dim_name(dim: Any) -> str:
    return "batch" if dim.is_batch_dim() else dim.name


def _feed_dict(extern_data: Any, feeds: dict[str, Any]) -> dict[Any, Any]:
    feed_dict = {}
    for key, data in extern_data.data.items():
        value, *lengths = feeds[key] if isinstance(feeds[key], tuple) else (feeds[key],)
        feed_dict[data.placeholder] = value
        dynamic = [dim for dim in data.dims if not dim.is_batch_dim() and dim.dimension is None]
        for dim, length in zip(dynamic, lengths):
            feed_dict[dim.dyn_size] = length
    batch = extern_data.get_batch_info().dim
    if batch.op.type == "Placeholder":
        feed_dict[batch] = len(value)
    return feed_dict
