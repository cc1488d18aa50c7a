"""Runs what a job has to do as the only one in the job's directory."""

from __future__ import annotations

import os
from collections.abc import Callable

from sisyphus import tk

from .directory_holder import DirectoryHolder, DirectoryTaken, held_directory


def job_directory(output: tk.Path) -> str:
    """
    The directory of a job, also in its task, where its paths do not know the job.

    :param output: one of its outputs, right below ``output``
    """
    return os.path.dirname(os.path.dirname(output.get_path()))


def run_exclusively(directory: str, work: Callable[[DirectoryHolder], None]) -> None:
    """
    Does the work of the task ``run`` of a job as soon as nobody else does it, and holds the directory up to the end of
    this process, when the engine has written what came of it.

    What another has finished meanwhile is not done again. Where another takes over since this one was not heard of (a
    host that was asleep), this one waits again.

    :param directory: of the job
    :param work: is called with the holder, and may be called again
    :raises DirectoryLost: if the directory is removed or renamed: the process is to end without a marker
    """
    while True:
        holder = held_directory(directory)
        if os.path.exists(os.path.join(directory, "finished.run.1")):
            print("this task was finished by another process: nothing is left to do", flush=True)
            return
        if os.path.exists(os.path.join(directory, "error.run.1")):
            print("another process ended here with an error; this one goes on", flush=True)
            os.remove(os.path.join(directory, "error.run.1"))
        try:
            return work(holder)
        except DirectoryTaken as error:
            print(error, flush=True)
