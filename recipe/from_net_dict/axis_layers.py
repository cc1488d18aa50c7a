"""Layers that join, part, sum up and pick along axes."""

from __future__ import annotations

from typing import Any

from recipe.nn.plain.dim import Dim, as_dim, batch_dim

from .layer import Layer, Unsupported
from .layer_translations import translates
from .level import Level
from .loop_level import LoopLevel
from .sources import axes_of, axis_of, axis_text, joined, source, sources
from .value import Value, bracketed, joint_dims

_REDUCE = ("sum", "mean", "max", "min")


@translates("concat")
def _concat(level: Level, layer: Layer) -> Value:
    given = layer.take("from")
    out = layer.take("out_dim")
    values = [level.read(name if isinstance(name, str) else name[0]) for name in given]
    for item, value in zip(given, values):
        if not isinstance(item, str) and axis_of(value, item[1]) is not value.features and value.features is not None:
            raise Unsupported(f"concat along another axis than the features: {item!r}")
    value = joined(values)
    if isinstance(out, Dim) and value.features is not None and out is not value.features:
        level.notes.dims.is_sum(out, value.features)
        value = value._replace(dims=value.replaced(value.features, out))
    return level.assign(layer.name, value.text, value.dims)


@translates("dot")
def _dot(level: Level, layer: Layer) -> Value:
    a, b = sources(level, layer)
    reduce = layer.take("reduce", layer.take("red1", -1))
    axis = axis_of(a, reduce)
    other = layer.take("red2", -2 if "reduce" not in layer.options else None)
    if axis is not None and other is not None and b.dims is not None and axis_of(b, other) is not axis:
        raise Unsupported(f"red1={reduce!r} and red2={other!r} are not the same axis")
    for option in ("var1", "var2", "add_var2_if_empty", "debug"):
        layer.take(option)
    joint = joint_dims([a, b])
    dims = tuple(dim for dim in joint if dim is not axis) if joint is not None and axis is not None else None
    if axis is not None and axis is a.features:
        more = ""
    elif axis is None or (axis.is_dynamic and a.lengths == [axis]):
        more = f", reduce={bracketed(a.text)}.spatial_dim"
    else:
        more = f", reduce={level.notes.dims.text(axis)}"
    return level.assign(layer.name, f"nn.dot({a.text}, {b.text}{more})", dims)


@translates("generic_attention")
def _generic_attention(level: Level, layer: Layer) -> Value:
    """The weighted sum over the frames of ``base``; weights of one head lose the axis of heads."""
    weights, base = level.read(layer.take("weights")), level.read(layer.take("base"))
    squeezes = layer.take("auto_squeeze", True)
    one = next((dim for dim in weights.dims or () if dim.known_size == 1), None)
    if squeezes and one is not None:
        text = f"nn.squeeze({weights.text}, {level.notes.dims.text(one)})"
        weights = weights._replace(text=text, dims=weights.without(one))
        weights = level.assign(f"{layer.name}_weights", weights.text, weights.dims)
    joint = joint_dims([base, weights])
    dims = tuple(dim for dim in joint if dim not in base.lengths) if joint is not None else None
    if dims is not None and base.features is not None:
        dims = (*(dim for dim in dims if dim is not base.features), base.features)
    return level.assign(layer.name, f"nn.dot({weights.text}, {base.text}, reduce={weights.text}.spatial_dim)", dims)


@translates("softmax_over_spatial")
def _softmax_over_spatial(level: Level, layer: Layer) -> Value:
    x, factor = source(level, layer), layer.take("energy_factor")
    axis = axis_of(x, layer.take("axis"))
    layer.take("use_time_mask")
    x = _windowed(level, layer, x, axis)
    function = "log_softmax" if layer.take("log_space") else "softmax_over_spatial"
    more = f", energy_factor={factor!r}" if factor not in (None, 1.0) else ""
    if function == "log_softmax":
        text = f"{x.text} * {factor!r}" if factor not in (None, 1.0) else x.text
        over = level.notes.dims.text(axis) if axis is not None else f"{bracketed(x.text)}.spatial_dim"
        return level.assign(layer.name, f"nn.log_softmax({text}, {over})", x.dims)
    return level.assign(layer.name, f"nn.softmax_over_spatial({x.text}{axis_text(level, x, axis)}{more})", x.dims)


