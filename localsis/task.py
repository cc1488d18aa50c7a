"""Task: one step of a job, maybe for each of several arguments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from . import settings
from .beyond import beyond


class Task:
    """
    A method of a job that is run in a process of its own.

    :param start: name of the method
    :param resume: set if it may be run again after an interruption; this engine always does that
    :param rqmt: what it needs: cpu (cores), gpu, mem (GB), time (hours)
    :param args: one run per entry, with the entry as argument or arguments
    :param mini_task: whether it is so short that it needs no place of its own
    """

    def __init__(
        self,
        start: str,
        resume: str | None = None,
        rqmt: dict[str, Any] | None = None,
        args: Any = None,
        mini_task: bool = False,
        update_rqmt: Any = None,
        parallel: int = 0,
        tries: int = 1,
        continuable: bool = False,
    ):
        if parallel or continuable or update_rqmt is not None:
            raise TypeError(beyond("Task(parallel=, continuable=, update_rqmt=)"))
        self.start = start
        self.resume = resume
        self.rqmt = dict(rqmt or {})
        self.mini_task = mini_task
        self.tries = tries
        self._given = [[]] if args is None else list(args)
        self.arguments: list[Sequence[Any]] = [
            entry if isinstance(entry, (list, tuple)) else (entry,) for entry in self._given
        ]

    @property
    def name(self) -> str:
        """The name of the method."""
        return self.start

    def ids(self) -> range:
        """The numbers of its runs, from 1."""
        return range(1, len(self.arguments) + 1)

    def marker(self, job_dir: str, kind: str, number: int) -> str:
        """A file of one run in the job's directory: "log", "finished", "error" or "usage"."""
        return os.path.join(job_dir, f"{kind}.{self.name}.{number}")

    def is_finished(self, job_dir: str) -> bool:
        """Whether all its runs are done."""
        return all(os.path.exists(self.marker(job_dir, "finished", number)) for number in self.ids())

    def __sis_state__(self) -> dict[str, Any]:
        """What is hashed of it where it is an argument: what Sisyphus' own has."""
        return {
            "_start": self.start,
            "_resume": self.resume,
            "_rqmt": {**self.rqmt, "engine": "short"} if self.mini_task else self.rqmt,
            "_update_rqmt": settings.update_engine_rqmt,
            "_args": self._given,
            "_parallel": len(self._given),
            "mini_task": self.mini_task,
            "_state_cache": {},
            "_state_cache_time": {},
            "last_state": None,
            "tries": self.tries,
            "continuable": False,
        }

    def __repr__(self) -> str:
        return f"<Task {self.start!r} job=None>"

    def __str__(self) -> str:
        raise TypeError(
            f"{self!r} has no name while the graph is written, with Sisyphus neither: give the name of its method"
        )
