"""What configs need: their jobs, and of their trainings the checkpoints outside of the keep rules."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import tempfile
from typing import Any, NamedTuple

from ..inspection.saved_job import InspectionError


class Needed(NamedTuple):
    """
    :ivar jobs: ids of all jobs that configs make, and of all that these need
    :ivar checkpoints: by the id of a finished training of them, the epochs that no rule keeps
    """

    jobs: frozenset[str]
    checkpoints: dict[str, list[int]]


def needed_by(configs: list[str]) -> Needed:
    """
    What configs need, under the engine of this setup; nothing is run.

    :raises InspectionError: if a config cannot be called
    """
    if importlib.util.find_spec("localsis") is None:
        raise InspectionError("what configs need is told by ./sis alone; here: clean, without a config")
    call_with_jobs = importlib.import_module("localsis.graph_call").call_with_jobs
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "needed.json")
        try:
            status = call_with_jobs(configs, "jobs.cleaning.needed:write_needed", [path])
        except RuntimeError as error:
            raise InspectionError(str(error)) from error
        if status or not os.path.exists(path):
            raise InspectionError(f"{' '.join(configs)} cannot be called; nothing was removed")
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    return Needed(frozenset(found["jobs"]), {key: list(value) for key, value in found["checkpoints"].items()})


def write_needed(roots: list[Any], arguments: list[str]) -> int:
    """
    Writes what the jobs of this process need, as JSON.

    :param roots: those that registered outputs come from
    :param arguments: the path of the file
    :return: exit status
    """
    jobs = all_jobs(roots)
    checkpoints = {
        job_id: sorted(job.unneeded_checkpoints())
        for job_id, job in jobs.items()
        if hasattr(type(job), "unneeded_checkpoints")
    }
    with open(arguments[0], "w", encoding="utf-8") as file:
        json.dump(
            {"jobs": sorted(jobs), "checkpoints": {key: value for key, value in checkpoints.items() if value}}, file
        )
    return 0


def all_jobs(roots: list[Any]) -> dict[str, Any]:
    """
    Jobs by their ids: those that were made in this process, some of which have aliases only, and their inputs; with
    what jobs ask for when their inputs are there.
    """
    import sys

    from sisyphus import Job

    found: dict[str, Any] = {}
    while True:
        made = dict(sys.modules[Job.__module__].created_jobs)
        todo = [*roots, *made.values()]
        while todo:
            job = todo.pop()
            if found.setdefault(job.job_id(), job) is job:
                todo += [
                    path.creator
                    for path in job._sis_inputs
                    if path.creator is not None and path.creator.job_id() not in found
                ]
        before = len(sys.modules[Job.__module__].created_jobs), sum(len(job._sis_inputs) for job in found.values())
        for job in list(found.values()):
            _ask_for_more(job)
        if before == (
            len(sys.modules[Job.__module__].created_jobs),
            sum(len(job._sis_inputs) for job in found.values()),
        ):
            return found


def _ask_for_more(job: Any) -> None:
    """Lets a job ask for further inputs, where those that it has are there; one that cannot is no reason to stop."""
    ask = getattr(type(job), "_sis_runnable", None) or type(job)._sis_update_inputs  # Sisyphus', the embedded engine's
    try:
        ask(job)
    except Exception as error:
        print(f"{job.job_id()}: what else it needs is not known ({error!r}); what it needed before is kept")
