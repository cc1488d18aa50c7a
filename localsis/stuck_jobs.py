"""What is said of jobs that do not go on by themselves: why, and what to do. The same words on both engines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .failure_log import failures, reason

STATES = ("error", "retry_error", "queue_error", "interrupted_not_resumable")
"""States of Sisyphus in which a job stays until somebody does something."""

_MOST_JOBS = 20


class StuckJob(NamedTuple):
    """
    A job that does not go on.

    :ivar name: its alias, or its id
    :ivar job_id: its id
    :ivar directory: its directory
    :ivar state: one of :data:`STATES`
    """

    name: str
    job_id: str
    directory: str
    state: str


def stuck_job(job: Any, directory: str, state: str) -> StuckJob:
    """
    The same of a job of either engine.

    :param directory: of the job
    :param state: one of :data:`STATES`
    """
    return StuckJob(job_name(job), job.job_id(), os.path.abspath(directory), state)


def job_name(job: Any) -> str:
    """What a user calls a job: its first alias, else its id."""
    return str(min(job._sis_aliases or (), default=job.job_id()))


def job_label(name: str, job_id: str) -> str:
    """A job by its name, and by its id where that is another."""
    return name if name == job_id else f"{name} ({job_id})"


def report(jobs: Iterable[StuckJob]) -> str:
    """All jobs that do not go on, with reasons and with what to do; empty if there are none."""
    found = sorted(jobs)
    if not found:
        return ""
    title = "1 job does not go on:" if len(found) == 1 else f"{len(found)} jobs do not go on:"
    parts = [title, *(describe(job) for job in found[:_MOST_JOBS])]
    if len(found) > _MOST_JOBS:
        parts.append(f"and {len(found) - _MOST_JOBS} more: ./sis retry lists all before it clears them")
    names = "".join(f" {job.name}" for job in found) if len(found) <= 3 else ""  # none: all
    parts.append(f"Mend what is said there, then: ./sis retry{names}\nand start the manager again; what is done stays")
    return "\n".join(parts)


def describe(job: StuckJob) -> str:
    """One job: which, why, and where its whole log is."""
    label = job_label(job.name, job.job_id)
    found = failures(job.directory)
    if job.state == "error" and found:
        return "\n".join(f"{label}: {explained(one.task, one.why, one.log)}" for one in found[:2])
    logs = _newest_logs(job.directory)
    what = {
        "retry_error": "was interrupted again and again without getting on",
        "interrupted_not_resumable": "was interrupted, and its task does not say that it can be run again",
        "queue_error": "is in an error of the queue",
    }.get(job.state, "ended with an error")
    return f"{label}: {what}" + "".join(f"\n{_indented(reason(log))}\n  whole log: {log}" for log in logs[-1:])


def explained(task: str, why: str, log: str, *, what: str = "ended with an error") -> str:
    """What is said of a task that failed."""
    return f"{task} {what}:\n{_indented(why)}\n  whole log: {log}"


def report_missing(missing: Mapping[str, Sequence[str]]) -> str:
    """
    Files that jobs wait for and nothing makes; empty if there are none.

    :param missing: the jobs that want it, by what is missing, in words
    """
    if not missing:
        return ""
    lines = [f"{what}\n  wanted by {_listed(missing[what])}" for what in sorted(missing)]
    more = [f"and {len(lines) - _MOST_JOBS} more"] if len(lines) > _MOST_JOBS else []
    return "\n".join(["What jobs wait for is not there:", *lines[:_MOST_JOBS], *more])


def _listed(names: Sequence[str]) -> str:
    shown = sorted(set(names))
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _newest_logs(directory: str) -> list[str]:
    """The logs of runs, oldest first."""
    names = os.listdir(directory) if os.path.isdir(directory) else []
    logs = [os.path.join(directory, name) for name in names if name.startswith("log.") and name[-1:].isdigit()]
    return sorted((log for log in logs if log.count(".error.", len(directory)) == 0), key=os.path.getmtime)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
