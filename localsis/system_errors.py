"""What a file system refused, in plain words, by what Python and commands print of it."""

from __future__ import annotations

import contextlib
import os
import re

_WORDS = (
    (
        r"No space left on device|Errno 28\b",
        "the disk is full: make room",
    ),
    (
        r"Disk quota exceeded|Errno 122\b",
        "the quota of disk space or of files is used up: make room, or ask for more",
    ),
    (
        r"Read-only file system|Errno 30\b",
        "the file system is mounted read-only, maybe after an error of it: have it mounted for writing",
    ),
    (
        r"Stale (?:NFS )?file handle|Input/output error|Transport endpoint is not connected|Errno (?:116|5|107)\b",
        "the file system is lost, or its server does not answer: wait until it is back, on this machine",
    ),
    (
        r"Permission denied|Operation not permitted|Errno (?:13|1)\b",
        "access is denied: look at the owner and the permissions of that file and its directory",
    ),
    (
        r"Cannot allocate memory|\bMemoryError\b|Errno 12\b|std::bad_alloc",
        "out of memory: ask for more (mem_rqmt), or give it less to do at once",
    ),
)


def explain(text: str) -> str | None:
    """
    What is wrong and what to do, if the system refused something.

    :param text: the message of an exception, or the last lines of a command
    """
    return next((words for pattern, words in _WORDS if re.search(pattern, text)), None)


def refusal_now(directory: str) -> str | None:
    """What the file system of a directory refuses at this moment, found out by a small file; None if it takes it."""
    path = os.path.join(directory, f".room.{os.getpid()}.part")
    try:
        with open(path, "wb") as file:
            file.write(b"\0" * 65536)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return explain(f"[Errno {error.errno}] {error.strerror}")
    finally:
        with contextlib.suppress(OSError):
            os.remove(path)
    return None
