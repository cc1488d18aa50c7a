"""Nested structures of tensors: tuples, named tuples, lists and dicts, as states and as outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .frozen import FrozenDict, FrozenList, FrozenTuple, freeze


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a nested structure, each with its path (``"cell/h"``), dicts in key order. None is no leaf."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield from flatten(value[key], _join(path, str(key)))
    elif isinstance(value, (tuple, list)):
        names = getattr(value, "_fields", range(len(value)))
        for name, item in zip(names, value):
            yield from flatten(item, _join(path, str(name)))
    elif value is not None:
        yield path, value


def map_structure(function: Callable[[str, Any], Any], value: Any, path: str = "") -> Any:
    """The same structure with ``function(path, leaf)`` in place of each leaf; all is read-only."""
    if isinstance(value, dict):
        return FrozenDict({key: map_structure(function, value[key], _join(path, str(key))) for key in sorted(value)})
    if isinstance(value, (tuple, list)):
        names = getattr(value, "_fields", range(len(value)))
        items = [map_structure(function, item, _join(path, str(name))) for name, item in zip(names, value)]
        kind = FrozenList if isinstance(value, list) else FrozenTuple
        return freeze(type(value)(*items)) if hasattr(value, "_fields") else kind(items)
    return function(path, value) if value is not None else None


def part_names(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """The leaves of a nested structure: the path of each, and how Python code reaches it (``cell.h``, ``s['a']``)."""
    for path, _ in flatten(value):
        part, text = value, name
        for step in path.split("/") if path else ():
            if isinstance(part, dict):
                key = next(key for key in part if str(key) == step)
                part, text = part[key], f"{text}[{key!r}]"
            elif hasattr(part, "_fields"):
                part, text = getattr(part, step), f"{text}.{step}"
            else:
                part, text = part[int(step)], f"{text}[{step}]"
        yield path, text


def structure_text(value: Any) -> str:
    """The structure without its leaves, for messages, for example ``{c, h}`` or ``(0, 1)``."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {structure_text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, (tuple, list)):
        name = type(value).__name__ if hasattr(value, "_fields") else ""
        return f"{name}({', '.join(map(structure_text, value))})"
    return "tensor" if value is not None else "None"


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
