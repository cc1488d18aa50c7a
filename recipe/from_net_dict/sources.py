"""What layers of several classes say in the same words: their inputs, dims, axes, targets, dropout."""

from __future__ import annotations

from typing import Any

from recipe.nn.plain.dim import Dim, as_dim, batch_dim

from .layer import Layer, Unsupported
from .level import Level
from .value import Value, joint_dims

_FEATURES = ("F", "f", "feature", "dim:F", "static")
_LENGTHS = ("T", "t", "time", "spatial", "stag:time")
_BATCH = ("B", "b", "batch")


def sources(level: Level, layer: Layer) -> list[Value]:
    """Its inputs."""
    given = layer.take("from", "data" if level.parent is None else [])
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
    target = layer.take("target")
    if given is None and isinstance(target, str) and not target.startswith("layer:"):
        given = _labels_of_target(level, target)
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
    if axis in _BATCH:
        return batch_dim
    if axis in _FEATURES and value.features is not None:
        return value.features
    if axis is None or axis in _LENGTHS or (isinstance(axis, str) and axis.startswith("stag:")):
        if value.dims is None:
            return None
        named = [dim for dim in value.lengths if f"stag:{dim.name}" == axis]
        found = named or value.lengths
        if len(found) == 1:
            return found[0]
    raise Unsupported(f"axis={axis!r} of {value.text}")


def axis_text(level: Level, value: Value, dim: Dim | None) -> str:
    """`` axis=...`` as a further argument, where it is not the only axis with lengths."""
    if dim is None or value.lengths == [dim]:
        return ""
    return f", axis={level.notes.dims.text(dim)}"


def with_dropout(layer: Layer, value: Value) -> Value:
    """An input with the dropout that the layer's option asks for."""
    rate = layer.take("dropout", 0)
    return value._replace(text=f"nn.dropout({value.text}, {rate})") if rate else value
