"""The translation of a net dict into module classes."""

from __future__ import annotations

from typing import Any

from ..plain.dim import Dim, batch_dim
from . import axis_layers, elementwise_layers, loop_layers, parameter_layers
from .dim_texts import DimTexts
from .layer import Layer
from .level import Level
from .losses import add_loss
from .net_dict import Input, NetDict
from .parameters import Owner
from .value import Value

LAYER_FILES = (axis_layers, elementwise_layers, loop_layers, parameter_layers)
"""The files that note translations of layers when they are imported."""


class Translation:
    """
    Module classes that compute what a net dict does.

    :param net: the net dict
    """

    def __init__(self, net: NetDict):
        self.net = net
        self.dims = DimTexts(net.dim_names)
        self.problems: list[str] = []
        """What is not translated."""
        self.name_map: dict[str, str] = {}
        """RETURNN's names of the parameters by those of the written modules."""
        self.owners: dict[Owner, tuple[Level, str]] = {}
        """The modules by the parameters that they have in RETURNN."""
        self.levels: list[Level] = []
        """The module classes, those within others first."""
        self.inputs: dict[str, str] = {}
        """The declarations of inputs, by the variables."""
        self.search: tuple[int, float] | None = None
        """Beam size and length normalization, if there is a choice."""
        self._class_names: set[str] = set()
        self.root = Level(self, net.layers, None, "")
        self.results: dict[str, str] = {}
        """The expressions that the model returns, by the names of the outputs."""
        self._run()
        self.levels.append(self.root)

    def _run(self) -> None:
        """Writes the code of all layers that outputs and losses depend on."""
        for name, options in self.net.layers.items():
            if not isinstance(options, dict):
                self.problems.append(f"layer {name!r} is not read: {options!r}")
                continue
            is_output = self.root.is_output(name)
            if is_output or options.get("loss"):
                value = self.root.value_of(name)
                if is_output and value.text not in self.results.values() and value.text != "None":
                    self.results[name] = value.text

    def add_loss(self, level: Level, layer: Layer, value: Value) -> None:
        """Marks the losses of layers whose translation does not do that itself."""
        add_loss(level, layer, value)

    def input(self, level: Level, name: str) -> Value:
        """The value of an input of the network, or of a layer that is registered as one."""
        for layer, options in self.net.layers.items():
            if options.get("register_as_extern_data") == name:
                return level.value_of(layer)
        key = f"data:{name}"
        if key not in level.values:
            data = self.net.inputs.get(name) or self._undeclared(name)
            variable = _constant_name(name)
            labels = f", sparse_dim={self.dims.text(data.labels)}" if data.labels is not None else ""
            dtype = f', dtype="{data.dtype}"' if data.dtype and data.dtype != _default_dtype(data) else ""
            self.inputs[variable] = f'nn.ExternData("{name}", {self.dims.list_text(data.dims)}{labels}{dtype})'
            value = level.assign(name, f"nn.get_extern_data({variable})", data.dims, labels=data.labels)
            level.values[key] = value._replace(dtype=data.dtype or _default_dtype(data))
        return level.values[key]

    def _undeclared(self, name: str) -> Input:
        self.problems.append(f"input {name!r} is not declared in the file (extern_data), so its dims are not known")
        return Input(
            name, (batch_dim, Dim(None, f"{name}_time"), Dim(1, f"{name}_features_of_unknown_size")), None, None
        )

    def labels_of_input(self, name: str) -> Any:
        """The dim of the labels of a target; of one that is a layer, that of what it is made from."""
        if name in self.net.inputs:
            return self.net.inputs[name].labels
        return self.root.data(name).labels

    def unique_class_name(self, name: str) -> str:
        """A name for a class."""
        words = [word for word in "".join(c if c.isalnum() else " " for c in name).split() if word]
        base = "".join(word[:1].upper() + word[1:] for word in words) or "Model"
        base = f"Layer{base}" if base[0].isdigit() else base
        found, number = base, 2
        while found in self._class_names:
            found, number = f"{base}{number}", number + 1
        self._class_names.add(found)
        return found


def _constant_name(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name).upper() + ("" if name[:1].isalpha() else "_INPUT")


def _default_dtype(data: Input) -> str:
    return "int32" if data.labels is not None else "float32"
