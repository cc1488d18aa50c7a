"""What is known of a layer that is not translated: its inputs, and the dims of its output."""

from __future__ import annotations

from collections.abc import Sequence

from recipe.nn.plain.dim import Dim, as_dim

from .layer import Layer
from .value import Value, joint_dims

_KEEP_AXES = frozenset(
    "activation batch_norm combine copy dropout elemwise_prod eval gating hidden identity layer_norm linear "
    "masked_computation norm positional_encoding self_attention softmax softmax_over_spatial unmask".split()
)
"""Classes whose output has the axes of their inputs, but for the features where their number is said."""


def input_references(layer: Layer) -> list[str]:
    """The layers that it says as its inputs."""
    given = layer.options.get("from", [])
    names = [given] if isinstance(given, str) else given if isinstance(given, (list, tuple)) else []
    return [name for name in names if isinstance(name, str) and not name.startswith("prev:")]


def hole_dims(layer: Layer, inputs: Sequence[Value]) -> tuple[Dim, ...] | None:
    """The dims of its output, by its class and its inputs; None where that does not tell them."""
    is_recurrent = layer.class_name in ("rec", "rnn_cell") and isinstance(layer.options.get("unit"), str)
    if not inputs or not (layer.class_name in _KEEP_AXES or is_recurrent):
        return None
    known = [value for value in inputs if value.dims]
    if not known:
        return None
    vectors = [value._replace(dims=value.without(value.features)) if value.features else value for value in known]
    rest = joint_dims([value for value in vectors if value.labels is None or value.dims])
    if rest is None:
        return None
    size = layer.options.get("out_dim") or layer.options.get("n_out")
    features = size if isinstance(size, Dim) else as_dim(size) if type(size) is int and size > 0 else None
    usual = next((value.features for value in known if value.labels is None and value.features is not None), None)
    found = features or usual
    return (*(dim for dim in rest if dim is not found), found) if found is not None else rest
