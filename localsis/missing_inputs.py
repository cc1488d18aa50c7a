"""Inputs that are gone: the job that makes them is done, and somebody has removed them since."""

from __future__ import annotations

from typing import Any


def removed_inputs(job: Any) -> list[Any]:
    """The inputs of a job that are not there though the jobs that make them are finished; for jobs of both engines."""
    found = [path for path in job._sis_inputs if path.creator is not None and not path.available()]
    return sorted((path for path in found if is_finished(path.creator)), key=str)


def is_finished(job: Any) -> bool:
    """Whether a job of either engine is finished."""
    ask = getattr(type(job), "_sis_finished", None) or type(job)._sis_is_finished  # Sisyphus', then the embedded one's
    return bool(ask(job))


def words_of(path: Any) -> str:
    """What is missing and how to get it back; a job may say it itself, by a method ``explain_removed``."""
    explain = getattr(type(path.creator), "explain_removed", None)
    if explain is not None:
        return str(explain(path.creator, path))
    return (
        f"{path.get_path()}: it was removed since the job that makes it is finished. Put it back, or make it again: "
        f"./sis retry --from-start {path.creator.job_id()}"
    )
