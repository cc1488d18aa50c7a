"""Which process of which machine one is, so that others can say later whether it is still alive."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any


def own_identity() -> dict[str, Any]:
    """
    This process: host, boot, PID namespace, PID and when it was started.

    What this system does not tell is "": such a process is never taken for dead by its PID.
    """
    return {
        "host": os.uname().nodename,
        "boot": _read("/proc/sys/kernel/random/boot_id"),
        "pidns": _pid_namespace(),
        "pid": os.getpid(),
        "start": _start_of(os.getpid()),
    }


def is_surely_dead(identity: Mapping[str, Any]) -> bool:
    """
    Whether a process has certainly ended: it was one of this boot of this machine and of our PID namespace, and is not
    there any more. Of all others nothing can be said here.
    """
    boot, namespace, pid = identity.get("boot"), identity.get("pidns"), identity.get("pid")
    if not boot or not namespace or not isinstance(pid, int):
        return False
    if boot != _read("/proc/sys/kernel/random/boot_id") or namespace != _pid_namespace():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # that of another user
    start = _start_of(pid)
    return bool(start and identity.get("start") and start != identity["start"])


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _start_of(pid: int) -> str:
    """When a process was started, in ticks since the boot; "dead" if it only waits to be collected; "" if unknown."""
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return ""  # /proc is of another PID namespace
    except OSError:
        return ""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 20:
        return ""
    return "dead" if fields[0] in "ZX" else fields[19]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
