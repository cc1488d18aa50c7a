"""Layers of a RETURNN net dict before their names are final, and references between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..plain.dim import Dim
from ..plain.errors import SourceLine
from ..plain.layer_names import NO_SOURCE, layer_name

RESERVED_NAMES = ("end", "output")
"""Names of layers by which RETURNN goes in loops."""


class Reference:
    """Something that an option of a layer can point at."""

    def text(self, inside: LayerNetwork) -> str:
        """How RETURNN is told, seen from a layer inside of this network (``base:`` goes one network up)."""
        raise TypeError(type(self).__name__)

    def layer(self) -> Layer | None:
        """The layer that is pointed at; None for inputs."""
        return None


class LayerNetwork:
    """
    A net dict: the network itself, or the unit of a ``rec`` layer.

    :param parent: the network around, None for the network itself
    """

    def __init__(self, parent: LayerNetwork | None = None):
        self.parent = parent
        self.layers: list[Layer] = []
        self.settings: dict[str, Any] = {}
        """What the config says besides, for the network itself."""
        self._names: Counter[str] = Counter([*RESERVED_NAMES, NO_SOURCE])

    def is_within(self, other: LayerNetwork) -> bool:
        """Whether it stands in a unit of the other one."""
        network = self.parent
        while network is not None and network is not other:
            network = network.parent
        return network is not None

    def base_prefix(self, inside: LayerNetwork) -> str:
        """``base:`` as often as it takes to come here from ``inside``."""
        prefix, network = "", inside
        while network is not self:
            assert network.parent is not None, "a layer can only refer to its own network and those around it"
            prefix, network = prefix + "base:", network.parent
        return prefix

    def unique_name(self, wanted: str) -> str:
        """The name, with a number behind it if it is taken."""
        wanted = layer_name(wanted)
        if wanted not in self._names:
            return wanted
        numbered = (f"{wanted}_{number}" for number in range(1, 100_000))
        return next(name for name in numbered if name not in self._names)

    def rename(self, before: str | None, name: str | None) -> None:
        """Takes note that a layer has a name, or another one than before, or is no more."""
        if before is not None:
            self._names[before] -= 1
            if not self._names[before]:
                del self._names[before]
        if name is not None:
            self._names[name] += 1

    def layer(self, name: str) -> Layer:
        """The layer of this name."""
        return next(layer for layer in self.layers if layer.name == name)

    def remove(self, layer: Layer) -> None:
        """Takes out a layer."""
        self.layers.remove(layer)
        self.rename(layer.name, None)

    def all_layers(self) -> Iterator[Layer]:
        """All layers, also those of units."""
        for layer in self.layers:
            yield layer
            unit = layer.options.get("unit")
            if isinstance(unit, LayerNetwork):
                yield from unit.all_layers()


class Layer(Reference):
    """
    One layer.

    :param network: where it stands
    :param name: its name there
    :param options: the options, ``class`` first; values may hold references, Dims and LayerNetworks
    :param comment: what it belongs to, for readers of the config
    """

    def __init__(self, network: LayerNetwork, name: str, options: dict[str, Any], comment: str = ""):
        self.network = network
        self._name = name
        self.options = options
        self.comment = comment
        self.source: SourceLine | None = None
        """The user's line that it computes, where that can be told."""
        self.has_own_name = False
        """Whether RETURNN or the user goes by its name: ``output``, ``end``, outputs and losses of the network."""
        self.is_module = False
        """Whether it is *the* layer of a module, which it is named by."""
        self.is_part = False
        """Whether it is one of several layers that an op becomes."""
        network.layers.append(self)
        network.rename(None, name)

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self.network.rename(self._name, name)
        self._name = name

    def text(self, inside: LayerNetwork) -> str:
        """``name``, or ``base:name`` from within a unit."""
        return self.network.base_prefix(inside) + self.name

    def layer(self) -> Layer:
        """Itself."""
        return self

    def __repr__(self) -> str:
        return f"<layer {self.name} {self.options.get('class')}>"


class SubLayer(Reference):
    """
    A part of a layer's result, or a layer in its unit.

    :param of: the layer
    :param part: the name of the part, or the layer in the unit
    """

    def __init__(self, of: Layer, part: str | Layer):
        self.of = of
        self.part = part

    def text(self, inside: LayerNetwork) -> str:
        """``name/part``."""
        return f"{self.of.text(inside)}/{self.part if isinstance(self.part, str) else self.part.name}"

    def layer(self) -> Layer:
        """The layer that has the part."""
        return self.of


class PreviousLayer(Reference):
    """``prev:`` of a layer that is made later in the same unit."""

    def __init__(self, network: LayerNetwork) -> None:
        self.network = network
        self.target: Layer | None = None

    def text(self, inside: LayerNetwork) -> str:
        """``prev:name``."""
        assert self.target is not None
        return f"{self.network.base_prefix(inside)}prev:{self.target.name}"

    def layer(self) -> Layer | None:
        """The layer, once it is made."""
        return self.target


class InputReference(Reference):
    """
    An input of the network.

    :param network: the network itself
    :param key: its name in extern_data
    """

    def __init__(self, network: LayerNetwork, key: str):
        self.network = network
        self.key = key

    def text(self, inside: LayerNetwork) -> str:
        """``data:name``."""
        return f"{self.network.base_prefix(inside)}data:{self.key}"


class StepReference(Reference):
    """
    The number of the step in a ``rec`` layer.

    :param network: the unit
    """

    def __init__(self, network: LayerNetwork):
        self.network = network

    def text(self, inside: LayerNetwork) -> str:
        """``:i``."""
        return f"{self.network.base_prefix(inside)}:i"


class NameOf(Reference):
    """
    The name of a layer in a unit, whatever it comes to be.

    :param of: the layer
    """

    def __init__(self, of: Layer):
        self.of = of

    def text(self, inside: LayerNetwork) -> str:
        """Its name."""
        return self.of.name

    def layer(self) -> Layer:
        """The layer."""
        return self.of


class LstmStateTuple(NamedTuple):
    """The explicit state of an LSTM unit, as RETURNN wants it."""

    c: Any
    h: Any


def plain(value: Any, inside: LayerNetwork) -> Any:
    """An option with names instead of references; Dims stay."""
    if isinstance(value, (str, Dim, float, int)):
        return value
    if isinstance(value, Reference):
        return value.text(inside)
    if isinstance(value, LayerNetwork):
        return {layer.name: plain(layer.options, value) for layer in value.layers}
    if isinstance(value, dict):
        return {key: plain(item, inside) for key, item in value.items()}
    if isinstance(value, LstmStateTuple):
        return LstmStateTuple(plain(value.c, inside), plain(value.h, inside))
    if isinstance(value, (list, tuple)):
        return type(value)([plain(item, inside) for item in value])
    return value
