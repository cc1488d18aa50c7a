"""
Whether a run of a task is alive that this manager did not start: on another host, of another engine, from a queue.

Two kinds of files say so. A task that holds its directory has ``holder.N`` there and writes into it every few seconds
(a job may do that: this engine only reads it). And each worker, of Sisyphus too, writes ``usage.TASK.N`` now and then.
Clocks of hosts differ, so what counts is whether such a file changes while one looks.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import tempfile
import time
from typing import Any

import psutil

_USAGE_PATIENCE = 100.0
"""Seconds without a change, after which Sisyphus takes a task for interrupted, with its usual settings."""

_OWN_PATIENCE = 30.0
"""The same of workers of this engine, which write every few seconds."""

_BEATS = 5
"""How many signs of life a holder may miss until a worker is started, which waits for longer before it takes over."""


class Elsewhere:
    """
    What is known of a run that may be alive elsewhere.

    :param job_dir: the job's directory
    :param usage: the file in which the run's worker says where it is
    :param error: the marker of an error of it, if there is one
    :param waits: also look whether a process waits for the directory
    :ivar evidence: what was last seen of it; None: nothing
    :ivar where: its host, process, and since when, for the user
    :ivar is_confirmed: whether it was seen to be alive
    """

    def __init__(self, job_dir: str, usage: str, error: str, *, waits: bool = False):
        self.job_dir, self.usage, self.error = job_dir, usage, error
        self.where, self.is_confirmed = "", False
        self.patience = _USAGE_PATIENCE
        self._by_holder, self._waits = False, waits
        self.evidence: Any = None
        self._since = time.monotonic()
        self._look(first=True)

    def is_alive(self) -> bool:
        """Whether it was heard of not long ago."""
        return self.evidence is not None and self._look(first=False)

    def _look(self, *, first: bool) -> bool:
        evidence = self._of_holder()
        if evidence is not None:
            self._by_holder = True
        elif self._waits and not self._by_holder:
            evidence = self._of_waiting()
        elif not self._by_holder:
            evidence = self._of_usage(only_recent=first)
        now = time.monotonic()
        if evidence is None:
            self.evidence = None
            return False
        if evidence != self.evidence:
            self.is_confirmed = not first
            self.evidence, self._since = evidence, now
        return now - self._since < self.patience

    def _of_holder(self) -> Any:
        """What stands in the file of the newest holder that is not certainly dead."""
        try:
            names = [name for name in os.listdir(self.job_dir) if re.fullmatch(r"holder\.\d+", name)]
        except OSError:
            return None
        for name in sorted(names, key=lambda name: int(name.rpartition(".")[2]), reverse=True):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                with open(os.path.join(self.job_dir, name), encoding="utf-8", errors="replace") as file:
                    record = json.loads(file.read())
                if not _is_surely_dead(record):
                    self.where = f"{record.get('host')} (process {record.get('pid')}) since {record.get('since')}"
                    self.patience = max(_BEATS * float(record.get("every", 2.0)), 0.5)
                    return record
        return None

    def _of_usage(self, *, only_recent: bool) -> Any:
        """What the worker of another host last wrote, and when."""
        try:
            with open(self.usage, encoding="utf-8") as file:
                usage = ast.literal_eval(file.read())
                written = os.fstat(file.fileno()).st_mtime
            host, pid = usage["host"], usage["pid"]
        except (OSError, ValueError, SyntaxError, KeyError, TypeError):
            return None
        if host == os.uname().nodename:
            return None  # a process of this machine is found by its PID, or there is none
        self.patience = _OWN_PATIENCE if "start_time" in usage else _USAGE_PATIENCE  # Sisyphus writes no such thing
        if only_recent and self._now_of_files() - written > 2 * self.patience:
            return None
        if only_recent and os.path.exists(self.error) and os.stat(self.error).st_mtime >= written:
            return None  # the error is that of this run
        self.where = f"{host} (process {pid})"
        return repr(usage), written

    def _of_waiting(self) -> Any:
        """The processes that wait for the directory; or did so, and were killed."""
        try:
            names = sorted(name for name in os.listdir(self.job_dir) if name.startswith(".holder."))
        except OSError:
            return None
        self.where, self.patience = "another process that waited for it", 2 * _BEATS
        return names or None

    def _now_of_files(self) -> float:
        """The time by the clock that gives files of this directory their times."""
        try:
            with tempfile.NamedTemporaryFile(dir=self.job_dir, prefix=".clock.") as file:
                return os.fstat(file.fileno()).st_mtime
        except OSError:
            return time.time()


def _is_surely_dead(record: dict[str, Any]) -> bool:
    """Whether a holder was a process of this machine and PID namespace, and is no more."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
            boot = file.read().strip()
        if record["boot"] != boot or record["pidns"] != os.readlink("/proc/self/ns/pid"):
            return False
        if os.readlink("/proc/self") != str(os.getpid()):
            return False  # /proc is of another PID namespace
        with open(f"/proc/{record['pid']}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return fields[0] in "ZX" or fields[19] != record["start"]
    except (KeyError, IndexError):
        return False
    except OSError:
        return not psutil.pid_exists(record["pid"])
