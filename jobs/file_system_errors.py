"""What a file system refuses, in plain words: full, no quota, read-only, lost, no access."""

from __future__ import annotations

import contextlib
import os
import re

_FULL = "the disk is full: make room and start again"
_QUOTA = "the quota of disk space or of files is used up: make room, or ask for more, and start again"
_READ_ONLY = (
    "the file system is mounted read-only, maybe after an error of it: have it mounted for writing, start again"
)
_LOST = "the file system is lost, or its server does not answer: start again when it is back on this machine"
_NO_ACCESS = "access to a file is denied: look at the owner and the permissions of it and of its directory"
_UNKNOWN = (
    "the disk is full, or a quota used up, or its file system was lost for a while (PyTorch does not say which): make "
    "room and start again"
)

_PATTERNS = (
    (r"No space left on device|\b[Ee]rrno ?=? ?28\b|ResourceExhaustedError[^\n]*(?:on disk|space left)", _FULL),
    (r"Disk quota exceeded|\b[Ee]rrno ?=? ?122\b", _QUOTA),
    (r"Read-only file system|\b[Ee]rrno ?=? ?30\b", _READ_ONLY),
    (
        r"Stale (?:NFS )?file handle|Transport endpoint is not connected|\b[Ee]rrno ?=? ?(?:116|107|5)\b|"
        r"(?:Error|Exception)\b[^\n]*Input/output error",
        _LOST,
    ),
    (r"(?:Error|Exception)\b[^\n]*Permission denied|PermissionDeniedError", _NO_ACCESS),
)
"""What Python, TensorFlow, PyTorch and HDF5 say: mostly with the words or the number of the system's error."""

WRITER_FAILED = (
    r"PytorchStreamWriter failed writing|inline_container\.cc:\d+\] \. unexpected pos|basic_ios::clear: iostream error"
)
"""What PyTorch says of each failure to write a checkpoint; the reason is not in it."""


def refusal_in(text: str) -> str | None:
    """What a file system refused by what a program printed; None if that tells of no such thing."""
    return next((words for pattern, words in _PATTERNS if re.search(pattern, text)), None)


def refusal_now(directory: str) -> str | None:
    """What the file system of a directory refuses at this moment, found out by a small file; None if it takes it."""
    path = os.path.join(directory, f".room.{os.getpid()}.part")
    try:
        with open(path, "wb") as file:
            file.write(b"\0" * 65536)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return refusal_in(f"OSError: [Errno {error.errno}] {error.strerror}")
    finally:
        with contextlib.suppress(OSError):
            os.remove(path)
    return None


def write_failed(directory: str) -> str:
    """
    What is said where a program could not write, and does not know why.

    :param directory: of its output, maybe with checkpoints in ``models``
    """
    places = [directory, os.path.join(directory, "models")]
    found = [refusal_now(place) for place in places if os.path.isdir(place)]
    return next(filter(None, found), _UNKNOWN)
