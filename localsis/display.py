"""What the user sees while jobs run: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from . import outputs
from .job import Job
from .run_state import TaskRun


class Display:
    """Plain lines: each change at once, what running jobs say of themselves now and then."""

    INTERVAL = 30.0

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._last = 0.0

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def say(self, text: str) -> None:
        """One message."""
        print(f"[{clock(time.monotonic() - self._start)}] {text}", flush=True)

    def show(self, jobs: Sequence[Job], running: Sequence[TaskRun], failed: Mapping[str, str]) -> None:
        """The state of all jobs, called in each round."""
        if time.monotonic() - self._last < self.INTERVAL:
            return
        self._last = time.monotonic()
        for run in running:
            info = information(run.job)
            if info:
                self.say(f"{run.job._sis_id()}: {info}")


class LiveDisplay(Display):
    """A table that is drawn anew in place."""

    INTERVAL = 0.5

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.live import Live

        self._console = Console()
        self._live = Live(console=self._console, refresh_per_second=4)

    def __enter__(self) -> Display:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """One message, above the table."""
        from rich.text import Text

        self._console.print(Text(f"[{clock(time.monotonic() - self._start)}] {text}"))

    def show(self, jobs: Sequence[Job], running: Sequence[TaskRun], failed: Mapping[str, str]) -> None:
        """The state of all jobs, called in each round."""
        if time.monotonic() - self._last < self.INTERVAL:
            return
        self._last = time.monotonic()
        self._live.update(self._table(jobs, running, failed))

    def _table(self, jobs: Sequence[Job], running: Sequence[TaskRun], failed: Mapping[str, str]) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0))
        for title in ("job", "state", "time", "done", ""):
            table.add_column(title, overflow="fold")
        runs = {run.job._sis_id(): run for run in running}
        for job in jobs:
            run = runs.get(job._sis_id())
            name = job._sis_aliases[0] if job._sis_aliases else job._sis_id()
            if job._sis_id() in failed:
                table.add_row(name, Text("failed", "red"), "", "", "")
            elif run is not None:
                part = fraction(job)
                bar = ProgressBar(total=1.0, completed=part, width=20) if part is not None else ""
                table.add_row(
                    name, Text("running", "green"), clock(time.time() - run.started), bar, Text(information(job) or "")
                )
            elif outputs.is_done(job):
                table.add_row(name, "finished", "", "", "")
            else:
                table.add_row(name, Text("waiting", "dim"), "", "", "")
        return table


def make_display() -> Display:
    """The live one in a terminal, else the plain one."""
    return LiveDisplay() if sys.stdout.isatty() else Display()


def information(job: Job) -> str | None:
    """What a running job says of itself; a mistake in that must not end the manager."""
    try:
        return job.info()
    except Exception as error:
        return f"(info() failed: {error})"


def fraction(job: Job) -> float | None:
    """How much a running job says it has done, between 0 and 1."""
    try:
        part = job.completed_fraction()
        return None if part is None else max(0.0, min(1.0, part))
    except Exception:
        return None


def clock(seconds: float) -> str:
    """``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
