"""What the user sees while jobs run: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .job import Job
from .run_state import TaskRun


class State(NamedTuple):
    """
    How far everything is.

    :ivar jobs: all that the outputs need
    :ivar open: those that are not done, failed ones included
    :ivar running: the tasks that run
    :ivar failed: why jobs failed, by their ids
    """

    jobs: Sequence[Job]
    open: Sequence[Job]
    running: Sequence[TaskRun]
    failed: Mapping[str, str]


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

    def show(self, state: State) -> None:
        """The state of all jobs, called in each round."""
        if time.monotonic() - self._last < self.INTERVAL:
            return
        self._last = time.monotonic()
        for run in state.running:
            info = information(run.job)
            if info:
                self.say(f"{run.job._sis_id()}: {info}")


class LiveDisplay(Display):
    """A table that is drawn anew in place: once a second, and sooner when something changed."""

    INTERVAL = 1.0
    SHORTEST = 0.25

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.live import Live

        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False)
        self._drawn: object = None
        self._state: State | None = None
        self._said: list[str] = []

    def __enter__(self) -> Display:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._print_messages()
        if self._state is not None:
            self._live.update(self._table(self._state))
        self._live.stop()

    def say(self, text: str) -> None:
        """One message, above the table; with the next table, as each print draws the table anew."""
        self._said.append(f"[{clock(time.monotonic() - self._start)}] {text}")
        if not self._live.is_started:
            self._print_messages()

    def _print_messages(self) -> None:
        from rich.text import Text

        if self._said:
            self._console.print(Text("\n".join(self._said)))
            self._said.clear()

    def show(self, state: State) -> None:
        """The state of all jobs, called in each round."""
        self._state = state
        what = [run.job._sis_id() for run in state.running], len(state.failed), len(state.open), len(self._said)
        wait = self.INTERVAL if what == self._drawn else self.SHORTEST
        if time.monotonic() - self._last < wait:
            return
        self._last, self._drawn = time.monotonic(), (*what[:-1], 0)
        self._print_messages()
        self._live.update(self._table(state), refresh=True)

    def _table(self, state: State) -> Any:
        """What runs first, then what failed, then what waits, as far as there is room; the rest is counted."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0))
        for title in ("job", "state", "time", "done", ""):
            table.add_column(title, overflow="fold")
        room = max(3, self._console.height - 3)
        runs = {run.job: run for run in state.running}
        for job, run in list(runs.items())[:room]:
            part = fraction(job)
            bar = ProgressBar(total=1.0, completed=part, width=20) if part is not None else ""
            time_of_run = clock(time.time() - run.started)
            table.add_row(_name(job), Text("running", "green"), time_of_run, bar, Text(information(job) or ""))
        others = [job for job in state.open if job not in runs]
        failed = [job for job in others if job._sis_id() in state.failed]
        waiting = [job for job in others if job._sis_id() not in state.failed]
        for jobs, word, style in ((failed, "failed", "red"), (waiting, "waiting", "dim")):
            for job in jobs[: max(0, room - table.row_count)]:
                table.add_row(_name(job), Text(word, style), "", "", "")
        counts = {
            "running": len(runs),
            "failed": len(failed),
            "waiting": len(waiting),
            "finished": len(state.jobs) - len(state.open),
        }
        table.add_row(", ".join(f"{number} {word}" for word, number in counts.items() if number))
        return table


def _name(job: Job) -> str:
    return job._sis_aliases[0] if job._sis_aliases else job._sis_id()


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
