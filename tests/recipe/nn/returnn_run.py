"""Runs a network in real RETURNN on TensorFlow, in this process, with given parameters and inputs."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

os.environ.setdefault("DISABLE_CUDA", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy

from recipe import nn
from recipe.nn.plain.layer_names import layer_of_output
from recipe.nn.tf_layers.config import config_text
from recipe.nn.tf_layers.layers import LayerNetwork
from recipe.nn.tf_layers.pipeline import Pipeline

from ...without_returnn import NotRun, is_left_out
from .tensorflow_session import is_optimized, new_session

LEARNING_RATE = 0.01


class ReturnnOutput(NamedTuple):
    """A value that came out: the array, the names of its dims in order, and their lengths by name."""

    value: numpy.ndarray
    dims: list[str]
    lengths: dict[str, numpy.ndarray]


class ReturnnRun(NamedTuple):
    """
    What a run gave.

    :ivar outputs: by name
    :ivar losses: the mean over all frames, by name
    :ivar gradients: of the total loss, by parameter; None where it does not depend on the parameter
    :ivar parameters: the values of all parameters, by name
    :ivar trained: the same after the steps of gradient descent by RETURNN's updater with LEARNING_RATE
    :ivar layers_in_loop: for each loop the layers that RETURNN left in it
    :ivar beam_scores: of the hypotheses of the first output that RETURNN knows them of, [batch, beam]
    """

    outputs: dict[str, ReturnnOutput]
    losses: dict[str, float]
    gradients: dict[str, numpy.ndarray | None]
    parameters: dict[str, numpy.ndarray]
    trained: dict[str, numpy.ndarray]
    layers_in_loop: dict[str, list[str]]
    beam_scores: numpy.ndarray | None


def run_returnn(
    network: nn.Network,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray] | None = None,
    *,
    checkpoint: pathlib.Path | None = None,
    train: bool = False,
    search: bool = False,
    gradients: bool = False,
    trains: int = 0,
    moves_layers_out: bool = True,
    without_quirks: Collection[str] = (),
    device: str = "cpu",
    seed: int = 42,
) -> ReturnnRun:
    """
    Builds the written config's network in RETURNN and computes all outputs and losses.

    :param feeds: as for ``nn.run_numpy``
    :param parameters: by name; default: RETURNN's own start values
    :param checkpoint: loaded by RETURNN, in place of ``parameters``
    :param gradients: also of the total loss by each parameter; RETURNN wants ``train`` for those through loops
    :param trains: how many steps of training are made, after all else
    :param moves_layers_out: whether RETURNN may compute outside of a loop what does not need it
    :param without_quirks: names of work-arounds of recipe/nn/tf_layers/quirks that are left out
    :param device: which one the config is written for; it runs on the CPU
    :param seed: of TensorFlow's random numbers
    """
    written = _WithoutQuirks(network, frozenset(without_quirks)) if without_quirks else network
    text = config_text(written, device)
    if is_left_out():
        return NotRun()  # type: ignore[return-value]
    import tensorflow as tf
    from returnn.config import Config, global_config_ctx
    from returnn.tf.network import ExternData, TFNetwork
    from returnn.util.basic import BehaviorVersion

    settings = config_settings(text)
    config = Config({**settings, "optimizer": {"class": "gradientdescent"}, "learning_rate": LEARNING_RATE})
    if not moves_layers_out:
        config.set("optimize_move_layers_out", False)
        _unstack_in_steps(settings["network"])
    BehaviorVersion.set(settings["behavior_version"])
    optimized = is_optimized() or bool(without_quirks)
    with tf.Graph().as_default(), new_session(optimized=optimized) as session, global_config_ctx(config):
        tf.compat.v1.set_random_seed(seed)
        extern_data = ExternData()
        extern_data.init_from_config(config, auto_create_placeholders=True)
        built = TFNetwork(
            config=config, extern_data=extern_data, train_flag=train, eval_flag=True, search_flag=search, name="root"
        )
        built.construct_from_dict(settings["network"])
        variables = {variable.name.split(":")[0]: variable for variable in built.get_params_list()}
        _initialize(session, built, variables, parameters or {})
        if checkpoint is not None:
            built.load_params_from_file(str(checkpoint), session)
        fetches = _fetches(built, network, variables if gradients or trains else {}, search=search)
        # one call for all: TensorFlow prepares the graph anew for each set of fetches
        values = session.run(fetches, feed_dict=_feed_dict(extern_data, feeds))
        found = values["gradients"]
        run = ReturnnRun(
            outputs={
                name: _output(built.layers[layer_of_output(name)].output, *values["outputs"][name])
                for name, _ in network.outputs
            },
            losses={name: _mean(*loss) for name, loss in values["losses"].items()},
            gradients={name: found.get(name) for name in sorted(variables)} if gradients or trains else {},
            parameters=session.run(variables),
            trained={},
            layers_in_loop=_layers_in_loops(built),
            beam_scores=values["beam_scores"] if search else None,
        )
        if trains:
            if any(gradient is not None for gradient in run.gradients.values()):
                _train(session, config, built, _feed_dict(extern_data, feeds), steps=int(trains))
            run.trained.update(session.run(variables))
        return run


class _WithoutQuirks:
    """
    A network of which a config is written without some work-arounds.

    :param network: the network
    :param names: of the work-arounds
    """

    def __init__(self, network: nn.Network, names: frozenset[str]):
        self.network, self.names = network, names
        self.extern_data = network.extern_data

    def layers(self, device: str) -> LayerNetwork:
        """The layers."""
        return Pipeline(self.network, device, without=self.names).run()


def config_settings(text: str) -> dict[str, Any]:
    """The settings of a config, which is run as plain Python."""
    namespace: dict[str, Any] = {}
    exec(compile(text, "<config>", "exec"), namespace)
    names = ("backend", "behavior_version", "inf_value", "extern_data", "network")
    return {key: namespace[key] for key in names if key in namespace}


def _unstack_in_steps(network: dict[str, Any]) -> None:
    """RETURNN's rec_unstack exists outside of loops only; in each step it is a gather."""
    for layer in network.values():
        if layer["class"] == "rec" and isinstance(layer["unit"], dict):
            _unstack_in_steps(layer["unit"])
        elif layer["class"] == "rec_unstack":
            layer.update({"class": "gather", "position": ":i", "clip_to_valid": True})


