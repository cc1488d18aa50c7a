"""What is known of layers of a loop before their code is written: they may need their own values of the step before."""

from __future__ import annotations

import math
from typing import Any

from recipe.nn.plain.dim import Dim, as_dim, batch_dim

from .layer import Layer, Unsupported
from .level import Level
from .sources import out_dim
from .value import Value, joint_dims

_KEEP_DIMS = frozenset({"combine", "eval", "activation", "dropout", "copy", "softmax_over_spatial"})
"""Layers whose outputs have the dims of their inputs."""


class ForeseenValues(Level):
    """
    The layers of a loop, as far as they are known by their options.

    :ivar target_name: of the right labels, of which choices have their labels
    :ivar source: the layer around that the loop goes over, None for none
    """

    target_name: str | None
    source: str | None

    def input_of_network(self, name: str) -> Value:
        """An input of the network, or a layer that is registered as one, as it is called here."""
        level: Level = self
        while level.parent is not None:
            level = level.parent
        value = level.data(name)
        return self._handed_down(value, name)

    def _handed_down(self, value: Value, name: str) -> Value:
        """A value of the network itself, as the level around this one calls it."""
        levels: list[Level] = []
        level = self.parent
        while level is not None and level.parent is not None:
            levels.insert(0, level)
            level = level.parent
        for one in levels:
            value = one.capture(value, name)
        return value

    def foreseen(self, name: str) -> Value:
        """What is known of a layer before its code is written, which may need its own value of the step before."""
        options = self.layers[name]
        initial = options.get("initial_output")
        if isinstance(initial, str) and initial.startswith("base:"):
            return self.read(initial)
        if options["class"] == "rec_unstack":
            return self.value_of(name)
        if options["class"] == "choice":
            target = options.get("target") or self.target_name
            if isinstance(target, str):
                labels = self.input_of_network(target).labels if not target.startswith("layer:") else None
                return Value("", (batch_dim,), labels, "int32")
            source = options["from"] if isinstance(options["from"], str) else options["from"][0]
            return Value("", (batch_dim,), self._foreseen_features(source), "int32")
        given = [options.get("from", [])] if isinstance(options.get("from"), str) else options.get("from", [])
        if (
            options["class"] in ("copy", "eval")
            and len(given) == 1
            and self.layers.get(given[0], {}).get("class") == "choice"
        ):
            return self.foreseen(given[0])
        outer = [self.read(one) for one in given if isinstance(one, str) and one.startswith("base:")]
        if options["class"] in ("eval", "combine") and outer:
            return Value("", joint_dims(outer))
        dims = self._foreseen_dims(name, {})
        if dims is not None and any(dim.is_dynamic for dim in dims):
            return Value("", dims)
        features = self._foreseen_features(name)
        return Value("", (batch_dim, features) if features is not None else None)

    def _foreseen_dims(self, name: str, found: dict[str, tuple[Dim, ...] | None]) -> tuple[Dim, ...] | None:
        """
        The dims that a layer gets from those that its inputs come from, which may be its own of the step before.

        :param found: of layers that were asked for; None for one that is being looked at
        """
        if name.startswith("base:") or (name in ("data", "data:source") and self.source is not None):
            return self.read(name).dims
        name = name.removeprefix("prev:")
        if name in self.values:
            return self.values[name].dims
        if name not in found and name in self.layers:
            found[name] = None
            found[name] = self._dims_from_inputs(Layer(name, self.layers[name]), found)
        return found.get(name)

    def _dims_from_inputs(self, layer: Layer, found: dict[str, tuple[Dim, ...] | None]) -> tuple[Dim, ...] | None:
        is_linear = layer.class_name == "linear" and "n_out" in layer.options
        if not is_linear and layer.class_name not in _KEEP_DIMS:
            return None
        given = layer.options.get("from") or []
        names = [given] if isinstance(given, str) else [one for one in given if isinstance(one, str)]
        known = [one for one in (self._foreseen_dims(one, found) for one in names) if one]
        dims = joint_dims([Value("", one) for one in known]) if known else None
        if is_linear and dims is not None:
            return Value("", dims).replaced(Value("", dims).features, out_dim(self, layer))
        return dims

    def _foreseen_features(self, name: str) -> Dim | None:
        if name in ("data", "data:source") and self.source is not None:
            return self.read(name).features
        if name not in self.layers:
            return None
        layer = Layer(name, self.layers[name])
        if layer.class_name in ("linear", "softmax", "rec", "rnn_cell", "concat"):
            try:
                return out_dim(self, layer)
            except Unsupported:
                pass
        if layer.class_name in ("combine", "activation", "copy", "dropout"):
            sources = layer.options.get("from")
            names = [sources] if isinstance(sources, str) else list(sources or [])
            return next(filter(None, (self._foreseen_features(one) for one in names if isinstance(one, str))), None)
        if layer.class_name == "merge_dims" and layer.options.get("axes") in ("except_batch", "static"):
            return self._features_of_heads(layer.options.get("from"))
        if layer.class_name in ("generic_attention", "dot"):
            sources = [layer.options.get("base"), *(layer.options.get("from") or [])]
            outer = [one for one in sources if isinstance(one, str) and one.startswith("base:")]
            return self.read(outer[-1]).features if outer else None
        return None

    def _features_of_heads(self, given: Any) -> Dim | None:
        """The features that what an attention gives for each head become together."""
        name = given if isinstance(given, str) else given[0] if isinstance(given, (list, tuple)) and given else ""
        options = self.layers.get(name, {})
        base = options.get("base")
        if options.get("class") != "generic_attention" or not isinstance(base, str) or not base.startswith("base:"):
            return None
        sizes = [dim.known_size for dim in self.read(base).dims or () if dim.is_static]
        return as_dim(math.prod(sizes)) if sizes and None not in sizes else None  # type: ignore[arg-type]
