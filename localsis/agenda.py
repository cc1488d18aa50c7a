"""
Which jobs are worth a look: those for which something may have changed.

A graph has thousands of jobs, most of which wait for others. A job that waits is looked at again when the one that it
waits for has ended, or while that one runs, when the output is there, which is asked once a second. All are looked at
now and then, as files may come from elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from .job import Job
from .paths import AbstractPath

OFTEN = 1.0
"""Seconds between two looks at what waits for a job that runs."""

SELDOM = 30.0
"""Seconds between two looks at all jobs."""


class Agenda:
    """The jobs that are not done yet."""

    def __init__(self) -> None:
        self._position: dict[Job, int] = {}
        self._due: set[Job] = set()
        self._behind: dict[Job, dict[AbstractPath, set[Job]]] = {}
        """By the job that they wait for, and which of its outputs."""
        self._polled: set[Job] = set()
        """Those that wait for what no open job makes."""
        self._often = self._seldom = -float("inf")

    def begin(self, jobs: Sequence[Job]) -> None:
        """Takes up jobs, in the order in which they are looked at; those that are not among them are done."""
        self._position = {job: number for number, job in enumerate(jobs)}
        self._due, self._polled = set(jobs), set()
        self._behind.clear()

    @property
    def open(self) -> list[Job]:
        """The jobs that are not done, in order."""
        return list(self._position)

    def look_at(self, job: Job) -> None:
        """Has a job be looked at next, as something happened to it."""
        if job in self._position:
            self._due.add(job)

    def wait(self, job: Job, path: AbstractPath | None = None) -> None:
        """
        Notes that a job waits.

        :param path: for what; None if no job makes that
        """
        creator = path.creator if path is not None and path._available is None else None
        if path is not None and isinstance(creator, Job) and creator in self._position:
            self._behind.setdefault(creator, {}).setdefault(path, set()).add(job)
        else:
            self._polled.add(job)

    def close(self, job: Job) -> None:
        """Notes that a job is done: what waits for it is looked at."""
        self._position.pop(job, None)
        self._due.discard(job)
        for behind in self._behind.pop(job, {}).values():
            self._due |= behind & self._position.keys()

    def due(self, running: Iterable[Job]) -> list[Job]:
        """The jobs to look at now, in order, each once."""
        now = time.monotonic()
        if now - self._seldom >= SELDOM:
            self._seldom = now
            self._due.update(self._position)
        if now - self._often >= OFTEN:
            self._often = now
            self._due |= self._polled & self._position.keys()
            self._polled = set()
            for job in running:
                behind = self._behind.get(job, {})
                for path in [path for path in behind if path.available()]:
                    self._due |= behind.pop(path) & self._position.keys()
        due = sorted(self._due, key=self._position.__getitem__)
        self._due = set()
        return due
