"""The file ``usage.TASK.N``: which process runs a task and what it needed so far, as Sisyphus writes and reads it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from . import settings

_MEASURED = 10.0  # seconds between two measurements of memory, which looks at all processes


class UsageWriter:
    """
    Writes the file again and again while a task runs, so that other managers see that it is alive.

    :param path: of the file
    :param rqmt: what the task asked for
    :param on_removal: is called, in another thread, when the directory of the file is not there any more
    :ivar out_of_memory: whether the task ended so; Sisyphus then asks for more
    """

    def __init__(self, path: str, rqmt: dict[str, Any], on_removal: Callable[[], None]):
        self._path, self._rqmt, self._on_removal = path, rqmt, on_removal
        self.out_of_memory = False
        self._process = psutil.Process()
        self._began = time.time()
        self._directory = os.stat(os.path.dirname(path))
        self._max: dict[str, float] = {}
        self._current: dict[str, float] = {}
        self._measured = float("-inf")
        self._ending = threading.Event()
        self.write()
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes once more, and ends the writing."""
        self._ending.set()
        self._thread.join()
        with contextlib.suppress(OSError):
            self.write()

    def write(self) -> None:
        """Writes the file."""
        self._measure()
        usage = {
            "pid": self._process.pid,
            "start_time": self._process.create_time(),
            "host": os.uname().nodename,
            "user": str(os.getuid()),
            "max": self._max,
            "current": self._current,
            "used_time": (time.time() - self._began) / 3600,
            "current_time": time.ctime(),
            "out_of_memory": self.out_of_memory,
            "requested_resources": self._rqmt,
        }
        with open(self._path + ".part", "w", encoding="utf-8") as file:
            file.write(f"{usage!r}\n")
        os.replace(self._path + ".part", self._path)

    def _run(self) -> None:
        while not self._ending.wait(interval()):
            try:
                if not os.path.samestat(os.stat(os.path.dirname(self._path)), self._directory):
                    raise FileNotFoundError
                self.write()
            except FileNotFoundError:
                self._on_removal()
                return
            except (OSError, psutil.Error):
                pass  # a full disk is the task's to tell

    def _measure(self) -> None:
        if time.monotonic() - self._measured < _MEASURED:
            return
        self._measured = time.monotonic()
        rss = vms = 0
        for process in [self._process, *self._process.children(recursive=True)]:
            try:
                memory = process.memory_info()
            except psutil.Error:
                continue
            rss, vms = rss + memory.rss, vms + memory.vms
        self._current = {"rss": rss / 2**30, "vms": vms / 2**30}
        self._max = {name: max(value, self._max.get(name, 0.0)) for name, value in self._current.items()}


def interval() -> float:
    """Seconds between two writings: Sisyphus with these settings takes what is older than a few times that for dead."""
    return min(5.0, max(0.3, float(getattr(settings, "PLOGGING_UPDATE_FILE_PERIOD", 60)) / 3))
