"""The worker: runs one task of one job in a process of its own."""

from __future__ import annotations

import gzip
import os
import pickle
import subprocess
import sys
import traceback
from typing import Any

import psutil

from . import import_paths, settings
from .cost_record import CostRecord
from .module import install

KILLED = 137
"""Exit status that says that a process was killed by SIGKILL, as for want of memory."""


def run(job_dir: str, task_name: str, number: int) -> int:
    """
    Runs a task from a job's ``job.save``; leaves the marker ``finished`` or ``error``.

    :return: exit status
    """
    install()
    settings.enter_worker()
    job_dir = os.path.abspath(job_dir)
    sys.path.insert(0, settings.BASE_DIR)
    import_paths.install()
    with gzip.open(os.path.join(job_dir, "job.save"), "rb") as file:
        job = pickle.load(file)
    task = next(task for task in job.tasks() if task.name == task_name)
    note_process(task.marker(job_dir, "usage", number), job._sis_task_rqmt(task))
    cost = CostRecord(task.marker(job_dir, "cost", number))
    os.chdir(os.path.join(job_dir, "work"))
    try:
        getattr(job, task.start)(*task.arguments[number - 1])
    except BaseException as error:
        traceback.print_exc()
        cost.stop()
        sys.stderr.flush()
        status = getattr(error, "returncode", 1) if isinstance(error, subprocess.CalledProcessError) else 1
        if status in (KILLED, -9):
            return KILLED  # not an error of the job's: without a marker it is run again
        _touch(task.marker(job_dir, "error", number))
        return 1
    cost.stop()
    _touch(task.marker(job_dir, "finished", number))
    return 0


def note_process(path: str, rqmt: dict[str, Any]) -> None:
    """Writes which process runs a task, so that another manager can find it again."""
    process = psutil.Process()
    usage = {
        "pid": process.pid,
        "start_time": process.create_time(),
        "host": os.uname().nodename,
        "user": str(os.getuid()),
        "requested_resources": rqmt,
    }
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(f"{usage!r}\n")
    os.replace(path + ".part", path)


def _touch(path: str) -> None:
    with open(path, "w", encoding="utf-8"):
        pass
