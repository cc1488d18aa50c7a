"""The written RETURNN config: a plain Python file that a person can read and ``python -m returnn`` runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..plain.config_sections import BEHAVIOR_VERSION, assignment, declared_inputs, sections_text
from ..plain.delayed import Delayed, resolved
from ..plain.dim import single_step_dim
from ..plain.extern_data import ExternData
from ..plain.python_source import definitions_section
from .layers import LayerNetwork
from .python_source import NetDictSource, PythonCode


class Written(Protocol):
    """What a config can be written of."""

    @property
    def extern_data(self) -> dict[str, ExternData]:
        """The inputs, by name."""

    def layers(self, device: str) -> LayerNetwork | dict[int, LayerNetwork]:
        """The layers; of several stages, by the epoch that each begins with."""


def config_text(
    network: Written,
    device: str = "gpu",
    *,
    config: Mapping[str, Any] | None = None,
    preamble: str = "",
    copy_param_mode: str | None = None,
    options_of_stages: Mapping[int, Mapping[str, Any]] | None = None,
) -> str:
    """
    A whole RETURNN config: imports, general options, dims, data, network.

    :param network: what to compute; of several stages, each is written, and ``get_network`` chooses by the epoch
    :param device: what it will run on; chooses the LSTM unit, not what is computed
    :param config: all other options by name: plain values, or :class:`recipe.nn.PythonCode`
    :param preamble: code that stands after the imports
    :param copy_param_mode: of several stages, what RETURNN does with parameters whose dims change
    :param options_of_stages: options that are others in a stage, by its first epoch
    """
    source = NetDictSource()
    stages = network.layers(device)
    options = {"backend": "tensorflow-net-dict", "behavior_version": BEHAVIOR_VERSION}
    options |= {**_settings(stages), **(config or {})}
    _set_optimizers(stages, options.get("optimizer"))
    general = [assignment(key, value, source) for key, value in options.items()]
    data = assignment("extern_data", declared_inputs(network.extern_data), source)
    networks = _networks(stages, copy_param_mode, options_of_stages or {}, source)
    dims = source.names.definitions(source)
    sections = [
        ["#!returnn"],
        ["from __future__ import annotations"] if source.definitions else [],
        *_imports(source),
        [preamble.strip()] if preamble else [],
        definitions_section(source),
        general,
        ["# dims", *dims] if dims else [],
        ['LSTMStateTuple = namedtuple("LSTMStateTuple", ("c", "h"))'] if source.has_lstm_state else [],
        ["# data", data],
        ["", "\n\n\n".join(function.text for function in source.functions), ""] if source.functions else [],
        *networks,
    ]
    return sections_text(sections)


def _imports(source: NetDictSource) -> list[list[str]]:
    """Lines of imports, those of the standard library first."""
    used = source.names.used
    names = ["Dim", "batch_dim", *(["single_step_dim"] if single_step_dim in used else [])]
    of_returnn = [f"from returnn.tensor import {', '.join(names)}"]
    if any(dim.has_labels for dim in used):
        of_returnn.insert(0, "from returnn.datasets.util.vocabulary import Vocabulary")
    return [["from collections import namedtuple"] if source.has_lstm_state else [], of_returnn]


def _settings(stages: LayerNetwork | dict[int, LayerNetwork]) -> dict[str, Any]:
    """What the layers want of the config besides."""
    every = [stages] if isinstance(stages, LayerNetwork) else stages.values()
    return {name: value for layers in every for name, value in layers.settings.items()}


def _set_optimizers(stages: LayerNetwork | dict[int, LayerNetwork], optimizer: Any) -> None:
    """
    Has parameters with a learning rate of their own trained by the optimizer of all, with its options.

    RETURNN (1.20261022, ``Updater._create_optimizer`` in tf/updater.py) makes another optimizer for them, of the same
    class, but with its default options. So these are written again.
    Test: language/test_training_options.py::test_learning_rate_factor
    """
    for layers in [stages] if isinstance(stages, LayerNetwork) else stages.values():
        for layer in layers.all_layers():
            factor = layer.options.get("updater_opts", {}).get("optimizer", {}).get("learning_rate_multiplier")
            if factor is not None and optimizer is not None:
                layer.options["updater_opts"] = {"optimizer": _with_factor(optimizer, factor)}


def _with_factor(optimizer: Any, factor: float | Delayed) -> Any:
    """
    An optimizer as RETURNN is told, with a factor of the learning rate.

    :param optimizer: as in the config: the name of a class, a dict, or code
    """
    if isinstance(optimizer, str):
        return {"class": optimizer, "learning_rate_multiplier": factor}
    if isinstance(optimizer, Mapping):
        return {
            **optimizer,
            "learning_rate_multiplier": resolved(factor) * optimizer.get("learning_rate_multiplier", 1.0),
        }
    known = "{**(optimizer if isinstance(optimizer, dict) else {'class': optimizer})"
    return PythonCode(f"{known}, 'learning_rate_multiplier': {resolved(factor)}}}")


def _networks(
    stages: LayerNetwork | dict[int, LayerNetwork],
    copy_param_mode: str | None,
    options: Mapping[int, Mapping[str, Any]],
    source: NetDictSource,
) -> list[list[str]]:
    if isinstance(stages, LayerNetwork):
        return [["# network", f"network = {source.net_dict(stages)}"]]
    names = {epoch: f"network_from_epoch_{epoch}" for epoch in stages}
    sections = []
    for epoch, layers in stages.items():
        sections.append([f"# network from epoch {epoch} on", f"{names[epoch]} = {source.net_dict(layers)}"])
        if copy_param_mode is not None:
            sections[-1].append(f'{names[epoch]}["#copy_param_mode"] = "{copy_param_mode}"')
        if epoch in options:
            sections[-1].append(assignment(f'{names[epoch]}["#config"]', dict(options[epoch]), source))
    *others, first = sorted(stages, reverse=True)
    function = ["", "def get_network(epoch, **_kwargs):", '    """The network of an epoch."""']
    for epoch in others:
        function += [f"    if epoch >= {epoch}:", f"        return {names[epoch]}"]
    return [*sections, [*function, f"    return {names[first]}"]]
