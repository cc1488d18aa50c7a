"""Which paths stand within arguments and attributes."""

from __future__ import annotations

import collections
import contextlib
import enum
from typing import Any

from .hashing import object_state
from .paths import AbstractPath
from .refusal import Refusal

_WITHOUT_PATHS = (bool, int, float, complex, str, bytes)
_EXACTLY = frozenset(_WITHOUT_PATHS)


def extract_paths(value: Any) -> set[AbstractPath]:
    """
    The paths within a structure or an object that Sisyphus finds there.

    :raises Refusal: for an object of which it cannot be known whether there are any
    """
    return _Search().of(value)


def all_paths(value: Any) -> set[AbstractPath]:
    """
    All paths within a structure or an object: also those that Sisyphus passes over.

    It passes over the keys of dicts, entries whose key begins with ``_sis_``, values of enums, attributes of objects
    that are tuples, numbers or text, and the items of types derived from deque.

    :raises Refusal: for an object of which it cannot be known whether there are any, except where it is passed over
    """
    search = _Search(everywhere=True)
    found = search.of(value)
    while search.passed_over:
        with contextlib.suppress(Refusal):
            found |= search.of(search.passed_over.pop())
    return found


class _Search:
    """
    Looks for paths.

    :param everywhere: whether it is to note what Sisyphus passes over
    """

    def __init__(self, *, everywhere: bool = False):
        self.everywhere = everywhere
        self.passed_over: list[Any] = []
        self._seen: dict[int, Any] = {}

    def of(self, value: Any) -> set[AbstractPath]:
        """The paths within a value that it has not seen yet."""
        found: set[AbstractPath] = set()
        queue = [value]
        while queue:
            item = queue.pop()
            if type(item) in _EXACTLY or item is None or id(item) in self._seen:
                continue
            self._seen[id(item)] = item
            if self.everywhere:
                self.passed_over += _passed_over(item)
            if isinstance(item, _WITHOUT_PATHS) or isinstance(item, enum.Enum):
                continue
            if getattr(item, "_sis_path", None) is True and type(item) is not type:
                found.add(item)
            elif isinstance(item, (list, tuple, set, frozenset)):
                queue.extend(item)
            elif isinstance(item, dict):
                queue.extend(entry for key, entry in item.items() if not _is_of_engine(key))
            else:
                queue.append(object_state(item))
        return found


def _is_of_engine(key: Any) -> bool:
    return isinstance(key, str) and key.startswith("_sis_")


def _passed_over(item: Any) -> list[Any]:
    """What stands in a value where Sisyphus looks for no paths."""
    if isinstance(item, enum.Enum):
        return [item.value]
    if isinstance(item, dict):
        own = "_sis_job_id" in item  # what a job knows of itself
        return [
            *(key for key in item if type(key) is not str),
            *(entry for key, entry in item.items() if not own and _is_of_engine(key)),
        ]
    if isinstance(item, (tuple, *_WITHOUT_PATHS)):
        return list(getattr(item, "__dict__", {}).values())
    return list(item) if isinstance(item, collections.deque) else []
