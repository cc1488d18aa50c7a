"""The tasks that run now, here or elsewhere, as far as a manager knows."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

from .interruption import Interruption
from .job import Job
from .run_state import TaskRun

_PATIENCE = 3.0  # seconds for tasks to end


class RunningTasks:
    """Those that a manager started or found, until they end."""

    def __init__(self) -> None:
        self._runs: list[TaskRun] = []

    def __iter__(self) -> Iterator[TaskRun]:
        return iter(list(self._runs))  # some of them may end meanwhile

    def __bool__(self) -> bool:
        return bool(self._runs)

    def add(self, run: TaskRun) -> None:
        """Takes one up."""
        self._runs.append(run)

    def take_ended(self) -> Iterator[TaskRun]:
        """Those that have ended since, each taken out."""
        for run in self:
            if run.is_finished() or not run.is_alive() or (run.is_failed() and not run.is_here):
                self._runs.remove(run)
                yield run

    def has_job(self, job: Job) -> bool:
        """Whether a task of a job runs."""
        return any(run.job is job for run in self._runs)

    def has(self, run: TaskRun) -> bool:
        """Whether this run of a task runs."""
        return any(
            other.job is run.job and other.task.name == run.task.name and other.number == run.number
            for other in self._runs
        )

    def here(self) -> list[TaskRun]:
        """Those on this machine."""
        return [run for run in self._runs if run.is_here]

    def processes(self) -> list[int]:
        """The numbers of their processes, of those that have one here."""
        return [run.process.pid for run in self._runs if run.process is not None]

    def stop(self, interruption: Interruption) -> None:
        """Asks all to end, and ends by force what does not, as RETURNN sometimes; in haste at a second Ctrl-C."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for run in self._runs:
                run.send(number)
            end = time.monotonic() + _PATIENCE
            while any(run.is_here and run.is_alive() for run in self._runs) and time.monotonic() < end:
                if interruption.is_urgent and number == signal.SIGTERM:
                    break
                time.sleep(0.05)
