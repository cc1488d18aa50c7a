"""What this machine has for tasks: cores and memory, as far as this process may use them."""

from __future__ import annotations

import math
import os
import pathlib

import psutil

_CGROUPS = pathlib.Path("/sys/fs/cgroup")
_GB = 1024**3


def available_cores() -> int:
    """How many cores tasks may use together, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for place in _cgroups():
        quota, period = [*_read(place / "cpu.max").split(), "", ""][:2]
        if quota.isdigit() and period.isdigit():
            cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def available_memory() -> float:
    """How much memory there is, in GB: that of the machine, or the limit of the control group of this process."""
    limits = [psutil.virtual_memory().total]
    for place in _cgroups():
        for name in ("memory.max", "memory.limit_in_bytes"):
            text = _read(place / name)
            if text.isdigit():
                limits.append(int(text))
    return min(limits) / _GB


def _cgroups() -> list[pathlib.Path]:
    """The directories of the control groups of this process and of those around them, of both versions."""
    found = []
    for line in _read(pathlib.Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers in ("", "memory"):
            own = pathlib.PurePosixPath(path.lstrip("/"))
            found += [_CGROUPS / controllers / place for place in (own, *own.parents)]
    return found


def _read(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