def _train(session: Any, config: Any, network: Any, feed_dict: dict[Any, Any], steps: int) -> None:
    from returnn.tf.updater import Updater

    updater = Updater(config, network)
    updater.set_trainable_vars(network.get_trainable_params())
    step = updater.get_optim_op()
    session.run(updater.learning_rate_var.initializer)
    updater.init_optimizer_vars(session)
    updater.set_learning_rate(LEARNING_RATE, session)
    for _ in range(steps):
        session.run((step, network.get_post_control_dependencies()), feed_dict=feed_dict)


def _initialize(session: Any, built: Any, variables: Mapping[str, Any], values: Mapping[str, numpy.ndarray]) -> None:
    """Start values of all variables: those given, else RETURNN's own."""
    import tensorflow as tf

    given = {id(variables[name]) for name in values}
    others = [variable for variable in tf.compat.v1.global_variables() if id(variable) not in given]
    initializers = [variables[name].initializer for name in values]
    session.run(
        [tf.compat.v1.variables_initializer(others), built.global_train_step_var.initializer, *initializers],
        feed_dict={one.inputs[1]: value for one, value in zip(initializers, values.values())},
    )


def _feed_dict(extern_data: Any, feeds: Mapping[str, Any]) -> dict[Any, Any]:
    feed_dict: dict[Any, Any] = {}
    batch_size = 0
    for key, data in extern_data.data.items():
        value, *lengths = feeds[key] if isinstance(feeds[key], tuple) else (feeds[key],)
        feed_dict[data.placeholder] = value
        batch_size = value.shape[data.batch_dim_axis]
        dynamic = [dim for dim in data.dims if not dim.is_batch_dim() and dim.dimension is None]
        for dim, length in zip(dynamic, lengths):
            feed_dict[dim.dyn_size] = length
    batch = extern_data.get_batch_info().dim
    if batch.op.type == "Placeholder":
        feed_dict[batch] = batch_size
    return feed_dict


def _fetches(built: Any, network: nn.Network, variables: Mapping[str, Any], *, search: bool) -> dict[str, Any]:
    """
    What a run is compared by.

    :param variables: by which the gradients of the total loss are computed
    """
    losses, total = _losses(built)
    return {
        "outputs": {name: _output_fetches(built.layers[layer_of_output(name)].output) for name, _ in network.outputs},
        "losses": losses,
        "gradients": _gradient_fetches(total, variables) if variables else {},
        "beam_scores": _beam_scores(built, network) if search else (),
    }


def _dynamic_dims(data: Any) -> list[Any]:
    return [dim for dim in data.dims if not dim.is_batch_dim() and dim.dimension is None]


def _output_fetches(data: Any) -> tuple[Any, list[Any]]:
    """What an output needs: its value, and the lengths along its axes."""
    return data.placeholder, [dim.dyn_size for dim in _dynamic_dims(data)]


def _output(data: Any, value: numpy.ndarray, lengths: list[numpy.ndarray]) -> ReturnnOutput:
    names = ["batch" if dim.is_batch_dim() else dim.name for dim in data.dims]
    return ReturnnOutput(value, names, {dim.name: length for dim, length in zip(_dynamic_dims(data), lengths)})


def _mean(total: numpy.ndarray, factor: numpy.ndarray) -> float:
    """Of a loss; no number of no frames, as the sum is 0 then and the factor infinite."""
    with numpy.errstate(invalid="ignore"):
        return float(total * factor)


def _losses(network: Any) -> tuple[dict[str, tuple[Any, Any]], Any]:
    """Value and normalisation of each loss, and the total loss."""
    holders, total, _ = network.get_losses_initialized(with_total=True)
    losses = {}
    for name, holder in holders.items():
        value = holder.get_loss_value()
        losses[name] = (value if value is not None else holder.get_error_value(), holder.get_norm_factor())
    return losses, total


def _gradient_fetches(total: Any, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Gradients of the total loss, of those variables that it depends on."""
    import tensorflow as tf

    names = sorted(variables)
    symbolic = dict(zip(names, tf.gradients(total, [variables[name] for name in names])))
    return {name: tf.convert_to_tensor(gradient) for name, gradient in symbolic.items() if gradient is not None}


def _layers_in_loops(network: Any) -> dict[str, list[str]]:
    from returnn.tf.layers.rec import RecLayer

    return {
        layer.name: list(layer.cell.layers_in_loop)
        for layer in network.layers.values()
        if isinstance(layer, RecLayer) and hasattr(layer.cell, "layers_in_loop")
    }


def _beam_scores(built: Any, network: nn.Network) -> Any:
    found = [built.layers[layer_of_output(name)].get_search_choices() for name, _ in network.outputs]
    return next(choices for choices in found if choices).beam_scores
