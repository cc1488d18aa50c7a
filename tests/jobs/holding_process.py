"""Processes that hold a directory, wait for it or lose it, for the tests of that."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

from .hosts import Host
from .setup_directory import PROJECT

HOLD = """
import localsis, os, sys, time
localsis.install()
from jobs.directory_holder import held_directory, DirectoryTaken, DirectoryLost
directory, seconds, log = sys.argv[1], float(sys.argv[2]), sys.argv[3]


def note(what):
    with open(log, "a") as file:
        file.write(f"{what} {os.getpid()}\\n")


holder = held_directory(directory, lambda text: print(text, flush=True))
holder.on_loss(lambda: note("lost"))
note("begin")
time.sleep(seconds)
if holder.is_mine():
    note("end")
"""


def start_holder(
    directory: pathlib.Path,
    log: pathlib.Path,
    *,
    seconds: float = 60.0,
    takeover: float = 1.0,
    host: Host | None = None,
) -> subprocess.Popen[str]:
    """
    A process that holds a directory.

    :param directory: to hold
    :param log: file to which it adds "begin PID", "end PID", "lost PID"
    :param seconds: how long it holds it
    :param takeover: after how many seconds without a sign of life it takes over
    :param host: on which host; None: this one
    """
    start = subprocess.Popen if host is None else host.start
    return start(
        [sys.executable, "-c", HOLD, str(directory), str(seconds), str(log)],
        cwd=PROJECT,
        env={**os.environ, "SIS_HOLDER_TAKEOVER_SECONDS": str(takeover), "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **({"text": True} if host is None else {}),
    )


def stop(process: subprocess.Popen[str]) -> str:
    """Ends a process and all that it started; gives what it printed."""
    for number in (signal.SIGCONT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
    return process.communicate()[0]