def _windowed(level: Level, layer: Layer, x: Value, axis: Dim | None) -> Value:
    """Energies of the frames from ``start`` on, or in a window, that ``window_start`` says."""
    start, window = layer.take("start"), layer.take("window_start")
    size = layer.take("window_size")
    first = start if start is not None else window
    if first is None:
        return x
    if start is not None and window is not None:
        raise Unsupported("start and window_start")
    level.notes.used_models["within_window"] = "within_window"
    given = [first, *([size] if size is not None else [])]
    texts = []
    for one in given:
        value = level.read(one) if isinstance(one, str) else Value(repr(one), (), None, "int32")
        texts.append(value.text if value.dtype == "int32" else f'nn.cast({value.text}, "int32")')
    text = f"within_window({', '.join([x.text, *texts])}{axis_text(level, x, axis)})"
    return level.assign(f"{layer.name}_energy", text, x.dims)


@translates("reduce")
def _reduce(level: Level, layer: Layer) -> Value:
    x, mode = source(level, layer), layer.take("mode")
    mode = {"avg": "mean"}.get(mode, mode)
    given = layer.take("axis", layer.take("axes"))
    keeps = bool(layer.take("keep_dims"))
    single = None if isinstance(given, (list, tuple)) else _axis_or_none(x, given)
    axes = [single] if single is not None else axes_of(x, given)
    if keeps and axes != [x.features]:
        raise Unsupported("keep_dims")
    dims = tuple(dim for dim in x.dims if dim not in axes) if x.dims is not None else None
    if mode == "argmax" and axes == [x.features]:
        return level.assign(layer.name, f"nn.argmax({x.text})", dims, labels=x.features)
    if mode not in _REDUCE or not axes:
        raise Unsupported(f"mode={mode!r} axis={given!r}")
    texts = [level.notes.dims.text(axis) for axis in axes]
    over = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    more = "" if axes == [x.features] else f", {over}"
    if keeps:
        text = f"nn.expand(nn.reduce_{mode}({x.text}), [1])"
        return level.assign(layer.name, text, (*dims, as_dim(1)) if dims is not None else None, dtype=x.dtype)
    return level.assign(layer.name, f"nn.reduce_{mode}({x.text}{more})", dims, dtype=x.dtype)


def _axis_or_none(x: Value, given: Any) -> Dim | None:
    try:
        return axis_of(x, given)
    except Unsupported:
        return None


@translates("reduce_out")
def _reduce_out(level: Level, layer: Layer) -> Value:
    """Each ``num_pieces`` features that stand beside each other become one."""
    x, mode, pieces = source(level, layer), layer.take("mode"), layer.take("num_pieces")
    if mode not in _REDUCE or x.features is None:
        raise Unsupported(f"mode={mode!r} of features that are not known")
    rest = x.features // pieces
    texts = level.notes.dims
    text = f"nn.reduce_{mode}(nn.split_dims({x.text}, {texts.list_text((rest, as_dim(pieces)))}), {pieces})"
    return level.assign(layer.name, text, x.replaced(x.features, rest))


@translates("length")
def _length(level: Level, layer: Layer) -> Value:
    x = source(level, layer)
    axis = axis_of(x, layer.take("axis"))
    layer.take("dtype"), layer.take("sparse")
    text = f"{bracketed(x.text)}.seq_len" if axis is None or x.lengths == [axis] else ""
    text = text or f"nn.length({level.notes.dims.text(axis)}, like={x.text})"  # type: ignore[arg-type]
    return level.assign(layer.name, text, (batch_dim,), dtype="int32")


