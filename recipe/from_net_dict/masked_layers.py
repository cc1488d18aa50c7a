"""Layers that compute at some steps or frames alone: ``masked_computation``, and ``unmask`` of what comes out."""

from __future__ import annotations

from typing import Any

from recipe.nn.plain.dim import Dim

from .layer import Layer, Unsupported
from .layer_translations import HAVE_PARAMETERS, TRANSLATIONS, translates
from .level import Level
from .line import Line
from .loop_level import LoopLevel
from .sources import source
from .value import Value


@translates("masked_computation", has_parameters=True)
def _masked_computation(level: Level, layer: Layer) -> Value:
    """In a loop ``with nn.MaskedComputation``; over a sequence its unit on the frames where the mask is true."""
    mask, unit = level.read(layer.take("mask")), layer.take("unit")
    for option in ("in_spatial_dim", "out_spatial_dim", "initial_output", "name_scope"):
        layer.take(option)
    if layer.options.get("initial_output") not in (None, 0, "zeros") or layer.options.get("name_scope"):
        raise Unsupported("a masked computation with an initial_output or a name_scope")
    if layer.take("masked_from") is not None:
        raise Unsupported("masked_from")
    if not isinstance(unit, dict) or unit.get("class") not in TRANSLATIONS or unit["class"] == "masked_computation":
        raise Unsupported(f"unit={unit!r:.60}")
    if mask.dtype != "bool" and not str(layer.options["mask"]).startswith("prev:"):
        raise Unsupported(f"mask={layer.options['mask']!r}, which is {mask.dtype}")
    x = source(level, layer)
    if not isinstance(level, LoopLevel):
        return _of_frames(level, layer, x, mask, unit)
    return _in_a_loop(level, layer, x, mask, unit)


def _in_a_loop(level: LoopLevel, layer: Layer, x: Value, mask: Value, unit: dict[str, Any]) -> Value:
    for name in sorted(_read_from_around(unit)):
        level.read(name)
    start = len(level.lines)
    value = _translated(level, layer, unit, x)
    own = level.lines[start:]
    if not any(line.variable == value.text or f"{value.text} = " in line.expression for line in own):
        del level.lines[start:]
        value = x._replace(text=level.unique_variable(layer.name))
        own = [Line(value.text, x.text)]
        level.lines += own
    for line in own:
        line.indent = "    "
    head = Line("", f"with nn.MaskedComputation(mask={mask.text}):")
    head.reads = set().union(*(line.reads for line in own)) | {
        name for name, state in level.states.items() if mask.text == f"loop.state.{state}"
    }
    level.lines.insert(start, head)
    return value


def _read_from_around(unit: dict[str, Any]) -> set[str]:
    """The layers around a unit that it reads, so that their lines come before the block."""
    if not isinstance(unit.get("subnetwork"), dict):
        return set()
    found: set[str] = set()
    for options in unit["subnetwork"].values():
        given = options.get("from") if isinstance(options, dict) else None
        names = [given] if isinstance(given, str) else given if isinstance(given, (list, tuple)) else []
        found |= {one.removeprefix("base:") for one in names if isinstance(one, str) and one.startswith("base:")}
    return {name for name in found if not name.startswith("base:")}


def _of_frames(level: Level, layer: Layer, x: Value, mask: Value, unit: dict[str, Any]) -> Value:
    """``frames_where``, and the unit on these frames."""
    if level.loop is not None or len(mask.lengths) != 1 or mask.lengths != x.lengths:
        raise Unsupported("a mask that is not one of the frames of its input")
    level.notes.used_models["frames_where"] = "frames_where"
    frames = Dim(None, f"{layer.name}_frames")
    name = layer.name if unit.get("class") == "copy" else f"{layer.name}_masked"
    text = f"frames_where({x.text}, {mask.text})"
    masked = level.assign(name, text, x.replaced(mask.lengths[0], frames), labels=x.labels, dtype=x.dtype)
    level.notes.dims.alias(frames, f"{masked.text}.spatial_dim")
    if unit.get("class") == "copy":
        return masked
    if _read_from_around(unit):
        raise Unsupported("a unit that reads other layers, of frames that a mask selects")
    return _translated(level, layer, unit, masked)


def _translated(level: Level, layer: Layer, options: dict[str, Any], x: Value) -> Value:
    """The layer that is the unit, under the name of the layer around it, of the masked input."""
    key = f"{layer.name}:masked"
    unit = Layer(layer.name, {**options, "from": key})
    unit.is_masked = level.loop is not None
    level.values[key] = x
    try:
        value = TRANSLATIONS[unit.class_name](level, unit)
    finally:
        del level.values[key]
    left = unit.left(has_parameters=unit.class_name in HAVE_PARAMETERS)
    if left:
        raise Unsupported(f"options of its unit: {', '.join(left)}")
    return value


@translates("unmask")
def _unmask(level: Level, layer: Layer) -> Value:
    """In a loop the value as it is, which the masked computation has kept; over a sequence at its frames again."""
    x, mask = source(level, layer), level.read(layer.take("mask"))
    layer.take("skip_initial"), layer.take("initial_output")
    if isinstance(level, LoopLevel) and not x.lengths:
        return x
    if len(x.lengths) != 1 or len(mask.lengths) != 1 or layer.options.get("initial_output") not in (None, 0, "zeros"):
        raise Unsupported("axes that are not known, or an initial_output")
    if x.lengths == mask.lengths:
        return x
    level.notes.used_models["held_frames"] = "frames_where"
    text = f"held_frames({x.text}, {mask.text})"
    return level.assign(layer.name, text, x.replaced(x.lengths[0], mask.lengths[0]), labels=x.labels, dtype=x.dtype)
