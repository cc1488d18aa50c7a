"""The runs of a job's tasks: where each stands, by the files in the job's directory and the processes alive."""

from __future__ import annotations

import ast
import contextlib
import glob
import os
import signal
import subprocess
import time
from typing import Any

import psutil

from . import settings
from .elsewhere import Elsewhere
from .job import Job
from .setup_origin import origin_of
from .task import Task
from .worker_call import worker_call

MOST_INTERRUPTIONS = 3

REMOVED = 76
"""Exit status of a worker whose job's directory was removed or renamed."""


class TaskRun:
    """
    One run of a task.

    :param job: the job
    :param task: its task
    :param number: which run of it, from 1
    """

    def __init__(self, job: Job, task: Task, number: int):
        self.job, self.task, self.number = job, task, number
        self.process: psutil.Process | None = None
        self.child: subprocess.Popen[bytes] | None = None
        self.elsewhere: Elsewhere | None = None
        self.is_told = False
        self.started = time.time()

    def marker(self, kind: str) -> str:
        """One of its files in the job's directory."""
        return self.task.marker(self.job._sis_path(), kind, self.number)

    def is_finished(self) -> bool:
        """Whether it is done."""
        return os.path.exists(self.marker("finished"))

    def is_failed(self) -> bool:
        """Whether it ended with an error."""
        return os.path.exists(self.marker("error"))

    def find_process(self) -> bool:
        """Looks for a process of this machine that an earlier manager started for it and that is still alive."""
        try:
            with open(self.marker("usage"), encoding="utf-8") as file:
                usage = ast.literal_eval(file.read())
            if usage.get("host", os.uname().nodename) != os.uname().nodename:
                return False
            process = psutil.Process(usage["pid"])
            same = abs(process.create_time() - usage.get("start_time", process.create_time())) < 2
            if same and process.status() != psutil.STATUS_ZOMBIE and self._is_worker(process.cmdline()):
                self.process, self.started = process, process.create_time()
                return True
        except (OSError, ValueError, SyntaxError, KeyError, TypeError, psutil.Error):
            pass
        return False

    def _is_worker(self, words: list[str]) -> bool:
        """Whether a command is that of a worker of this job, of either engine."""
        return "worker" in words and any(self.job._sis_id() in word for word in words)

    def again(self) -> TaskRun:
        """The same run, of whose processes nothing is known yet."""
        return TaskRun(self.job, self.task, self.number)

    def find_elsewhere(self, silent: Any = None, *, waits: bool = False) -> bool:
        """
        Looks for signs of life of a process that this manager cannot see, or that another engine started.

        :param silent: signs that were already waited for in vain
        :param waits: also for one that waits for the directory and may take it now
        """
        elsewhere = Elsewhere(self.job._sis_path(), self.marker("usage"), self.marker("error"), waits=waits)
        if elsewhere.evidence is None or elsewhere.evidence == silent:
            return False
        self.elsewhere = elsewhere
        return True

    def error_is_of_another(self) -> bool:
        """Whether the marker of an error is not of this manager's own process, which ended otherwise."""
        return self.child is not None and self.child.returncode != 1

    def why_interrupted(self) -> str:
        """What became of a process that left no marker."""
        status = self.child.returncode if self.child is not None else None
        if status == REMOVED or not os.path.isdir(self.job._sis_path()):
            return "was ended, since its directory was removed or renamed"
        return "was killed (137: maybe out of memory)" if status in (137, -signal.SIGKILL) else "was interrupted"

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this manager, or of an earlier one on this machine."""
        return self.elsewhere is None

    def start(self) -> None:
        """Starts the worker process, in a session of its own."""
        command, environment = worker_call(self.job, self.task.name, self.number)
        with open(self.marker("log"), "ab") as log:
            self.child = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env={
                    **settings.task_environment(),
                    "PYTHONUNBUFFERED": "1",
                    **origin_of(settings.BASE_DIR).environment(),
                    **environment,
                    **self.job._sis_environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.process = psutil.Process(self.child.pid)
        self.started = time.time()

    def is_alive(self) -> bool:
        """Whether its process still runs."""
        if self.elsewhere is not None:
            return self.elsewhere.is_alive()
        if self.child is not None:
            return self.child.poll() is None
        try:
            return self.process is not None and self.process.is_running() and self.process.status() != "zombie"
        except psutil.Error:
            return False

    def send(self, number: int) -> None:
        """Sends a signal to its process and to all that it started, which may be there without it."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def drop_error(self) -> None:
        """Removes the marker of an error of another process; the log is that of the living one."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.marker("error"))

    def clear_error(self) -> None:
        """Puts the log of a failed run aside, so that it can be run again."""
        count = len(glob.glob(glob.escape(self.marker("log")) + ".error.*")) + 1
        if os.path.exists(self.marker("log")):
            os.replace(self.marker("log"), f"{self.marker('log')}.error.{count:02d}")
        os.remove(self.marker("error"))
