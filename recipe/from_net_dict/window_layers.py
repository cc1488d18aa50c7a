"""Layers of windows of frames, of more and of fewer frames, and of entries by number."""

from __future__ import annotations

from typing import Any

from recipe.nn.plain.dim import Dim, as_dim

from .conv_layers import PADDING
from .layer import Layer, Unsupported
from .layer_translations import translates
from .level import Level
from .sources import axes_of, axis_of, axis_text, source
from .value import Value, joint_dims

PADDED = (
    "The frames that `pad` puts behind sequences stand behind the longest one of a batch in RETURNN, here behind each."
)


@translates("window")
def _window(level: Level, layer: Layer) -> Value:
    """``nn.unfold``: the frames around each frame."""
    x, size, stride = source(level, layer), layer.take("window_size"), layer.take("stride", 1)
    window = layer.take("window_dim")
    size = window if isinstance(window, Dim) else size
    axis, padding = axis_of(x, layer.take("axis", "T")), str(layer.take("padding", "same")).lower()
    left, right = layer.take("window_left"), layer.take("window_right")
    if axis is None or not axis.is_dynamic or x.dims is None:
        raise Unsupported("windows of what has no frames")
    if not isinstance(size, (int, Dim)) or stride != 1 or padding != "same":
        raise Unsupported(f"window_size={size!r} stride={stride!r} padding={padding!r}")
    dim = as_dim(size)
    before = (dim.size - 1) // 2
    if left not in (None, before) or right not in (None, dim.size - 1 - before):
        raise Unsupported(f"window_left={left!r} window_right={right!r} of {dim.size} frames")
    level.notes.differences.add(PADDING)
    if any(one is dim for one in x.dims):
        dim = Dim(dim.size, f"{layer.name}_window")
    text = f"nn.unfold({x.text}, {level.notes.dims.text(dim)}{axis_text(level, x, axis)})"
    dims = tuple(one for old in x.dims for one in ([old, dim] if old is axis else [old]))
    return level.assign(layer.name, text, dims, labels=x.labels, dtype=x.dtype)


@translates("gather_nd")
def _gather_nd(level: Level, layer: Layer) -> Value:
    """An entry of the first axis behind the batch."""
    x, position = source(level, layer), layer.take("position")
    others = [dim for dim in x.dims or () if not dim.is_batch]
    if not others:
        raise Unsupported("entries of axes that are not known")
    axis, at = others[0], level.read(position)
    dims = joint_dims([at, x._replace(dims=x.without(axis))])
    text = f"nn.gather({x.text}, {at.text}{axis_text(level, x, axis)})"
    return level.assign(layer.name, text, dims, labels=x.labels, dtype=x.dtype)


@translates("pad")
def _pad(level: Level, layer: Layer) -> Value:
    """``nn.pad_in_time`` of frames, ``padded`` of other axes."""
    x, given, padding = source(level, layer), layer.take("axes"), layer.take("padding")
    value, mode = layer.take("value", 0), layer.take("mode", "constant")
    layer.take("handle_dynamic_dims")
    if not isinstance(value, (int, float)) or mode != "constant" or layer.take("out_dims") is not None:
        raise Unsupported(f"value={value!r} mode={mode!r}")
    axes = axes_of(x, given)
    for axis, (before, after) in zip(axes, _counts(padding, len(axes))):
        if not before and not after:
            continue
        counts = f"{before}, {after}" + (f", {value!r}" if value else "")
        if axis.is_dynamic:
            if after:
                level.notes.differences.add(PADDED)
            new = Dim(None, f"{layer.name}_frames")
            text = f"nn.pad_in_time({x.text}, {counts}{axis_text(level, x, axis)})"
        else:
            new = as_dim(before + axis.size + after)
            level.notes.used_models["padded"] = "other_axes"
            text = f"padded({x.text}, {level.notes.dims.text(axis)}, {counts})"
        longer = level.assign(layer.name, text, x.replaced(axis, new), labels=x.labels, dtype=x.dtype)
        if axis.is_dynamic:
            place = "spatial_dim" if longer.lengths == [new] else f"dims[{list(longer.dims or ()).index(new)}]"
            level.notes.dims.alias(new, f"{longer.text}.{place}")
        x = longer
    return x


def _counts(padding: Any, number: int) -> list[tuple[int, int]]:
    """How many entries before and after, of each axis."""
    if isinstance(padding, int):
        return [(padding, padding)] * number
    pairs = [padding] if all(isinstance(one, int) for one in padding) and len(padding) == 2 else list(padding)
    pairs = pairs * number if len(pairs) == 1 else pairs
    if len(pairs) != number or not all(len(pair) == 2 and all(isinstance(one, int) for one in pair) for pair in pairs):
        raise Unsupported(f"padding={padding!r} of {number} axes")
    return [(before, after) for before, after in pairs]


@translates("swap_axes")
def _swap_axes(level: Level, layer: Layer) -> Value:
    """``swapped``, where that changes which axis has the features; axes are found by name otherwise."""
    x = source(level, layer)
    first, second = (axis_of(x, layer.take(name)) for name in ("axis1", "axis2"))
    if x.dims is None or first is None or second is None:
        raise Unsupported("axes that are not known")
    swapped = {first: second, second: first}
    dims = tuple(swapped.get(dim, dim) for dim in x.dims)
    if Value("", dims, x.labels).features is x.features:
        return x._replace(dims=dims)
    if not first.is_static or not second.is_static:
        raise Unsupported("frames and features, swapped")
    level.notes.used_models["swapped"] = "other_axes"
    texts = level.notes.dims
    text = f"swapped({x.text}, {texts.text(first)}, {texts.text(second)})"
    rest = [dim for dim in x.dims if dim not in (first, second)]
    return level.assign(layer.name, text, (*rest, *(dim for dim in dims if dim in (first, second))))


@translates("prefix_in_time")
def _prefix_in_time(level: Level, layer: Layer) -> Value:
    """``nn.pad_in_time``: frames of one value before each sequence."""
    x, prefix, repeat = source(level, layer), layer.take("prefix", 0.0), layer.take("repeat", 1)
    axis, out = axis_of(x, layer.take("axis", "T")), layer.take("out_dim")
    if not isinstance(prefix, (int, float)) or not isinstance(repeat, int) or layer.take("size_base") is not None:
        raise Unsupported(f"prefix={prefix!r} repeat={repeat!r}")
    new = out if isinstance(out, Dim) else Dim(None, f"{layer.name}_frames")
    number = int(prefix) if x.labels is not None or x.dtype == "int32" else prefix
    if repeat == 1:
        text = f"nn.prefix_in_time({x.text}, {number!r}{axis_text(level, x, axis)})"
    else:
        text = f"nn.pad_in_time({x.text}, {repeat}, 0, {number!r}{axis_text(level, x, axis)})"
    value = level.assign(layer.name, text, x.replaced(axis, new), labels=x.labels, dtype=x.dtype)
    level.notes.dims.alias(new, f"{value.text}.spatial_dim")
    return value
