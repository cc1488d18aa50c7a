"""What jobs are called where people read it: by aliases where they have some, in as much room as there is."""

from __future__ import annotations

from typing import Any


def job_name(job: Any) -> str:
    """What a user calls a job of either engine: its first alias, else its id."""
    return str(min(job._sis_aliases or (), default=job.job_id()))


def job_label(name: str, job_id: str) -> str:
    """A job by its name, and by its id where that is another."""
    return name if name == job_id else f"{name} ({job_id})"


def short_id(job_id: str) -> str:
    """An id without the module of its class: ``TrainingJob.Hbt0ZI50zwSd``."""
    return job_id.rpartition("/")[2]


def short_label(job: Any) -> str:
    """An alias with the short id beside it; where there is none, the whole id."""
    name = job_name(job)
    return name if name == job.job_id() else f"{name} ({short_id(job.job_id())})"


def display_name(job: Any, width: int, ellipsis: str = "...") -> str:
    """
    An alias, else the short id, in one line of a table; what is too long loses its beginning, never its end.

    :param width: how many characters there are; what is left of an id always has its whole hash
    """
    name = job_name(job)
    if name == job.job_id():
        name = short_id(name)
        least = len(name.rpartition(".")[2]) + len(ellipsis) + 1
    else:
        least = len(ellipsis) + 1
    width = max(width, least)
    return name if len(name) <= width else ellipsis + name[len(name) - width + len(ellipsis) :]
