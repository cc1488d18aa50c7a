"""The written RETURNN config: a plain Python file that a person can read and ``python -m returnn`` runs."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy

from .delayed import Delayed
from .dim import Dim, batch_dim, single_step_dim
from .errors import NetworkError
from .layers import Formula, LayerNetwork, LstmStateTuple, Reference

if TYPE_CHECKING:
    from .network import Network

BEHAVIOR_VERSION = 38
_WIDTH = 120
_LONGEST_NAME = 40


class PythonCode:
    """
    An option of a config that is written as it is.

    :param code: a Python expression
    """

    def __init__(self, code: str):
        self.code = code

    def __repr__(self) -> str:
        return f"PythonCode({self.code!r})"


def config_text(
    network: Network, device: str = "gpu", *, config: Mapping[str, Any] | None = None, preamble: str = ""
) -> str:
    """
    A whole RETURNN config.

    :param network: what to compute
    :param device: what it will run on; chooses the LSTM unit, not what is computed
    :param config: all other options by name: plain values, or :class:`PythonCode`
    :param preamble: code that stands before everything else
    """
    layers = network.layers(device)
    names = _DimNames()
    network_text = _network_text(layers, names)
    extern_data = {
        data.name: {
            "dim_tags": list(data.dims),
            **({"sparse_dim": data.sparse_dim} if data.sparse_dim is not None else {}),
            "dtype": data.dtype,
            "available_for_inference": True,
        }
        for data in network.extern_data.values()
    }
    extern_text = write_value(extern_data, names)
    options = {"backend": "tensorflow-net-dict", "behavior_version": BEHAVIOR_VERSION, **(config or {})}
    imports = ["Dim", "batch_dim"]
    if single_step_dim in names.used:
        imports.append("single_step_dim")
    parts = ["#!returnn", ""]
    if names.has_lstm_state:
        parts += ["from collections import namedtuple", ""]
    parts += [f"from returnn.tensor import {', '.join(imports)}"]
    if any(dim.has_labels for dim in names.used):
        parts += ["from returnn.datasets.util.vocabulary import Vocabulary"]
    parts += ["", *([preamble.strip(), ""] if preamble else [])]
    parts += [f"{key} = {write_value(value, names)}" for key, value in options.items()]
    parts += ["", *names.definitions(), ""]
    if names.has_lstm_state:
        parts += ['LSTMStateTuple = namedtuple("LSTMStateTuple", ("c", "h"))', ""]
    parts += [f"extern_data = {extern_text}", "", f"network = {network_text}", ""]
    return "\n".join(parts)


class _DimNames:
    """A Python name for each dim that the config mentions."""

    def __init__(self) -> None:
        self.used: dict[Dim, str] = {batch_dim: "batch_dim"}
        self.has_lstm_state = False

    def name(self, dim: Dim) -> str:
        if dim is single_step_dim:
            self.used.setdefault(dim, "single_step_dim")
        if dim not in self.used:
            base = re.sub(r"\W+", "_", dim.name.replace("+", "_plus_").replace("*", "_times_")).strip("_").lower()
            if len(base) > _LONGEST_NAME:
                base = f"features_{dim.size}"
            base = f"{base}_dim" if base and not base[0].isdigit() else f"dim_{base}"
            taken = {*self.used.values(), *keyword.kwlist, "extern_data", "network"}
            self.used[dim] = next(
                name for name in (base, *(f"{base}_{number}" for number in range(2, 10_000))) if name not in taken
            )
        return self.used[dim]

    def definitions(self) -> list[str]:
        lines = []
        for dim, name in self.used.items():
            if dim in (batch_dim, single_step_dim):
                continue
            lines.append(f"{name} = Dim({dim.dimension}, name={_quoted(dim.name)})")
            if dim.has_labels:
                vocabulary = {"labels": list(dim.labels or ()), "vocab_file": None, "unknown_label": None}
                lines.append(f"{name}.vocab = Vocabulary.create_vocab(**{write_value(vocabulary, self)})")
        return lines


def _network_text(network: LayerNetwork, names: _DimNames, indent: int = 0) -> str:
    """A net dict, a comment where the module changes."""
    pad = " " * (indent + 4)
    lines, comment = ["{"], ""
    for layer in network.layers:
        if layer.comment and layer.comment != comment:
            lines.append(f"{pad}# {layer.comment}")
        comment = layer.comment
        text = _layer_text(layer.options, network, names, indent + 4, len(layer.name) + 4)
        lines.append(f'{pad}"{layer.name}": {text},')
    return "\n".join([*lines, " " * indent + "}"])


def _layer_text(options: dict[str, Any], network: LayerNetwork, names: _DimNames, indent: int, used: int) -> str:
    unit = options.get("unit")
    if not isinstance(unit, LayerNetwork):
        return write_value(_resolve(options, network), names, indent, used)
    lines = ["{"]
    for key, value in options.items():
        if key != "unit":
            text = write_value(_resolve(value, network), names, indent + 4, len(key) + 4)
            lines.append(f'{" " * (indent + 4)}"{key}": {text},')
    lines.append(f'{" " * (indent + 4)}"unit": {_network_text(unit, names, indent + 4)},')
    return "\n".join([*lines, " " * indent + "}"])


def _resolve(value: Any, inside: LayerNetwork) -> Any:
    from .layers import plain

    return plain(value, inside) if isinstance(value, (Reference, dict, list, tuple)) else value


def write_value(value: Any, names: _DimNames | None = None, indent: int = 0, used: int = 0) -> str:
    """
    A value as Python source, on one line where it fits, else one item a line.

    :param indent: spaces before the line that it stands on
    :param used: characters on that line before it
    :raises NetworkError: for what has no literal form
    """
    names = names or _DimNames()
    line = _one_line(value, names)
    if indent + used + len(line) < _WIDTH or not isinstance(value, (dict, list, tuple)) or not value:
        return line
    pad = " " * (indent + 4)
    if isinstance(value, dict):
        items = [
            f"{pad}{_one_line(key, names)}: {write_value(item, names, indent + 4, len(repr(key)) + 3)},"
            for key, item in value.items()
        ]
        return "\n".join(["{", *items, " " * indent + "}"])
    if all(isinstance(item, (str, int, float)) for item in value):
        items = _filled([_one_line(item, names) for item in value], pad)
    else:
        items = [f"{pad}{write_value(item, names, indent + 4, 1)}," for item in value]
    opening, closing = ("[", "]") if isinstance(value, list) else ("(", ")")
    return "\n".join([opening, *items, " " * indent + closing])


def _filled(items: list[str], pad: str) -> list[str]:
    lines, line = [], pad
    for item in items:
        if len(line) + len(item) + 2 > _WIDTH and line != pad:
            lines.append(line.rstrip())
            line = pad
        line += f"{item}, "
    return [*lines, line.rstrip()]


def _one_line(value: Any, names: _DimNames) -> str:
    if isinstance(value, Dim):
        return names.name(value)
    if isinstance(value, PythonCode):
        return value.code
    if isinstance(value, LstmStateTuple):
        names.has_lstm_state = True
        return f"LSTMStateTuple(c={_one_line(value.c, names)}, h={_one_line(value.h, names)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_one_line(k, names)}: {_one_line(v, names)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_one_line(item, names) for item in value) + "]"
    if isinstance(value, tuple):
        items = ", ".join(_one_line(item, names) for item in value)
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(_one_line(item, names) for item in value)) + "}" if value else "set()"
    if isinstance(value, Delayed):
        return _one_line(value.get(), names)
    if isinstance(value, Formula):
        return _quoted(value.text())
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, numpy.generic):
        value = value.item()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    raise NetworkError(f"a config cannot hold {value!r} ({type(value).__name__}); use plain values or PythonCode(...)")


def _quoted(text: str) -> str:
    """With double quotes, as formatters write it."""
    literal = repr(text)
    if literal.startswith("'") and '"' not in text:
        return '"' + literal[1:-1].replace("\\'", "'") + '"'
    return literal
