"""The directory of a job: what stands there before its first task, as Sisyphus lays it out."""

from __future__ import annotations

import os

from . import settings
from .job import Job
from .job_file import write_job

_LONGEST_NAME = 255


def set_up(job: Job) -> None:
    """Makes the directory of a job, with links to its inputs, ``job.save`` for its workers and ``info`` for readers."""
    place = job._sis_path()
    if os.path.islink(place) and not os.path.exists(place):
        os.remove(place)  # it led to a directory that is gone
    for part in (settings.JOB_OUTPUT, "work", "input", "engine"):
        os.makedirs(job._sis_path(part), exist_ok=True)
    for name in job._sis_directories:
        os.makedirs(job._sis_path(settings.JOB_OUTPUT, name), exist_ok=True)
    for name in job._sis_outputs:
        os.makedirs(os.path.dirname(job._sis_path(settings.JOB_OUTPUT, name)), exist_ok=True)
    for other in job._sis_input_jobs():
        name = other._sis_id() if len(other._sis_id()) <= _LONGEST_NAME else other._sis_id().rpartition("/")[2]
        link(other._sis_path(), job._sis_path("input", name.replace("/", "_")))
    write_job(job, job._sis_path("job.save"))
    with open(job._sis_path("info"), "w", encoding="utf-8") as text:
        text.write(info_text(job))


Job._sis_setup_directory = set_up  # for tests of jobs, which call it; a job itself knows nothing of its directory


def info_text(job: Job) -> str:
    """What the file ``info`` says: tags, inputs, arguments and aliases."""
    lines = [f"TAG: {tag}" for tag in sorted(job.tags)]
    lines += [f"INPUT: {path}" for path in sorted(path.get_path() for path in job._sis_inputs)]
    lines += [f"PARAMETER: {key}: {value}" for key, value in sorted(job._sis_parsed.items())]
    lines += [f"ALIAS: {alias}" for alias in sorted(job._sis_aliases)]
    return "".join(line + "\n" for line in lines)


def link(target: str, name: str) -> None:
    """
    Makes a symbolic link, replacing one that leads elsewhere.

    :raises FileExistsError: if a real file stands there
    """
    if os.path.islink(name):
        if os.readlink(name) == target:
            return
        os.remove(name)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    os.symlink(target, name)
