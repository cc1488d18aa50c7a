"""The written RETURNN config: a plain Python file that a person can read and ``python -m returnn`` runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..plain.dim import single_step_dim
from ..plain.extern_data import ExternData
from .python_source import PythonSource

if TYPE_CHECKING:
    from ..network import Network
    from ..staged_network import StagedNetwork
    from .value_layers import NetworkWithValues

BEHAVIOR_VERSION = 38


def config_text(
    network: Network | StagedNetwork | NetworkWithValues,
    device: str = "gpu",
    *,
    config: Mapping[str, Any] | None = None,
    preamble: str = "",
) -> str:
    """
    A whole RETURNN config: imports, general options, dims, data, network.

    :param network: what to compute; of several stages, each is written, and ``get_network`` chooses by the epoch
    :param device: what it will run on; chooses the LSTM unit, not what is computed
    :param config: all other options by name: plain values, or :class:`recipe.nn.PythonCode`
    :param preamble: code that stands after the imports
    """
    source = PythonSource()
    options = {"backend": "tensorflow-net-dict", "behavior_version": BEHAVIOR_VERSION, **(config or {})}
    general = [_assignment(key, value, source) for key, value in options.items()]
    data = _assignment("extern_data", _extern_data(network.extern_data), source)
    networks = _networks(network, device, source)
    dims = source.names.definitions(source)
    sections = [
        ["#!returnn"],
        *_imports(source),
        [preamble.strip()] if preamble else [],
        general,
        ["# dims", *dims] if dims else [],
        ['LSTMStateTuple = namedtuple("LSTMStateTuple", ("c", "h"))'] if source.has_lstm_state else [],
        ["# data", data],
        *networks,
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _imports(source: PythonSource) -> list[list[str]]:
    """Lines of imports, those of the standard library first."""
    used = source.names.used
    names = ["Dim", "batch_dim", *(["single_step_dim"] if single_step_dim in used else [])]
    of_returnn = [f"from returnn.tensor import {', '.join(names)}"]
    if any(dim.has_labels for dim in used):
        of_returnn.insert(0, "from returnn.datasets.util.vocabulary import Vocabulary")
    return [["from collections import namedtuple"] if source.has_lstm_state else [], of_returnn]


def _extern_data(inputs: Mapping[str, ExternData]) -> dict[str, Any]:
    declared = {}
    for data in inputs.values():
        options: dict[str, Any] = {"dim_tags": list(data.dims)}
        if data.sparse_dim is not None:
            options["sparse_dim"] = data.sparse_dim
        declared[data.name] = {**options, "dtype": data.dtype, "available_for_inference": True}
    return declared


def _networks(
    network: Network | StagedNetwork | NetworkWithValues, device: str, source: PythonSource
) -> list[list[str]]:
    from ..staged_network import StagedNetwork

    if not isinstance(network, StagedNetwork):
        return [["# network", f"network = {source.net_dict(network.layers(device))}"]]
    names = {epoch: f"network_from_epoch_{epoch}" for epoch in network.stages}
    sections = []
    for epoch, layers in network.layers(device).items():
        sections.append([f"# network from epoch {epoch} on", f"{names[epoch]} = {source.net_dict(layers)}"])
        if network.copy_param_mode is not None:
            sections[-1].append(f'{names[epoch]}["#copy_param_mode"] = "{network.copy_param_mode}"')
    *others, first = sorted(network.stages, reverse=True)
    function = ["", "def get_network(epoch, **_kwargs):", '    """The network of an epoch."""']
    for epoch in others:
        function += [f"    if epoch >= {epoch}:", f"        return {names[epoch]}"]
    return [*sections, [*function, f"    return {names[first]}"]]


def _assignment(name: str, value: Any, source: PythonSource) -> str:
    return f"{name} = {source.value(value, used=len(name) + 3)}"
