"""The jobs of a graph by their names: aliases, ids, or the start of a hash."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from recipe.nn.plain.errors import did_you_mean

from ..inspection.job_graph import jobs_with_inputs


class NamedJobs(Mapping[str, Any]):
    """
    Jobs, and all that they need, by name. It lists the alias of each, or its id where it has none.

    :param roots: those that are asked for
    """

    def __init__(self, roots: Iterable[Any]):
        self._jobs = list(jobs_with_inputs(roots))
        self._by_alias = {alias: job for job in self._jobs for alias in sorted(aliases_of(job))}

    def __getitem__(self, name: str) -> Any:
        """
        The job of that name.

        :raises KeyError: if there is none, or more than one
        """
        if name in self._by_alias:
            return self._by_alias[name]
        found = [job for job in self._jobs if _is_called(job.job_id(), name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise KeyError(f"{name!r} may be any of {', '.join(job.job_id() for job in found)}")
        raise KeyError(f"there is no job {name!r}.{did_you_mean(name, self)}")

    def __iter__(self) -> Iterator[str]:
        for job in self._jobs:
            yield min(aliases_of(job), default=job.job_id())

    def __len__(self) -> int:
        return len(self._jobs)

    def __repr__(self) -> str:
        return "\n".join([f"{len(self)} jobs:", *(f"  {name}" for name in self)])

    def _ipython_key_completions_(self) -> list[str]:
        return [*self._by_alias, *(job.job_id() for job in self._jobs)]


def graph_jobs() -> NamedJobs:
    """The jobs that the configs called in this process ask for, on either engine."""
    toolkit = importlib.import_module("sisyphus.toolkit")
    if hasattr(toolkit, "sis_graph"):
        return NamedJobs(toolkit.sis_graph.jobs())
    return NamedJobs(importlib.import_module("localsis.graph_call").asked_jobs())


def aliases_of(job: Any) -> set[str]:
    """The aliases that a config gave to a job."""
    return {str(alias) for alias in getattr(job, "_sis_aliases", None) or ()}


def _is_called(job_id: str, name: str) -> bool:
    """Whether an id, or its hash, or it from one of its parts on, begins so."""
    return bool(name) and (job_id.rpartition(".")[2].startswith(name) or f"/{name}" in f"/{job_id}")
