"""What layers of several classes say in the same words: their inputs, dims, axes, targets, dropout."""

from __future__ import annotations

from typing import Any

from recipe.nn.plain.dim import Dim, as_dim, batch_dim

from .layer import Layer, Unsupported
from .level import Level
from .value import Value, joint_dims

_FEATURES = ("f", "feature", "non_spatial")
_LENGTHS = ("T", "t", "time", "spatial")
_BATCH = ("b", "batch")


def sources(level: Level, layer: Layer) -> list[Value]:
    """Its inputs."""
    given = layer.take("from", "data" if level.parent is None or level.notes.net.behavior_version < 1 else [])
    names = [given] if isinstance(given, str) else list(given)
    if not names:
        raise Unsupported("it has no input")
    return [level.read(name if isinstance(name, str) else name[0]) for name in names]


def source(level: Level, layer: Layer) -> Value:
    """Its input; several are joined, as RETURNN did by itself."""
    values = sources(level, layer)
    return values[0] if len(values) == 1 else joined(values)


def joined(values: list[Value]) -> Value:
    """Feature vectors one behind the other."""
    text = f"nn.concat({', '.join(value.text for value in values)})"
    features = [value.features for value in values if value.features is not None]
    if len(features) < len(values):
        return Value(text, None)
    rest = joint_dims([value._replace(dims=value.without(dim)) for value, dim in zip(values, features)])
    return Value(text, (*rest, sum(features[1:], features[0])) if rest is not None else None)


def out_dim(level: Level, layer: Layer) -> Dim:
    """
    The dim of its output's features.

    :raises Unsupported: if it is not said
    """
    given = layer.take("out_dim") or layer.take("n_out")
    target = layer.take("target", "classes" if layer.options.get("loss") else None)
    if given is None and isinstance(target, str) and not target.startswith("layer:"):
        given = _labels_of_target(level, target)
        if given is not None and layer.options.get("loss") == "ctc":
            given = as_dim(given.size + 1)  # with the blank label
    if not isinstance(given, (int, Dim)):
        raise Unsupported(f"the size of its output is not said, n_out or out_dim: {given!r:.60}")
    return as_dim(given)


def _labels_of_target(level: Level, name: str) -> Dim | None:
    """The dim of the labels of a target; of one that is a layer, that of what it is made from."""
    root = root_of(level)
    declared = root.notes.net.inputs.get(name)
    return declared.labels if declared is not None else root.data(name).labels


def root_of(level: Level) -> Level:
    """The network itself."""
    while level.parent is not None:
        level = level.parent
    return level


def axis_of(value: Value, axis: Any) -> Dim | None:
    """
    The dim that an axis option means; None for the only one with lengths, where dims are not known.

    :raises Unsupported: if it has none
    """
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        axis = axis[0]
    if isinstance(axis, Dim):
        return axis
    if axis is None or axis in _LENGTHS or (isinstance(axis, str) and axis.lower().startswith(("stag:", "tag:"))):
        if value.dims is None:
            return None
        text = "" if axis is None else str(axis).lower().partition(":")[2]
        named = [dim for dim in value.lengths if text and (dim.name or "").lower() in (text, f"{text}_time")]
        found = named or value.lengths
        if len(found) == 1:
            return found[0]
        if axis in _LENGTHS and found:
            return found[0]  # RETURNN's time axis is the first one
    found = axes_of(value, axis)
    if len(found) == 1:
        return found[0]
    raise Unsupported(f"axis={axis!r} of {value.text}")


def axes_of(value: Value, axes: Any) -> list[Dim]:
    """
    The dims that an axis option of several means: ``except_batch``, ``static``, ``s:1``, ``[1, 2]``.

    :raises Unsupported: if the value has none of that name, or its dims are not known
    """
    if isinstance(axes, (list, tuple)):
        return list(dict.fromkeys(dim for one in axes for dim in axes_of(value, one)))
    if isinstance(axes, Dim):
        return [axes]
    dims = value.dims
    if dims is None:
        raise Unsupported(f"axis={axes!r} of {value.text}")
    if isinstance(axes, int) and -len(dims) <= axes < len(dims):
        return [dims[axes]]
    others = [dim for dim in dims if not dim.is_batch]
    time = value.lengths[0] if value.lengths else None
    spatial = [dim for dim in others if dim is not value.features]
    kinds = {
        "spatial": spatial,
        "static": [dim for dim in dims if dim.is_static],
        "dyn": value.lengths,
        "except_batch": others,
        "except_time": [dim for dim in others if dim is not time],
        "spatial_except_time": [dim for dim in spatial if dim is not time],
        "*": list(dims),
    }
    text = str(axes).lower()
    if text in _BATCH:
        return [batch_dim]
    if text in _FEATURES and value.features is not None:
        return [value.features]
    if text in ("t", "time") and time is not None:
        return [time]
    kind, _, number = text.partition(":")
    kind = {"s": "spatial", "d": "dyn", "dynamic": "dyn"}.get(kind, kind)
    if kind == "dim":
        return [dim for dim in dims if str(dim.known_size) == number]
    if kind in kinds and not number:
        return kinds[kind]
    if kind in kinds and number.lstrip("-").isdigit() and -len(kinds[kind]) <= int(number) < len(kinds[kind]):
        return [kinds[kind][int(number)]]
    if text and len(text) > 1 and all(one in "btf" for one in text):
        return axes_of(value, list(text))
    raise Unsupported(f"axis={axes!r} of {value.text}")


def axis_text(level: Level, value: Value, dim: Dim | None) -> str:
    """`` axis=...`` as a further argument, where it is not the only axis with lengths."""
    if dim is None or value.lengths == [dim]:
        return ""
    return f", axis={level.notes.dims.text(dim)}"


def with_dropout(layer: Layer, value: Value) -> Value:
    """An input with the dropout that the layer's option asks for."""
    rate = layer.take("dropout", 0)
    if not rate and "dropout" not in layer.rates:
        return value
    return value._replace(text=f"nn.dropout({value.text}, {rate or 0.0})")
