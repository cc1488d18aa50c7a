"""One manager at a time on a work directory, whichever engine it is."""

from __future__ import annotations

import fcntl
import os
from typing import IO

NAME = ".manager.lock"


class WorkDirectoryError(Exception):
    """A work directory that cannot be used now, for the user."""


def lock_work_directory(path: str) -> IO[str]:
    """
    Makes the work directory and locks it for this process, until the file that it gives is closed or the process ends.

    :param path: of the work directory
    :raises WorkDirectoryError: if it cannot be written, or another manager has it
    """
    try:
        os.makedirs(path, exist_ok=True)
        file = open(os.path.join(path, NAME), "a+", encoding="utf-8")
    except OSError as error:
        raise WorkDirectoryError(f"the work directory {path} cannot be written: {error}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise WorkDirectoryError(f"another manager is running on {path}. Wait for it, or end it first") from error
    return file
