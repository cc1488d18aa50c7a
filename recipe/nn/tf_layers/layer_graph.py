"""Which layers read which: the references in options, layers that nothing reads, and an order to write them in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..plain.dim import Dim
from .layers import Layer, LayerNetwork, PreviousLayer, Reference, SubLayer

_PLAIN = (str, Dim, int, float, type(None))
_ALWAYS_COMPUTED = ("output", "end", "In_loop")
"""Layers of a unit that RETURNN computes whether or not anything reads them."""


def references(value: Any) -> list[Reference]:
    """The references in an option, also those in units."""
    found: list[Reference] = []
    _collect_references(value, found)
    return found


def _collect_references(value: Any, found: list[Reference]) -> None:
    if isinstance(value, _PLAIN):
        return
    if isinstance(value, Reference):
        found.append(value)
    elif isinstance(value, dict):
        for item in value.values():
            _collect_references(item, found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect_references(item, found)
    elif isinstance(value, LayerNetwork):
        for layer in value.layers:
            _collect_references(layer.options, found)


def made_of_in_step(unit: LayerNetwork, last: Iterable[Reference]) -> tuple[list[Layer], list[Reference]]:
    """
    What layers of a loop are made of in the same step.

    :param unit: the layers of the loop's steps
    :param last: those layers
    :return: they, and the layers of the unit that lead to them; what all these read besides: states, the number of the
        step, and layers from outside
    """
    todo, inside, others = list(last), dict[Layer, None](), dict[Reference, None]()
    while todo:
        reference = todo.pop()
        layer = reference.layer()
        if isinstance(reference, PreviousLayer) or layer is None or layer.network is not unit:
            others[reference] = None
        elif layer not in inside:
            inside[layer] = None
            todo += references({key: value for key, value in layer.options.items() if key != "initial_output"})
    return list(inside), list(others)


def states_of(unit: LayerNetwork, read: Iterable[Reference]) -> list[PreviousLayer]:
    """The states of a loop among what is read."""
    return [one for one in read if isinstance(one, PreviousLayer) and one.network is unit]


def reads(final: Iterable[Layer]) -> dict[Layer, list[Layer]]:
    """
    What each layer reads, of all layers that some depend on.

    :param final: what is computed for its own sake: outputs and losses
    :return: by layer; of one with a unit, what is always computed there
    """
    read: dict[Layer, list[Layer]] = {}
    todo = list(final)
    while todo:
        layer = todo.pop()
        if layer not in read:
            found: list[Layer] = []
            read[layer] = found
            _collect_read(layer.options, found)
            todo += found
    return read


def _collect_read(value: Any, found: list[Layer]) -> None:
    if isinstance(value, _PLAIN):
        return
    if isinstance(value, Reference):
        layer = value.layer()
        if layer is not None:
            found.append(layer)
        if isinstance(value, SubLayer) and isinstance(value.part, Layer):
            found.append(value.part)
    elif isinstance(value, dict):
        for item in value.values():
            _collect_read(item, found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect_read(item, found)
    elif isinstance(value, LayerNetwork):
        found.extend(layer for layer in value.layers if layer.name in _ALWAYS_COMPUTED)


def in_order(root: LayerNetwork, read: dict[Layer, list[Layer]]) -> list[Layer]:
    """
    The layers of a network, each behind those that it reads, also in its unit; else as they were made.

    :param read: see :func:`reads`
    """
    position = {layer: number for number, layer in enumerate(root.layers)}
    ordered: dict[Layer, None] = {}
    entered: set[Layer] = set()
    todo = list(reversed(root.layers))
    while todo:
        layer = todo.pop()
        if layer in entered:
            ordered[layer] = None
            continue
        entered.add(layer)
        before = [one for one in _at_root(layer, root, read) if one not in entered]
        if "unit" in layer.options:
            before.sort(key=position.__getitem__)
        todo += [layer, *reversed(before)]
    return list(ordered)


def _at_root(layer: Layer, root: LayerNetwork, read: dict[Layer, list[Layer]]) -> list[Layer]:
    """The layers of the network itself that a layer reads, also by those in its unit."""
    found: dict[Layer, None] = {}
    todo, seen = list(reversed(read[layer])), {layer}
    unit = layer.options.get("unit")
    if isinstance(unit, LayerNetwork):
        todo += unit.layers
    while todo:
        one = todo.pop()
        if one.network is root:
            found[one] = None
        elif one not in seen:
            seen.add(one)
            todo += reversed(read[one])
    return list(found)
