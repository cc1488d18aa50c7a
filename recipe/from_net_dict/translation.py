"""The translation of a net dict into module classes."""

from __future__ import annotations

from collections.abc import Mapping

from recipe.nn.plain.dim import Dim

from . import attention_layers, axis_layers, conv_layers, elementwise_layers, loop_layers, losses, parameter_layers
from .level import Level
from .net_dict import NetDict
from .notes import Notes

PRETRAINING = (
    "This is the network that the config ends with. Its pretraining, smaller networks in the first epochs, is not "
    "translated: nn.StagedNetwork({first epoch: network}) takes such networks."
)

LAYER_FILES = (attention_layers, axis_layers, conv_layers, elementwise_layers, loop_layers, losses, parameter_layers)
"""The files that note translations of layers when they are imported."""


class Translation:
    """
    Module classes that compute what a net dict does.

    :param net: the net dict
    :param label_names: the variables of names for labels, by the input that has the labels
    """

    def __init__(self, net: NetDict, label_names: Mapping[str, str] | None = None):
        self.notes = Notes(net)
        self.label_dims: dict[Dim, str] = {}
        """The variables of names for labels, by the dims."""
        for name, variable in (label_names or {}).items():
            dim = net.inputs[name].labels
            if dim is not None:
                self.label_dims.setdefault(self.notes.dims.label(dim, name, variable), variable)
        self.root = Level(self.notes, net.layers, None, "")
        """The network itself, with the levels in it."""
        pretraining = net.settings.get("pretrain")
        if pretraining or "get_network" in net.settings:
            self.notes.differences.add(PRETRAINING)
        self.results: dict[str, str] = {}
        """The expressions that the model returns, by the names of the outputs."""
        for name, options in net.layers.items():
            if isinstance(options, dict):
                self._translate(name, options.get("loss"))
            else:
                self.notes.problems.append(f"layer {name!r} is not read: {options!r}")

    def _translate(self, name: str, loss: object) -> None:
        """Writes the code of a layer that is an output or has a loss, and of all that it depends on."""
        is_output = self.root.is_output(name)
        if is_output or loss:
            value = self.root.value_of(name)
            if is_output and value.text not in self.results.values() and value.text != "None":
                self.results[name] = value.text