@translates("range_in_axis")
def _range_in_axis(level: Level, layer: Layer) -> Value:
    x = source(level, layer)
    axis = axis_of(x, layer.take("axis"))
    text = level.notes.dims.text(axis) if axis is not None else f"{bracketed(x.text)}.spatial_dim"
    dims = (axis,) if axis is not None else None
    return level.assign(layer.name, f"nn.range_over({text}, like={x.text})", dims, dtype="int32")


@translates("gather")
def _gather(level: Level, layer: Layer) -> Value:
    x, position = source(level, layer), layer.take("position")
    axis = axis_of(x, layer.take("axis"))
    layer.take("clip_to_valid")
    at = level.read(position) if isinstance(position, str) else Value(repr(position), ())
    dims = joint_dims([x._replace(dims=x.without(axis)), at]) if axis is not None else None
    text = f"nn.gather({x.text}, {at.text}{axis_text(level, x, axis)})"
    return level.assign(layer.name, text, dims, labels=x.labels, dtype=x.dtype)


@translates("squeeze")
def _squeeze(level: Level, layer: Layer) -> Value:
    x = source(level, layer)
    axis = axis_of(x, layer.take("axis"))
    if axis is None:
        raise Unsupported("squeeze of an axis that is not known")
    text = f"nn.squeeze({x.text}, {level.notes.dims.text(axis)})"
    if axis.is_dynamic:  # one frame in each sequence
        text = f"nn.gather({x.text}, 0{axis_text(level, x, axis)})"
    return level.assign(layer.name, text, x.without(axis), labels=x.labels, dtype=x.dtype)


