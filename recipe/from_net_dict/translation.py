"""The translation of a net dict into module classes."""

from __future__ import annotations

from collections.abc import Mapping

from recipe.nn.plain.dim import Dim

from . import (
    attention_layers,
    axis_layers,
    conv_layers,
    elementwise_layers,
    frame_layers,
    loop_layers,
    losses,
    masked_layers,
    parameter_layers,
    window_layers,
)
from .dim_texts import DimTexts
from .level import Level
from .loop_layers import Subnetwork
from .loop_level import LoopLevel
from .net_dict import NetDict
from .notes import Notes
from .repeated_blocks import Block, with_blocks

LAYER_FILES = (
    attention_layers,
    axis_layers,
    conv_layers,
    elementwise_layers,
    frame_layers,
    loop_layers,
    losses,
    masked_layers,
    parameter_layers,
    window_layers,
)
"""The files that note translations of layers when they are imported."""


class Translation:
    """
    Module classes that compute what a net dict does.

    :param net: the net dict
    :param label_names: the variables of names for labels, by the input that has the labels
    :param dims: how dims are called in other networks of the same module
    :param has_lists: whether layers that repeat become a list
    """

    def __init__(
        self,
        net: NetDict,
        label_names: Mapping[str, str] | None = None,
        *,
        dims: DimTexts | None = None,
        has_lists: bool = True,
    ):
        self.notes = Notes(net, dims)
        self.first_epochs: dict[int, Translation] = {}
        """The networks of a training that has several, by their first epochs; the last one is this one."""
        self.blocks: dict[Level, list[Block]] = {}
        """The classes of repeated layers, by the level that they are in."""
        self.label_dims: dict[Dim, str] = {}
        """The variables of names for labels, by the dims."""
        for name, variable in (label_names or {}).items():
            dim = net.inputs[name].labels
            if dim is not None:
                self.label_dims.setdefault(self.notes.dims.label(dim, name, variable), variable)
        self.root = Level(self.notes, net.layers, None, "")
        """The network itself, with the levels in it."""
        self.results: dict[str, str] = {}
        """The expressions that the model returns, by the names of the outputs."""
        for name, options in net.layers.items():
            if isinstance(options, dict):
                self._translate(name, options.get("loss"))
            else:
                self.notes.problems.append(f"layer {name!r} is not read: {options!r}")
        if has_lists:
            self._put_lists()

    @property
    def is_search_alone(self) -> bool:
        """Whether the network is one that only searches."""
        return self.notes.search is not None and not self.root.uses_search

    def results_of(self, level: Level) -> list[str]:
        """What the forward of a level gives."""
        if level.parent is None:
            return list(self.results.values())
        return level.results if isinstance(level, (LoopLevel, Subnetwork)) else []

    def _put_lists(self) -> None:
        """Lists of modules in place of layers that repeat."""
        for level in self.root.with_inner():
            if isinstance(level, LoopLevel):
                continue
            self.blocks[level], results = with_blocks(level, self.results_of(level))
            if level.parent is None:
                self.results = dict(zip(self.results, results))
            elif isinstance(level, Subnetwork):
                level.results = results

    def _translate(self, name: str, loss: object) -> None:
        """Writes the code of a layer that is an output or has a loss, and of all that it depends on."""
        is_output = self.root.is_output(name)
        if is_output or loss:
            value = self.root.value_of(name)
            if is_output and value.text not in self.results.values() and value.text != "None":
                self.results[name] = value.text
