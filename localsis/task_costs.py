"""
What tasks have needed: time, CPU time, memory, where, and of which state of the setup.

Workers of the embedded engine keep it in ``cost.TASK.N``, as JSON, one entry for each time that the task was started.
Of tasks that Sisyphus ran there is its ``usage.TASK.N``, which has time, memory and host.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

COST_FILE = "cost"
_ARCHIVE = "finished.tar.gz"
"""Into which Sisyphus puts the files of a finished job, with JOB_AUTO_CLEANUP."""


class TaskCost(NamedTuple):
    """
    What a run of a task has needed, over all its starts.

    :ivar task: its name
    :ivar number: which run of it
    :ivar seconds: on the clock
    :ivar cpu_seconds: of all its processes; None if it is not known
    :ivar memory: the most that they had together, in GB, measured every few seconds, and at least what the largest of
        them had at any time; None if it is not known
    :ivar host: where it ran last
    :ivar starts: how often it was started
    :ivar began: when it was first started, in seconds since 1970; None if it is not known
    :ivar commit: of the setup, at its last start; "" if it is not known
    :ivar versions: of Python and packages, at its last start
    """

    task: str
    number: int
    seconds: float
    cpu_seconds: float | None = None
    memory: float | None = None
    host: str = ""
    starts: int = 1
    began: float | None = None
    commit: str = ""
    versions: Mapping[str, str] = {}

    @property
    def name(self) -> str:
        """``run``; of a task with several runs ``run.2``."""
        return self.task if self.number == 1 else f"{self.task}.{self.number}"


def read_costs(directory: str) -> list[TaskCost]:
    """
    Of all tasks that a job has run, in the order of their names.

    :param directory: of the job
    """
    found: dict[tuple[str, int], TaskCost] = {}
    for kind, task, number, text in sorted(_texts(directory), reverse=True):  # usage before cost
        with contextlib.suppress(ValueError, SyntaxError, KeyError, TypeError, AttributeError):
            found[task, number] = (_of_cost if kind == COST_FILE else _of_usage)(task, number, text)
    return [found[key] for key in sorted(found)]


def describe_cost(cost: TaskCost) -> str:
    """In one line for people, without the name of the task."""
    parts = [duration(cost.seconds)]
    if cost.cpu_seconds is not None:
        share = f" ({100 * cost.cpu_seconds / cost.seconds:.0f} %)" if cost.seconds >= 1 else ""
        parts.append(f"{duration(cost.cpu_seconds)} of CPU time{share}")
    if cost.memory is not None:
        parts.append(f"{memory_text(cost.memory)} of memory")
    if cost.host:
        parts.append(f"on {cost.host}")
    if cost.starts > 1:
        parts.append(f"started {cost.starts} times")
    return ", ".join(parts)


def origin(cost: TaskCost) -> str:
    """Commit and versions in one line; empty if they are not known."""
    parts = [f"commit {cost.commit}"] if cost.commit else []
    return ", ".join([*parts, *(f"{name} {version}" for name, version in cost.versions.items())])


def costs_table(costs: Iterable[tuple[str, TaskCost]], *, most: int = 5) -> list[str]:
    """
    The tasks that took longest, and the sum of all, as lines; none where there is none.

    :param costs: with the names of their jobs
    :param most: how many tasks are shown
    """
    known = sorted(costs, key=lambda item: (-item[1].seconds, item[0], item[1].name))
    if not known:
        return []
    rows = [
        (f"{job} {cost.name}", duration(cost.seconds), _duration(cost.cpu_seconds), _memory(cost.memory))
        for job, cost in known[:most]
    ]
    if len(known) > 1:
        cpu = [cost.cpu_seconds for _, cost in known if cost.cpu_seconds is not None]
        rows.append(
            (
                f"all {len(known)} tasks",
                duration(sum(cost.seconds for _, cost in known)),
                _duration(sum(cpu) if cpu else None),
                _memory(max((cost.memory for _, cost in known if cost.memory is not None), default=None)),
            )
        )
    return aligned([("what took longest", "time", "CPU time", "memory"), *rows])


def aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows as lines: the first column to the left, the others to the right."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]).rstrip()
        for row in rows
    ]


def duration(seconds: float) -> str:
    """``3.4 s``, ``4 min 2 s``, ``5 h 7 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def memory_text(gigabytes: float) -> str:
    """``0.25 GB``, ``14.2 GB``."""
    return f"{gigabytes:.2f} GB" if gigabytes < 9.995 else f"{gigabytes:.1f} GB"


def _duration(seconds: float | None) -> str:
    return "-" if seconds is None else duration(seconds)


def _memory(gigabytes: float | None) -> str:
    return "-" if gigabytes is None else memory_text(gigabytes)


def _texts(directory: str) -> Iterator[tuple[str, str, int, str]]:
    """Kind, task, number and text of the files that tell of costs, also of those in Sisyphus' archive."""
    try:
        names = os.listdir(directory)
    except OSError:
        return
    for name in names:
        match = _matched(name)
        if match:
            with contextlib.suppress(OSError), open(os.path.join(directory, name), encoding="utf-8") as file:
                yield match[1], match[2], int(match[3]), file.read()
    if _ARCHIVE in names:
        with contextlib.suppress(OSError, tarfile.TarError), tarfile.open(os.path.join(directory, _ARCHIVE)) as archive:
            for member in archive:
                match = _matched(os.path.basename(member.name))
                content = archive.extractfile(member) if match and member.isfile() else None
                if match and content is not None:
                    yield match[1], match[2], int(match[3]), content.read().decode(errors="replace")


def _matched(name: str) -> re.Match[str] | None:
    return re.fullmatch(rf"({COST_FILE}|usage)\.(\w+)\.(\d+)", name)


def _of_cost(task: str, number: int, text: str) -> TaskCost:
    starts = json.loads(text)["starts"]
    last = starts[-1]
    return TaskCost(
        task,
        number,
        sum(start["seconds"] for start in starts),
        sum(start["cpu_seconds"] for start in starts),
        max(start["memory"] for start in starts),
        last["host"],
        len(starts),
        starts[0]["began"],
        last.get("commit", ""),
        last.get("versions", {}),
    )


def _of_usage(task: str, number: int, text: str) -> TaskCost:
    usage: dict[str, Any] = ast.literal_eval(text)
    return TaskCost(
        task,
        number,
        3600 * float(usage["used_time"]),
        memory=usage.get("max", {}).get("rss"),
        host=usage.get("host", ""),
    )
