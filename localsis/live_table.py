"""The lines of the live display: what runs, what failed, what waits, and how many jobs are in which state."""

from __future__ import annotations

import ast
import collections
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .job import Job
from .job_names import display_name
from .run_state import TaskRun

_LEAST_NAME, _WIDEST_NAME = 20, 70
_WAITING = 5  # more of them tell nothing: they are counted
_BAR = 10


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


class Signs(NamedTuple):
    """What bars and shortened words are drawn with."""

    full: str
    empty: str
    ellipsis: str


SIGNS = Signs("█", "░", "…")
PLAIN_SIGNS = Signs("#", ".", "...")
"""For terminals whose encoding has no others."""

Line = list[tuple[str, str]]
"""Parts of a line with their styles; all parts together are no wider than the terminal."""


def table(state: State, width: int, height: int, signs: Signs = SIGNS) -> list[Line]:
    """
    All lines.

    :param width: characters of a line
    :param height: most lines, at least 4
    """
    runs = {run.job: run for run in state.running}  # of several tasks of a job, one
    others = [job for job in state.open if job not in runs]
    failed = [job for job in others if job._sis_id() in state.failed]
    waiting = [job for job in others if job._sis_id() not in state.failed]
    room = max(3, height - 1)
    for_failed = min(len(failed), max(1, room // 4))
    most = max(_LEAST_NAME, min(_WIDEST_NAME, width - 46))
    name_width = max([len(display_name(job, most, signs.ellipsis)) for job in (*runs, *failed[:room])], default=0)
    lines: list[Line] = []
    counted = collections.Counter(run.job for run in state.running)
    for number, (job, run) in enumerate(runs.items()):
        lines_of_run = list(_running(run, counted[job], name_width, width, signs))
        left = len(runs) - number - 1
        if len(lines) + len(lines_of_run) + (1 if left else 0) > room - for_failed:
            lines.append([(f"         and {left + 1} more", "dim")])
            break
        lines += lines_of_run
    shown = failed[: room - len(lines)]
    if len(shown) < len(failed):
        shown = shown[:-1]
    lines += [_failed(job, state.failed[job._sis_id()], name_width, width, signs) for job in shown]
    if len(shown) < len(failed):
        lines.append([(f"         and {len(failed) - len(shown)} more", "dim")])
    for job in waiting[: min(_WAITING, room - len(lines))]:
        lines.append([("waiting  ", "dim"), (display_name(job, width - 9, signs.ellipsis), "dim")])
    counts = {
        "running": len(runs),
        "failed": len(failed),
        "waiting": len(waiting),
        "finished": len(state.jobs) - len(state.open),
    }
    lines.append([(", ".join(f"{number} {word}" for word, number in counts.items() if number), "bold")])
    return lines


def _running(run: TaskRun, tasks: int, name_width: int, width: int, signs: Signs) -> Iterator[Line]:
    """A job that runs: in one line, and in a second one below if what it says of itself does not fit there."""
    part, memory = fraction(run.job), memory_in_use(run)
    info = ", ".join(filter(None, [f"{tasks} tasks" if tasks > 1 else "", information(run.job)]))
    name = display_name(run.job, name_width, signs.ellipsis)
    line: Line = [
        ("running  ", "green"),
        (name.ljust(name_width), ""),
        (f" {clock(time.time() - run.started):>8}", ""),
        (f" {'' if memory is None else f'{memory:.1f} GB':>8}", ""),
        (f"  {'' if part is None else _bar(part, signs)}".ljust(_BAR + 7), "green"),
    ]
    used = sum(len(text) for text, _ in line)
    if not info or used + 2 + len(info) <= width:
        yield [*line, (f"  {info}" if info else "", "")]
        return
    yield line
    yield [("         ", ""), (shortened(info, width - 9, signs.ellipsis), "")]


def _failed(job: Job, why: str, name_width: int, width: int, signs: Signs) -> Line:
    name = display_name(job, name_width, signs.ellipsis)
    left = width - 9 - name_width - 2
    return [
        ("failed   ", "red"),
        (name.ljust(name_width), ""),
        ("  " + shortened(first_reason(why), left, signs.ellipsis), "red"),
    ]


def _bar(part: float, signs: Signs) -> str:
    full = int(part * _BAR)
    return f"{signs.full * full}{signs.empty * (_BAR - full)} {int(100 * part):>3}%"


def first_reason(why: str) -> str:
    """The first line of a reason that says something: what ends with a colon only announces it."""
    lines = [line.strip() for line in why.splitlines() if line.strip()]
    return next((line for line in lines if not line.endswith(":")), lines[0] if lines else "")


def shortened(text: str, width: int, ellipsis: str = "...") -> str:
    """One line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= width else text[: max(0, width - len(ellipsis))] + ellipsis


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


def memory_in_use(run: TaskRun) -> float | None:
    """GB of a task and all that it has started, as its worker last wrote it; None where that is not known."""
    try:
        with open(run.marker("usage"), encoding="utf-8") as file:
            return float(ast.literal_eval(file.read())["current"]["rss"])
    except (OSError, ValueError, SyntaxError, KeyError, TypeError):
        return None


def clock(seconds: float) -> str:
    """``1:02:03``."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
