"""Keeps what a task needs in its job's directory while it runs: see :mod:`localsis.task_costs`, which reads it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from typing import Any

import psutil

ORIGIN_VARIABLE = "LOCALSIS_ORIGIN"
"""In the environment of a worker: commit and versions, which its manager knows."""

_GB = 2**30
_SELDOM = 10.0
"""Seconds between two measurements, which look at all processes; at the start there are more of them."""

_FIRST = 0.25
_OLDEST = 600.0  # seconds; a worker that seems older when it begins has another clock


class CostRecord:
    """
    The file of one task, with an entry for each of its starts; of this one it is written again and again.

    It is never the reason for a task to end: on a full disk the file stays as it was.

    :param path: of the file
    :ivar current: memory of this process and all below it when it was last measured, in GB: ``rss`` and ``vms``
    :ivar max: the most that was measured; of ``rss`` at least that of the largest process that has ended
    """

    def __init__(self, path: str):
        self._path = path
        self._before = _entries(path)
        self._process = psutil.Process()
        age = _age_of_this_process()
        self._began, self._clock = time.time() - age, time.monotonic() - age
        self._origin = _given_origin()
        self.current: dict[str, float] = {}
        self.max: dict[str, float] = {}
        self._next, self._wait = -float("inf"), _FIRST

    def measure(self) -> None:
        """Measures and writes the file, if it is time; that is more and more seldom."""
        if time.monotonic() >= self._next:
            self._next, self._wait = time.monotonic() + self._wait, min(_SELDOM, 2 * self._wait)
            self._write()

    def end(self) -> None:
        """Writes what it was in the end."""
        self._write()

    def _write(self) -> None:
        cpu_seconds = self._measure()
        entry = {
            "host": os.uname().nodename,
            "pid": self._process.pid,
            "began": self._began,
            "seconds": round(time.monotonic() - self._clock, 2),
            "cpu_seconds": round(cpu_seconds, 2),
            "memory": round(self.max["rss"], 4),
            **self._origin,
        }
        part = f"{self._path}.part"
        with contextlib.suppress(OSError):
            with open(part, "w", encoding="utf-8") as file:
                json.dump({"starts": [*self._before, entry]}, file)
            os.replace(part, self._path)

    def _measure(self) -> float:
        """Notes the memory of this process and all below it; gives their CPU time."""
        own = os.times()
        seconds = own.user + own.system + own.children_user + own.children_system  # these of children that have ended
        resident = virtual = 0
        for process in [self._process, *self._process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error), process.oneshot():
                memory = process.memory_info()
                resident, virtual = resident + memory.rss, virtual + memory.vms
                if process.pid != self._process.pid:
                    seconds += sum(process.cpu_times()[:4])
        self.current = {"rss": resident / _GB, "vms": virtual / _GB}
        known = (resident, _peak_of_this_process(), _peak_of_ended_processes())
        peak = {"rss": max(known) / _GB, "vms": max(virtual, *known) / _GB}
        self.max = {name: max(value, self.max.get(name, 0.0)) for name, value in peak.items()}
        return seconds


def _age_of_this_process() -> float:
    """Seconds since it was started, which psutil knows up to a second only; 0 where the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        return age if 0 <= age < _OLDEST else 0.0
    return 0.0


def _peak_of_this_process() -> int:
    """
    The most bytes that it ever had; 0 where the system does not tell.

    Not ``ru_maxrss``: that has what its parent had, as it is handed on where a process is started.
    """
    with (
        contextlib.suppress(OSError, ValueError),
        open("/proc/self/status", encoding="ascii", errors="replace") as file,
    ):
        for line in file:
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 0


def _peak_of_ended_processes() -> int:
    """
    The most bytes that one process had that was started below this one and has ended, also between two measurements.

    It is what the kernel notes where a process is waited for. A process that is forked has what its parent had, so this
    may be the peak of this process itself, which is right as well: all together never had less than any one of them.
    The peak of a control group would count what others in it need, and what the system keeps of files.
    """
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _entries(path: str) -> list[dict[str, Any]]:
    """Those of earlier starts; of a damaged file none."""
    try:
        with open(path, encoding="utf-8") as file:
            entries = json.load(file)["starts"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return entries if isinstance(entries, list) else []


def _given_origin() -> dict[str, Any]:
    """What a worker was told: its commit and versions; without a manager of this engine nothing."""
    try:
        given = json.loads(os.environ.get(ORIGIN_VARIABLE, "{}"))
    except ValueError:
        return {}
    return {name: given[name] for name in ("commit", "versions") if name in given}
