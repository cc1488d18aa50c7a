"""Whether a manager of either engine runs on a work directory."""

from __future__ import annotations

import fcntl
import os


def has_manager(work_dir: str) -> bool:
    """Whether a manager holds the lock of a work directory."""
    try:
        with open(os.path.join(work_dir, ".manager.lock"), encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