@translates("split_dims")
def _split_dims(level: Level, layer: Layer) -> Value:
    x = source(level, layer)
    axis, given = axis_of(x, layer.take("axis", "F")), layer.take("dims")
    whole = axis.known_size if axis is not None else None
    known = 1
    is_rest = [isinstance(size, int) and size == -1 for size in given]
    for size, rest in zip(given, is_rest):
        known *= 1 if rest else as_dim(size).known_size or 1
    dims: list[Dim] = []
    for size, rest in zip(given, is_rest):
        dim = as_dim(whole // known if rest and whole else size)
        is_twice = dim in dims or any(dim is other for other in x.dims or () if other is not axis)
        dims.append(Dim(dim.size, f"{layer.name}_{len(dims)}") if is_twice and dim.is_anonymous else dim)
    texts = level.notes.dims.list_text(tuple(dims))
    more = "" if axis is x.features else f", axis={level.notes.dims.text(axis)}"  # type: ignore[arg-type]
    new = tuple(part for dim in x.dims for part in (dims if dim is axis else [dim])) if x.dims is not None else None
    return level.assign(layer.name, f"nn.split_dims({x.text}, {texts}{more})", new)


@translates("merge_dims")
def _merge_dims(level: Level, layer: Layer) -> Value:
    x, option, out = source(level, layer), layer.take("axes"), layer.take("out_dim")
    given = axes_of(x, option)
    layer.take("keep_order"), layer.take("n_out")
    if len(given) == 1 and out in (None, given[0]):
        return level.assign(layer.name, x.text, x.dims, dtype=x.dtype) if not x.text.isidentifier() else x
    if not given or not all(axis.is_static for axis in given):
        raise Unsupported(f"axes={option!r}")
    if x.dims is not None and not isinstance(option, (list, tuple)):
        given = [dim for dim in x.dims if dim in given]
    size = 1
    for axis in given:
        size *= axis.size
    out = out if out is not None else as_dim(size)
    texts = level.notes.dims
    rest = tuple(dim for dim in x.dims if dim not in given) if x.dims is not None else None
    text = f"nn.merge_dims({x.text}, {texts.list_text(tuple(given))}, out_dim={texts.text(out)})"
    return level.assign(layer.name, text, (*rest, out) if rest is not None else None)


@translates("reinterpret_data")
def _reinterpret_data(level: Level, layer: Layer) -> Value:
    """Another Dim for an axis; that RETURNN has its axes in another order means nothing here."""
    x, tags = source(level, layer), layer.take("set_dim_tags") or {}
    layer.take("enforce_batch_major"), layer.take("enforce_time_major")
    x = _with_labels(level, layer, x)
    for axis, other in (layer.take("set_axes") or {}).items():
        if str(axis).upper() == "B" or axis_of(x, other) is axis_of(x, axis):
            continue
        raise Unsupported(f"set_axes={layer.options['set_axes']!r:.80}")
    base = layer.take("size_base")
    if base is not None:
        other = level.read(base)
        if len(x.lengths) != 1 or len(other.lengths) != 1:
            raise Unsupported(f"size_base={base!r} of several axes, or none")
        (own,), (wanted,) = x.lengths, other.lengths
        if own is not wanted:
            text = f"nn.replace_dim({x.text}, out_dim={level.notes.dims.text(wanted)})"
            x = level.assign(layer.name, text, x.replaced(own, wanted), labels=x.labels, dtype=x.dtype)
    for old, new in tags.items():
        axis = axis_of(x, old)
        if not isinstance(new, Dim):
            raise Unsupported(f"set_dim_tags={tags!r:.80}")
        out = f", out_dim={level.notes.dims.text(new)}"
        text = f"nn.replace_dim({x.text}{axis_text(level, x, axis)}{out})"
        x = level.assign(layer.name, text, x.replaced(axis, new), labels=x.labels, dtype=x.dtype)
    return x


def _with_labels(level: Level, layer: Layer, x: Value) -> Value:
    """``set_sparse`` and ``set_sparse_dim``: numbers as labels, labels of another dim, or numbers."""
    is_sparse, given, more = layer.take("set_sparse"), layer.take("set_sparse_dim"), layer.take("increase_sparse_dim")
    if is_sparse is False:
        return level.assign(layer.name, f'nn.cast({x.text}, "int32")', x.dims, dtype="int32")
    if more and x.labels is not None:
        given = x.labels + more
    if given is None and is_sparse and x.labels is None:
        raise Unsupported("set_sparse without set_sparse_dim")
    labels = as_dim(given) if given is not None else x.labels
    if labels is None or labels is x.labels:
        return x
    number, known = x.text, x.labels.known_size if x.labels is not None else None
    if known is not None and labels.known_size is not None and labels.known_size < known:
        # such as blank: what is made of it is computed, too, and left out where a mask is false
        number = f"nn.minimum({x.text}, {labels.known_size - 1})"
    text = f'nn.cast({number}, "int32", sparse_dim={level.notes.dims.text(labels)})'
    return level.assign(layer.name, text, x.dims, labels=labels, dtype="int32")


@translates("cum_concat")
def _cum_concat(level: Level, layer: Layer) -> Value:
    x, out = source(level, layer), layer.take("out_spatial_dim")
    if not isinstance(level, LoopLevel) or not isinstance(out, Dim):
        raise Unsupported("cum_concat outside of a loop, or without out_spatial_dim")
    dims = (batch_dim, out, *(dim for dim in x.dims if not dim.is_batch)) if x.dims is not None else None
    value = level.assign(layer.name, f"nn.cum_concat({x.text})", dims)
    level.notes.dims.alias(out, f"{value.text}.spatial_dim")
    return value


@translates("positional_encoding")
def _positional_encoding(level: Level, layer: Layer) -> Value:
    x = source(level, layer)
    if not layer.take("add_to_input", False):
        raise Unsupported("the encoding alone, without add_to_input")
    axis = axis_of(x, layer.take("axis")) if x.lengths else None
    return level.assign(layer.name, f"nn.positional_encoding({x.text}{axis_text(level, x, axis)})", x.dims)
