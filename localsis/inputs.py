"""Which paths stand within arguments and attributes."""

from __future__ import annotations

import collections
import enum
from typing import Any

from .hashing import object_state
from .paths import AbstractPath

_WITHOUT_PATHS = (bool, int, float, complex, str, bytes)
_EXACTLY = frozenset(_WITHOUT_PATHS)


def extract_paths(value: Any) -> set[AbstractPath]:
    """
    The paths within a structure or an object that Sisyphus finds there.

    :raises Refusal: for an object of which it cannot be known whether there are any
    """
    return _find(value, everywhere=False)


def all_paths(value: Any) -> set[AbstractPath]:
    """
    All paths within a structure or an object: also those that Sisyphus passes over.

    It passes over the keys of dicts, entries whose key begins with ``_sis_``, values of enums, attributes of objects
    that are tuples, numbers or text, and the items of types derived from deque.

    :raises Refusal: for an object of which it cannot be known whether there are any
    """
    return _find(value, everywhere=True)


def _find(value: Any, *, everywhere: bool) -> set[AbstractPath]:
    found: set[AbstractPath] = set()
    seen: dict[int, Any] = {}
    queue = [value]
    while queue:
        item = queue.pop()
        if type(item) in _EXACTLY or item is None or id(item) in seen:
            continue
        seen[id(item)] = item
        if everywhere:
            queue.extend(_passed_over(item))
        if isinstance(item, _WITHOUT_PATHS) or isinstance(item, enum.Enum):
            continue
        if getattr(item, "_sis_path", None) is True and type(item) is not type:
            found.add(item)
        elif isinstance(item, (list, tuple, set, frozenset)):
            queue.extend(item)
        elif isinstance(item, dict):
            queue.extend(entry for key, entry in item.items() if not (isinstance(key, str) and key.startswith("_sis_")))
        else:
            queue.append(object_state(item))
    return found


def _passed_over(item: Any) -> list[Any]:
    """What stands in a value where Sisyphus looks for no paths."""
    if isinstance(item, enum.Enum):
        return [item.value]
    if isinstance(item, dict):
        own = "_sis_job_id" in item  # what a job knows of itself
        return [
            *(key for key in item if type(key) is not str),
            *(entry for key, entry in item.items() if not own and isinstance(key, str) and key.startswith("_sis_")),
        ]
    if isinstance(item, (tuple, *_WITHOUT_PATHS)):
        return list(getattr(item, "__dict__", {}).values())
    return list(item) if isinstance(item, collections.deque) else []
