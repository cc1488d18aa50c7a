"""Layers that give other frames than they get: a part of them, and more."""

from __future__ import annotations

from typing import Any

from recipe.nn.plain.dim import Dim, as_dim

from .layer import Layer, Unsupported
from .layer_translations import translates
from .level import Level
from .sources import axis_of, axis_text, source
from .value import Value


@translates("slice")
def _slice(level: Level, layer: Layer) -> Value:
    x = source(level, layer)
    axis = axis_of(x, layer.take("axis"))
    start, end, step = layer.take("slice_start") or 0, layer.take("slice_end"), layer.take("slice_step")
    out: Any = layer.take("out_dim")
    if axis is not None and axis.is_static and isinstance(step, int) and step > 1:
        return _each_nth(level, layer, x, axis, range(axis.size)[start:end:step])
    if axis is None or step not in (None, 1):
        raise Unsupported("a slice of axes that are not known, or of frames with steps")
    if axis.is_dynamic:
        return _slice_of_frames(level, layer, x, axis, start, end)
    end = axis.size if end is None else end
    start, end = (position + axis.size if position < 0 else position for position in (start, end))
    out = out if out is not None else as_dim(end - start)
    texts = level.notes.dims
    more = "" if axis is x.features else f", axis={texts.text(axis)}"
    return level.assign(layer.name, f"nn.slice({x.text}, {start}, {texts.text(out)}{more})", x.replaced(axis, out))


def _each_nth(level: Level, layer: Layer, x: Value, axis: Dim, entries: range) -> Value:
    """Each n-th entry of an axis of fixed size."""
    new = as_dim(len(entries))
    texts = level.notes.dims
    first = f" + {entries.start}" if entries.start else ""
    text = f"nn.gather({x.text}, nn.range_over({texts.text(new)}) * {entries.step}{first}, axis={texts.text(axis)})"
    return level.assign(layer.name, text, x.replaced(axis, new), labels=x.labels, dtype=x.dtype)


def _slice_of_frames(level: Level, layer: Layer, x: Value, axis: Dim, start: int, end: int | None) -> Value:
    """``nn.slice`` of each sequence; from its own end where RETURNN takes that of the longest one."""
    if start < 0 or (end is not None and end > 0 and start > end):
        raise Unsupported(f"slice_start={start} slice_end={end} of frames")
    fewer = start - end if end is not None and end <= 0 else start if end is None else None
    new = Dim(None, f"{layer.name}_frames")
    new = level.notes.cropped(axis, fewer, new.name) if fewer is not None else new
    more = f", end={end}" if end is not None else ""
    text = f"nn.slice({x.text}, {start}{more}, axis={level.notes.dims.text(axis)})"
    return with_new_frames(level, layer, text, x, x.replaced(axis, new), new)


def with_new_frames(level: Level, layer: Layer, text: str, x: Value, dims: tuple[Dim, ...] | None, new: Dim) -> Value:
    """
    The line for a value with an axis that comes with it, or that of another value with as many frames.

    :param text: the expression for it
    :param x: what it is made of
    :param dims: of it, with the new axis
    """
    texts = level.notes.dims
    if texts.has_alias(new):  # RETURNN takes axes of the same lengths for one
        text = f"nn.replace_dim({text}, out_dim={texts.text(new)})"
        return level.assign(layer.name, text, dims, labels=x.labels, dtype=x.dtype)
    value = level.assign(layer.name, text, dims, labels=x.labels, dtype=x.dtype)
    place = "spatial_dim" if value.lengths == [new] else f"dims[{list(value.dims or ()).index(new)}]"
    texts.alias(new, f"{value.text}.{place}")
    return value


@translates("postfix_in_time")
def _postfix_in_time(level: Level, layer: Layer) -> Value:
    x, postfix = source(level, layer), layer.take("postfix", 0.0)
    axis, out = axis_of(x, layer.take("axis")), layer.take("out_dim")
    if layer.take("repeat", 1) != 1 or not isinstance(postfix, (int, float)):
        raise Unsupported(f"postfix={postfix!r}, or repeated")
    new = out if isinstance(out, Dim) else Dim(None, "postfixed")
    dims = x.replaced(axis, new)
    text = f"nn.postfix_in_time({x.text}, {postfix!r}{axis_text(level, x, axis)})"
    value = level.assign(layer.name, text, dims, labels=x.labels, dtype=x.dtype)
    level.notes.dims.alias(new, f"{value.text}.spatial_dim")
    return value
