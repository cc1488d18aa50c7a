"""What a manager of either engine ends with: results, what took how long, what failed; and who is told of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .job_names import display_name, job_name
from .results import Result, results_text
from .task_costs import costs_table, read_costs

FAILURE_HOOK, END_HOOK = "when_job_fails", "when_manager_ends"
"""Functions of settings.py that are called on both engines."""

_WIDEST_NAME = 44  # so that a table of costs fits into 80 columns


def closing_text(results: Iterable[Result], jobs: Iterable[Any], problems: str, output_dir: str, status: int) -> str:
    """
    Everything, as lines.

    :param results: of the registered outputs
    :param jobs: all of the graph, of either engine
    :param problems: what failed or is missing, and what to do; may be empty
    :param output_dir: where outputs are linked to, as it is to be written
    :param status: exit status of the manager
    """
    jobs = list(jobs)
    parts = [
        results_text(results, experiments_of(jobs), output_dir),
        "\n".join(
            costs_table((display_name(job, _WIDEST_NAME), cost) for job in jobs for cost in read_costs(job._sis_path()))
        ),
        problems,
        "all outputs are there" if status == 0 else "",
    ]
    return "\n\n".join(part for part in parts if part)


def experiments_of(jobs: Iterable[Any]) -> set[str]:
    """The directories that jobs' aliases stand in."""
    return {os.path.dirname(alias) for job in jobs for alias in job._sis_aliases or ()} - {""}


def all_jobs(paths: Iterable[Any]) -> list[Any]:
    """The jobs that make these paths, and all that they need, also what is behind finished ones."""
    found: dict[Any, None] = {}
    stack = [path.creator for path in paths]
    while stack:
        job = stack.pop()
        if job is not None and hasattr(job, "_sis_inputs") and job not in found:
            found[job] = None
            stack.extend(path.creator for path in job._sis_inputs)
    return list(found)


def tell_failure(settings: Any, job: Any, text: str, say: Callable[[str], None]) -> None:
    """
    Calls the hook for a job that failed, if settings.py has one.

    :param settings: what has the settings as attributes
    :param text: what failed, why, and where the log is
    :param say: is told of an error in it, which ends nothing
    """
    _call(settings, FAILURE_HOOK, (job_name(job), text), say)


def tell_end(settings: Any, status: int, text: str, say: Callable[[str], None]) -> None:
    """
    Calls the hook for the end of a manager, if settings.py has one.

    :param status: exit status: 0 if all outputs are there
    :param text: what the manager has printed in the end
    """
    _call(settings, END_HOOK, (status, text), say)


def _call(settings: Any, name: str, arguments: tuple[Any, ...], say: Callable[[str], None]) -> None:
    own: Mapping[str, Any] = {**vars(settings), **getattr(settings, "_given", {})}
    hook = own.get(name)
    if hook is None:
        return
    try:
        hook(*arguments)
    except Exception as error:
        say(f"{name} of settings.py: {type(error).__name__}: {error}")
