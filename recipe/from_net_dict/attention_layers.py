"""Layers of self attention, and the relative positions that they take."""

from __future__ import annotations

from .layer import Layer, Unsupported
from .layer_options import initial_value
from .layer_translations import translates
from .level import Level
from .parameters import parameter_names
from .sources import out_dim, source, with_dropout
from .value import Value

_FILE = "joined_self_attention"


@translates("self_attention", has_parameters=True)
def _self_attention(level: Level, layer: Layer) -> Value:
    """``JoinedSelfAttention``: of a sequence, or in a loop of the steps so far."""
    x = with_dropout(layer, source(level, layer))
    heads, keys, dim = layer.take("num_heads"), layer.take("total_key_dim"), out_dim(level, layer)
    left_only, dropout = layer.take("attention_left_only", False), layer.take("attention_dropout", 0.0)
    shift = layer.take("key_shift")
    if x.dims is not None and len(x.lengths) > 1:
        raise Unsupported("self attention over one of several axes")
    if layer.take("initial_state") is not None:
        raise Unsupported("an initial_state")
    names = parameter_names(level, layer, "QKV")
    options = ["left_only=True"] if left_only and x.lengths else []
    options += [f"dropout={dropout or 0.0!r}"] if dropout or "attention_dropout" in layer.rates else []
    sizes = [str(keys), level.notes.dims.text(dim), str(heads)]
    level.notes.used_models["JoinedSelfAttention"] = _FILE
    constructor = f"JoinedSelfAttention({', '.join([*sizes, *options])})"
    in_size = x.features.known_size if x.features is not None else None
    in_dim = level.notes.dims.text(x.features) if x.features is not None else None
    initial = _initial(layer, in_dim, in_size, 2 * keys + dim.size)
    module = level.member(layer, constructor, (*names.values(), str(bool(left_only))), {"qkv/W": names["QKV"]}, initial)
    positions = f", {level.read(shift).text}" if shift is not None else ""
    return level.assign(layer.name, f"{module}({x.text}{positions})", x.replaced(x.features, dim))


@translates("relative_positional_encoding", has_parameters=True)
def _relative_positional_encoding(level: Level, layer: Layer) -> Value:
    """``RelativePositions``: a module that the attention gets, as its value would be large."""
    source(level, layer)
    dim, clipping = out_dim(level, layer), layer.take("clipping", 16)
    if layer.take("fixed", False):
        raise Unsupported("fixed positions")
    names = parameter_names(level, layer, "encoding_matrix")
    options = f", clipping={clipping}" if clipping != 16 else ""
    value = initial_value(layer.take("forward_weights_init"), 2 * clipping + 1, dim.size)
    initial = [f".encoding_matrix.initial = {value}"] if value is not None else []
    level.notes.used_models["RelativePositions"] = _FILE
    constructor = f"RelativePositions({dim.size}{options})"
    return Value(level.member(layer, constructor, tuple(names.values()), names, initial), None)


def _initial(layer: Layer, in_dim: str | None, rows: int | None, columns: int) -> list[str]:
    """The lines for the initializer of the matrix, which is made here as its rows are needed for that."""
    value = initial_value(layer.take("forward_weights_init"), rows, columns)
    if value is None or in_dim is None:
        return []
    return [f".qkv = nn.Linear({in_dim}, {columns}, with_bias=False)", f".qkv.W.initial = {value}"]
