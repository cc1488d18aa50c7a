"""What a file says, read again only when the file changed: those who ask often need not read what they know."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_SETTLED = 2.0
"""Seconds after which another change has another time, on each file system in use."""


class ReadWhenChanged(Generic[T]):
    """
    One file or directory.

    :param path: where it is; it may be missing
    :param read: what is read of it; called with the path, also where nothing is there
    """

    def __init__(self, path: str, read: Callable[[str], T]):
        self._path, self._read = path, read
        self._known: tuple[object, T] | None = None

    def get(self) -> T:
        """What it says now."""
        stamp = self._stamp()
        if self._known is not None and stamp is not None and self._known[0] == stamp:
            return self._known[1]
        value = self._read(self._path)
        self._known = stamp, value
        return value

    def _stamp(self) -> object:
        """What differs when it was changed; None if that cannot be said, as for one that changed just now."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        if not 0 <= status.st_mtime <= time.time() - _SETTLED:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
