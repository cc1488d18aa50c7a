"""The worker: runs one task of one job in a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import traceback

import psutil

from . import import_paths, settings
from .job_file import read_job
from .module import install
from .run_state import REMOVED
from .usage import UsageWriter

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
    place = os.open(job_dir, os.O_RDONLY | os.O_DIRECTORY)
    job = read_job(os.path.join(job_dir, "job.save"))
    os.environ.update(job._sis_environment)  # also where no manager has started this process
    task = next(task for task in job.tasks() if task.name == task_name)
    usage = UsageWriter(task.marker(job_dir, "usage", number), job._sis_task_rqmt(task), _end_at_once)
    try:
        os.chdir(os.path.join(job_dir, "work"))
        getattr(job, task.start)(*task.arguments[number - 1])
    except BaseException as error:
        if not _is_there(job_dir, place):
            print(_GONE, flush=True)
            return REMOVED
        traceback.print_exc()
        sys.stderr.flush()
        status = getattr(error, "returncode", 1) if isinstance(error, subprocess.CalledProcessError) else 1
        usage.out_of_memory = status in (KILLED, -9)
        usage.stop()
        if usage.out_of_memory:
            return KILLED  # not an error of the job's: without a marker it is run again
        _touch(os.path.basename(task.marker(job_dir, "error", number)), place)
        return 1
    if not _is_there(job_dir, place):
        print(_GONE, flush=True)
        return REMOVED
    usage.stop()
    _touch(os.path.basename(task.marker(job_dir, "finished", number)), place)
    return 0


_GONE = "the job's directory was removed or renamed: its task ends"


def _is_there(job_dir: str, place: int) -> bool:
    """Whether the directory that was opened at the start still stands under its name."""
    try:
        return os.path.samestat(os.stat(job_dir), os.fstat(place))
    except FileNotFoundError:
        return False


def _end_at_once() -> None:
    """Ends this process and all that it started: what it does has no place any more."""
    print(time.strftime("[%H:%M:%S] ") + _GONE, flush=True)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
    os._exit(REMOVED)


def _touch(name: str, place: int) -> None:
    """Makes a marker in the directory that the task works in, wherever that is now; never in one made in its place."""
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o666, dir_fd=place))
