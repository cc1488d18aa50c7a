"""
The canonical form of a network: what its hash is taken of.

Version 1: plain dicts, lists, str, int, float, bool and None, written as JSON with sorted keys. It is built from the
layers that outputs and losses depend on, in the order in which they are reached from them. Layers and dims are numbered
in that order and have no names; only parameters, inputs, outputs and losses are named. Numbers are equal if their
values are: ``1.0`` is ``1``.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy

from .dim import Dim, batch_dim, single_step_dim
from .layers import (
    InputReference,
    Layer,
    LayerNetwork,
    LstmStateTuple,
    PreviousLayer,
    Reference,
    StepReference,
    SubLayer,
)

if TYPE_CHECKING:
    from .network import Network

FORMAT = 1


def canonical_form(network: Network) -> dict[str, Any]:
    """The canonical form; equal for equal computations with equal parameter names."""
    from .lowering import Lowering

    lowering = Lowering(network)
    return _Form(lowering.run(), set(lowering.output_names)).build(network)


def digest(form: dict[str, Any]) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(json.dumps(form, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class _Form:
    def __init__(self, layers: LayerNetwork, outputs: set[str]):
        self.root = layers
        self.outputs = outputs
        self.numbers: dict[Layer, int] = {}
        self.dims: dict[Dim, int] = {}
        self.layers: list[Any] = []
        self.dim_entries: list[Any] = []

    def build(self, network: Network) -> dict[str, Any]:
        final = [layer for layer in self.root.layers if "loss" in layer.options or layer.name in self.outputs]
        return {
            "format": FORMAT,
            "final": [[layer.name, self.layer(layer)] for layer in sorted(final, key=lambda layer: layer.name)],
            "inputs": {
                name: {
                    "dims": [self.dim(dim) for dim in data.dims],
                    "sparse_dim": self.dim(data.sparse_dim) if data.sparse_dim is not None else None,
                    "dtype": data.dtype,
                }
                for name, data in network.extern_data.items()
            },
            "layers": self.layers,
            "dims": self.dim_entries,
        }

    def layer(self, layer: Layer) -> int:
        if layer not in self.numbers:
            self.numbers[layer] = number = len(self.layers)
            self.layers.append(None)
            self.layers[number] = {
                key: self.value(layer.options[key]) for key in sorted(layer.options) if layer.options[key] is not None
            }
        return self.numbers[layer]

    def value(self, value: Any) -> Any:
        if isinstance(value, Reference):
            return self.reference(value)
        if isinstance(value, LayerNetwork):
            named = {layer.name: layer for layer in value.layers}
            return {"unit": {name: self.layer(named[name]) for name in ("output", "end") if name in named}}
        if isinstance(value, Dim):
            return {"dim": self.dim(value)}
        if isinstance(value, LstmStateTuple):
            return {"c": self.value(value.c), "h": self.value(value.h)}
        if isinstance(value, dict):
            return {str(key): self.value(value[key]) for key in sorted(value)}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        if isinstance(value, numpy.generic):
            value = value.item()
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return value

    def reference(self, reference: Reference) -> Any:
        if isinstance(reference, InputReference):
            return {"input": reference.key}
        if isinstance(reference, StepReference):
            return {"step": True}
        if isinstance(reference, SubLayer):
            part = reference.part if isinstance(reference.part, str) else self.layer(reference.part)
            return {"part": part, "of": self.layer(reference.of)}
        layer = reference.layer()
        assert layer is not None
        return {"previous" if isinstance(reference, PreviousLayer) else "layer": self.layer(layer)}

    def dim(self, dim: Dim) -> Any:
        if dim in (batch_dim, single_step_dim):
            return dim.name
        if dim not in self.dims:
            self.dims[dim] = len(self.dim_entries)
            self.dim_entries.append(
                {"size": dim.dimension, **({"labels": list(dim.labels)} if dim.labels is not None else {})}
            )
        return self.dims[dim]
