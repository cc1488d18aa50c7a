"""Waiting until a process ends."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterable

_PERIOD = 0.1
"""Seconds, where the system tells nobody of processes that end."""


class EndOfProcesses:
    """Waits for the first of several processes that ends, of its own or others."""

    def __init__(self) -> None:
        self._files: dict[int, int] = {}
        self._poll = select.poll()

    def wait(self, pids: Iterable[int], seconds: float) -> None:
        """
        Waits, at most so long.

        :param pids: the processes; if one has ended before, there is no waiting
        """
        if not hasattr(os, "pidfd_open"):
            time.sleep(min(seconds, _PERIOD))
            return
        wanted = set(pids)
        for pid in self._files.keys() - wanted:
            self._drop(pid)
        for pid in wanted - self._files.keys():
            try:
                self._files[pid] = os.pidfd_open(pid)
            except ProcessLookupError:
                return
            except OSError:  # not allowed, or too many files
                seconds = min(seconds, _PERIOD)
                continue
            self._poll.register(self._files[pid], select.POLLIN)
        self._poll.poll(seconds * 1000)

    def close(self) -> None:
        """Closes what it holds."""
        for pid in list(self._files):
            self._drop(pid)

    def _drop(self, pid: int) -> None:
        file = self._files.pop(pid)
        self._poll.unregister(file)
        os.close(file)
