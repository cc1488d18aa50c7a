"""Nested structures of tensors: tuples, named tuples, lists and dicts, as states and as outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .errors import NetworkError


class FrozenDict(dict):
    """A dict read from a state. Writing into it would be lost, so it refuses."""

    def _refuse(self, *args: Any, **kwargs: Any) -> None:
        raise NetworkError(
            "a dict that was read from a state cannot be written into: the state would not see it. "
            "Assign the whole state, for example: loop.state.s = {**loop.state.s, 'name': value}"
        )

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = _refuse  # type: ignore[assignment]

    def __reduce__(self):
        return FrozenDict, (dict(self),)


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a nested structure, each with its path (``"cell/h"``), dicts in key order."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield from flatten(value[key], _join(path, str(key)))
    elif isinstance(value, (tuple, list)):
        names = getattr(value, "_fields", range(len(value)))
        for name, item in zip(names, value):
            yield from flatten(item, _join(path, str(name)))
    else:
        yield path, value


def map_structure(function: Callable[[str, Any], Any], value: Any, path: str = "") -> Any:
    """The same structure with ``function(path, leaf)`` in place of each leaf. Lists become tuples, dicts read-only."""
    if isinstance(value, dict):
        return FrozenDict({key: map_structure(function, value[key], _join(path, str(key))) for key in sorted(value)})
    if isinstance(value, (tuple, list)):
        names = getattr(value, "_fields", range(len(value)))
        items = [map_structure(function, item, _join(path, str(name))) for name, item in zip(names, value)]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return function(path, value)


def structure_text(value: Any) -> str:
    """The structure without its leaves, for messages, for example ``{c, h}`` or ``(0, 1)``."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {structure_text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, (tuple, list)):
        name = type(value).__name__ if hasattr(value, "_fields") else ""
        return f"{name}({', '.join(map(structure_text, value))})"
    return "tensor"


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
