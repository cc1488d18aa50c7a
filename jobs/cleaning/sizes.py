"""How much of the disk files take; a file with several names counts once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple


class File(NamedTuple):
    """
    A file, under all its names.

    :ivar size: bytes that it takes of the disk
    :ivar links: how many names it has
    """

    size: int
    links: int


Files = dict[tuple[int, int], list[File]]
"""Files by device and number: one entry for each of their names that were found."""


def files_below(path: str) -> Files:
    """All files below a directory, or the one file; links to elsewhere are not followed."""
    found: Files = {}
    if os.path.islink(path) or not os.path.isdir(path):
        _add(found, path)
        return found
    for directory, _, names in os.walk(path):
        for name in names:
            _add(found, os.path.join(directory, name))
    return found


def taken(files: Iterable[Files]) -> int:
    """Bytes that files take."""
    return sum(entries[0].size for entries in _joined(files).values())


def freed(files: Iterable[Files]) -> int:
    """Bytes that become free when these names are removed: of files that have no other name."""
    return sum(entries[0].size for entries in _joined(files).values() if len(entries) >= entries[0].links)


def size_text(size: float) -> str:
    """``1.5 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.4g} TB"


def age_text(seconds: float) -> str:
    """``3 days``."""
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "now"


def _joined(files: Iterable[Files]) -> Files:
    joined: Files = {}
    for one in files:
        for key, entries in one.items():
            joined.setdefault(key, []).extend(entries)
    return joined


def _add(found: Files, path: str) -> None:
    try:
        status = os.lstat(path)
    except OSError:
        return  # removed since it was listed
    found.setdefault((status.st_dev, status.st_ino), []).append(File(status.st_blocks * 512, status.st_nlink))
