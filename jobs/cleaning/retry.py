"""Clears errors, so that jobs go on: ``./sis retry [JOB ...]``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..checkpoint_files import complete_epochs
from ..inspection.failure_reasons import failure_reasons
from ..inspection.job_names import Setup
from ..inspection.saved_job import InspectionError
from ..inspection.show import directory_state
from .clear import Run, clear, cleared_name, failed_runs, put_aside, stuck_runs, unfinished_runs
from .lock import has_manager
from .running import running


def retry(setup: Setup, names: Sequence[str], *, from_start: bool = False) -> Iterator[str]:
    """
    Makes failed jobs ready to be run again by the next manager; each goes on where it was.

    :param names: see :meth:`Setup.job_id`; none: all jobs that failed
    :param from_start: puts the directories of the jobs aside, so that they start from the beginning
    :return: what was done, as lines
    :raises InspectionError: if there is no such job, or it is running, or finished
    """
    if from_start and not names:
        raise InspectionError("--from-start wants to be told which jobs: ./sis retry --from-start JOB ...")
    job_ids = [setup.job_id(name) for name in names] if names else _failed(setup)
    if not job_ids:
        yield f"no job in {os.path.relpath(setup.work_dir, setup.directory)}/ has failed"
        return
    for job_id in job_ids:
        _check_may_be_cleared(job_id, setup.job_directory(job_id), from_start)
    if not names:
        yield from _listed(setup, job_ids)
    for job_id in job_ids:
        yield from _start_anew(setup, job_id) if from_start else _go_on(setup, job_id)
    yield _what_next(setup)


def _failed(setup: Setup) -> list[str]:
    """All jobs that neither engine goes on with, but for those that somebody runs."""
    found = []
    for job_id in sorted(setup.job_ids()):
        directory = setup.job_directory(job_id)
        runs = failed_runs(directory) or stuck_runs(directory, setup.most_submissions)
        if runs and not _is_finished(directory) and running(job_id, directory) is None:
            found.append(job_id)
    return found


def _check_may_be_cleared(job_id: str, directory: str, from_start: bool) -> None:
    who = running(job_id, directory)
    if who is not None:
        raise InspectionError(f"{job_id} is running: {who}. End it first; nothing was done")
    if from_start and os.path.islink(directory):
        raise InspectionError(f"{directory} is a link to {os.readlink(directory)}: that is not put aside from here")
    if _is_finished(directory) and not from_start:
        raise InspectionError(
            f"{job_id} is finished. To have it run from the beginning: ./sis retry --from-start {job_id}"
        )


def _listed(setup: Setup, job_ids: Sequence[str]) -> Iterator[str]:
    yield f"{len(job_ids)} {'job has' if len(job_ids) == 1 else 'jobs have'} failed:"
    for job_id in job_ids:
        directory = setup.job_directory(job_id)
        reasons = failure_reasons(directory)
        if reasons:
            yield f"  {setup.title(job_id)}: {reasons[0].splitlines()[0]}"
        else:
            yield f"  {setup.title(job_id)}: {directory_state(directory)}"


def _go_on(setup: Setup, job_id: str) -> Iterator[str]:
    directory = setup.job_directory(job_id)
    runs = failed_runs(directory) or unfinished_runs(directory)
    if not runs:
        yield f"{setup.title(job_id)}: has no error; the next manager runs it"
        return
    logs = [clear(directory, run) for run in runs]
    kept = [os.path.basename(log) for log in logs if log is not None]
    yield f"{setup.title(job_id)}: {_tasks(runs)} cleared{f', the log is now {kept[0]}' if kept else ''}"
    epochs = complete_epochs(os.path.join(directory, "output", "models"))
    if epochs:
        yield f"  it goes on from the checkpoint of epoch {max(epochs)}"


def _start_anew(setup: Setup, job_id: str) -> Iterator[str]:
    directory = setup.job_directory(job_id)
    yield (
        f"{setup.title(job_id)}: starts from the beginning. What it has made is put aside in "
        f"{os.path.relpath(cleared_name(directory), setup.directory)} (./sis clean removes that)"
    )
    put_aside(directory)


def _what_next(setup: Setup) -> str:
    if not has_manager(setup.work_dir):
        return "next: ./sis manager CONFIG"
    return "a manager is running here: Sisyphus takes this up by itself; the embedded engine at its next start"


def _is_finished(directory: str) -> bool:
    return any(os.path.exists(os.path.join(directory, name)) for name in ("finished", "finished.tar.gz"))


def _tasks(runs: Sequence[Run]) -> str:
    names = list(dict.fromkeys(run.task for run in runs))
    return f"{' and '.join(names)}{f' ({len(runs)} runs)' if len(runs) > len(names) else ''}"
