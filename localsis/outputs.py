"""What a config asks for: outputs, and functions to call when all are there."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import Any, cast

from . import reports, settings
from .beyond import beyond
from .job import Job, created_jobs
from .job_directory import link
from .paths import AbstractPath

registered: dict[str, AbstractPath] = {}
"""Outputs by the name of their link below ``output/``."""

callbacks: list[tuple[Callable[..., Any], tuple, dict[str, Any]]] = []


def register_output(name: str, value: AbstractPath, export_graph: bool = False) -> None:
    """
    Asks for an output; when it is there, ``output/NAME`` leads to it.

    :raises TypeError: for what is no path or variable
    """
    if export_graph:
        raise TypeError(beyond("register_output(export_graph=True)"))
    if not isinstance(value, AbstractPath):
        raise TypeError(f"register_output({name!r}, ...) wants an output of a job, not {value!r}")
    registered[name] = value


def register_callback(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Asks for a function to be called when all outputs are there."""
    callbacks.append((function, args, kwargs))


def wanted_jobs() -> list[Job]:
    """All jobs that the outputs need, inputs first; what is behind a finished job is not looked at."""
    order: list[Job] = []
    seen: set[str] = set()

    def visit(job: Job) -> None:
        """Adds a job behind its inputs; with a stack of its own, as graphs are deeper than Python recurses."""
        stack = [(job, False)]
        while stack:
            current, inputs_done = stack.pop()
            if inputs_done:
                order.append(current)
            elif current._sis_id() not in seen:
                seen.add(current._sis_id())
                stack.append((current, True))
                if not is_done(current):
                    stack.extend((other, False) for other in sorted(current._sis_input_jobs(), key=Job._sis_id))

    for path in [*registered.values(), *(path for report in reports.registered for path in report.required)]:
        if isinstance(path.creator, Job):
            visit(path.creator)
    return order


def is_done(job: Job) -> bool:
    """Whether a job is finished and all that it declares is there."""
    return job._sis_is_finished() and not job._sis_missing_outputs()


def make_links(jobs: Collection[Job] | None = None) -> None:
    """
    Makes the links below ``output/`` for what is there, and those of aliases.

    :param jobs: only those to these jobs and what they make; default: all
    """
    for name, path in registered.items():
        if (jobs is None or path.creator in jobs) and _is_there(path):
            prefixes = path.creator._sis_output_prefixes() if isinstance(path.creator, Job) else [""]
            for prefix in prefixes:
                place = os.path.join(settings.BASE_DIR, settings.OUTPUT_DIR, prefix, name)
                link(os.path.realpath(path.get_path()), place)
    for job in created_jobs.values() if jobs is None else jobs:
        aliases = job._sis_all_aliases()
        if aliases and os.path.isdir(job._sis_path()):
            for alias in aliases:
                link(job._sis_path(), os.path.join(settings.BASE_DIR, settings.ALIAS_DIR, alias))


def missing_outputs() -> list[str]:
    """Names of registered outputs and reports that are not there, or miss something."""
    return [
        *(name for name, path in registered.items() if not _is_there(path)),
        *(report.name for report in reports.registered if not all(map(_is_there, report.required))),
    ]


def removed_outputs() -> list[AbstractPath]:
    """Registered outputs that are not there, though the jobs that make them are done."""
    gone = [path for path in registered.values() if not _is_there(path) and isinstance(path.creator, Job)]
    return [path for path in gone if is_done(cast(Job, path.creator))]


def _is_there(path: AbstractPath) -> bool:
    return path.available() and os.path.exists(path.get_path())
