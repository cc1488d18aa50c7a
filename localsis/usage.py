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
from .cost_record import CostRecord

_FIRST = 0.25  # seconds until the file is written again; then it is written more and more seldom


class UsageWriter:
    """
    Writes the file again and again while a task runs, so that other managers see that it is alive.

    :param path: of the file
    :param rqmt: what the task asked for
    :param cost: measures what it needs, and keeps that
    :param on_removal: is called, in another thread, when the directory of the file is not there any more
    :ivar out_of_memory: whether the task ended so; Sisyphus then asks for more
    """

    def __init__(self, path: str, rqmt: dict[str, Any], cost: CostRecord, on_removal: Callable[[], None]):
        self._path, self._rqmt, self._cost, self._on_removal = path, rqmt, cost, on_removal
        self.out_of_memory = False
        self._process = psutil.Process()
        self._began = time.time()
        self._directory = os.stat(os.path.dirname(path))
        self._ending = threading.Event()
        self.write()
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes once more, and ends the writing."""
        self._ending.set()
        self._thread.join()
        self._cost.end()
        with contextlib.suppress(OSError):
            self.write()

    def write(self) -> None:
        """Writes the file."""
        self._cost.measure()
        usage = {
            "pid": self._process.pid,
            "start_time": self._process.create_time(),
            "host": os.uname().nodename,
            "user": str(os.getuid()),
            "max": self._cost.max,
            "current": self._cost.current,
            "used_time": (time.time() - self._began) / 3600,
            "current_time": time.ctime(),
            "out_of_memory": self.out_of_memory,
            "requested_resources": self._rqmt,
        }
        with open(self._path + ".part", "w", encoding="utf-8") as file:
            file.write(f"{usage!r}\n")
        os.replace(self._path + ".part", self._path)

    def _run(self) -> None:
        wait = min(_FIRST, interval())
        while not self._ending.wait(wait):
            wait = min(2 * wait, interval())
            try:
                if not os.path.samestat(os.stat(os.path.dirname(self._path)), self._directory):
                    raise FileNotFoundError
                self.write()
            except FileNotFoundError:
                self._on_removal()
                return
            except (OSError, psutil.Error):
                pass  # a full disk is the task's to tell


def interval() -> float:
    """Seconds between two writings: Sisyphus with these settings takes what is older than a few times that for dead."""
    return min(5.0, max(0.3, float(getattr(settings, "PLOGGING_UPDATE_FILE_PERIOD", 60)) / 3))
