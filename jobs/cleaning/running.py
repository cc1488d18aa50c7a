"""Whether somebody runs a job now, here or elsewhere, by what stands in its directory and by Slurm's queue."""

from __future__ import annotations

import ast
import functools
import glob
import os
import shutil
import subprocess
import time
from typing import Any

import psutil

from jobs.holder_files import is_known_dead, who

_FRESH = 300.0
"""Seconds: what another machine has written of a job since then comes from somebody who runs it."""


def running(job_id: str, directory: str) -> str | None:
    """
    Who runs a job, in words; None if nobody does.

    :param job_id: its id
    :param directory: its directory
    """
    holder = _holder(directory)
    if holder is not None:
        return holder
    for path in sorted(glob.glob(os.path.join(glob.escape(directory), "usage.*.[0-9]*"))):
        task, number = os.path.basename(path).split(".")[1:3]
        if os.path.exists(os.path.join(directory, f"finished.{task}.{number}")):
            continue
        usage = _read(path)
        pid, host = usage.get("pid"), usage.get("host", "")
        if host == os.uname().nodename:
            if isinstance(pid, int) and _is_worker(pid, os.path.basename(directory)):
                return f"process {pid} on this machine runs its task {task}"
        elif host and time.time() - _last_change(directory) < _FRESH:
            return f"{host} runs its task {task}; it wrote {time.time() - _last_change(directory):.0f} s ago"
    if f"{job_id.replace('/', '.')}." in "".join(f"{name}." for name in _queue()):
        return "it is in the queue of Slurm"
    return None


def _holder(directory: str) -> str | None:
    """The task that holds the directory, by the file into which it writes every few seconds."""
    for path in sorted(glob.glob(os.path.join(glob.escape(directory), "holder.[0-9]*"))):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            age = time.time() - os.path.getmtime(path)
        except OSError:
            continue
        if age < _FRESH and not is_known_dead(text):
            return f"{who(text)} holds its directory; it was heard of {max(age, 0):.0f} s ago"
    return None


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            usage = ast.literal_eval(file.read())
    except (OSError, ValueError, SyntaxError):
        return {}
    return usage if isinstance(usage, dict) else {}


def _is_worker(pid: int, name: str) -> bool:
    """Whether this process is a worker of a job whose directory is called so: numbers of processes come again."""
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        return process.status() != psutil.STATUS_ZOMBIE and "worker" in command and any(name in one for one in command)
    except psutil.Error:
        return False


def _last_change(directory: str) -> float:
    """When something was last written of what a task writes all the time."""
    patterns = ("usage.*", "log.*", os.path.join("output", "returnn.log"))
    paths = [path for one in patterns for path in glob.glob(os.path.join(glob.escape(directory), one))]
    return max((os.path.getmtime(path) for path in paths if os.path.exists(path)), default=0.0)


@functools.lru_cache(maxsize=1)
def _queue() -> tuple[str, ...]:
    """The names of this user's jobs in Slurm's queue, as Sisyphus gives them; none where there is no Slurm."""
    if shutil.which("squeue") is None:
        return ()
    try:
        command = ["squeue", "--noheader", "--me", "--format=%j"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(listed.stdout.split())
