"""Dropout and label smoothing that some networks of a training have, and others not: written there as 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Rates = frozenset[tuple[str, str, str]]
"""The name of the layer around, "" for none, of the layer, and of the option."""

_OPTIONS = ("dropout", "attention_dropout")


def varying_rates(networks: Iterable[Mapping[str, Any]]) -> Rates:
    """The options that are more than 0 in one of the networks, and not the same in all that have the layer."""
    values: dict[tuple[str, str, str], set[float]] = {}
    for network in networks:
        for key, value in _rates(network, ""):
            values.setdefault(key, set()).add(value)
    return frozenset(key for key, found in values.items() if len(found) > 1)


def _rates(layers: Mapping[str, Any], around: str) -> Iterator[tuple[tuple[str, str, str], float]]:
    for name, options in layers.items():
        if not isinstance(options, dict):
            continue
        for option in _OPTIONS:
            yield (around, name, option), _number(options.get(option))
        losses = options.get("loss_opts")
        if isinstance(losses, dict):
            yield (around, name, "label_smoothing"), _number(losses.get("label_smoothing"))
        for inner in ("unit", "subnetwork"):
            if isinstance(options.get(inner), dict):
                yield from _rates(options[inner], name)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
