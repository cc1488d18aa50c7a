"""Links to outputs and jobs, made for what changed since they were last made: of thousands of jobs that is little."""

from __future__ import annotations

import time
from collections.abc import Iterable

from . import outputs
from .agenda import OFTEN
from .job import Job


class ChangedLinks:
    """Makes all links at first, then those of jobs to which something happened."""

    def __init__(self) -> None:
        self._changed: set[Job] | None = None
        """Jobs whose links may be made; None: all."""
        self._made = -float("inf")

    def note(self, job: Job) -> None:
        """Notes that something happened to a job."""
        if self._changed is not None:
            self._changed.add(job)

    def make(self, running: Iterable[Job]) -> None:
        """
        Makes them.

        :param running: jobs that run: they may make an output at any time, which is looked for now and then
        """
        if self._changed is not None and time.monotonic() - self._made >= OFTEN:
            self._made = time.monotonic()
            self._changed |= set(running)
        if self._changed is None or self._changed:
            outputs.make_links(self._changed)
        self._changed = set()
