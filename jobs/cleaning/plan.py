"""What stands in a work directory, what of it can go, and why; read from the directories alone."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..checkpoint_files import complete_epochs, epoch_prefix
from ..inspection.job_names import Setup
from ..inspection.show import directory_state
from .needed import Needed
from .running import running
from .sizes import Files, files_below

_NEW = 600.0
"""Seconds: a job whose directory is newer is one that another config may just have begun."""


class Item(NamedTuple):
    """
    Something that takes space, and goes or stays as a whole.

    :ivar job_id: the job that it is of
    :ivar path: the directory of the job, or one that was put aside
    :ivar epochs: if only checkpoints of these are meant
    :ivar why: why it goes or stays
    :ivar goes: whether it can be removed
    :ivar files: what it takes
    :ivar state: of the job
    :ivar age: seconds since something was written there
    """

    job_id: str
    path: str
    epochs: tuple[int, ...]
    why: str
    goes: bool
    files: Files
    state: str
    age: float


def items(setup: Setup, needed: Needed | None, *, has_manager: bool) -> list[Item]:
    """
    Everything that stands in the work directory.

    :param needed: what configs need; None: not known, so nothing goes
    :param has_manager: whether a manager runs, of configs that may not be those given
    """
    found: list[Item] = []
    linked = linked_jobs(setup) if needed is not None else {}
    needs = with_saved_inputs(setup, needed.jobs) if needed is not None else {}
    for job_id in sorted(setup.job_ids()):
        directory = setup.job_directory(job_id)
        why, goes = _verdict(setup, job_id, needed, needs, linked, has_manager)
        epochs = tuple(needed.checkpoints.get(job_id, ())) if needed is not None and not goes else ()
        epochs = tuple(sorted(set(epochs) & complete_epochs(_models(directory))))
        state, age = directory_state(directory).partition(",")[0], time.time() - _newest(directory)
        if epochs and running(job_id, directory) is None:
            of_epochs = _joined(files_below(path) for epoch in epochs for path in _checkpoint_files(directory, epoch))
            rest = {key: value for key, value in files_below(directory).items() if key not in of_epochs}
            text = f"{len(epochs)} checkpoints that no rule keeps: epochs {_ranges(epochs)}"
            found.append(Item(job_id, directory, epochs, text, True, of_epochs, state, age))
            found.append(Item(job_id, directory, (), why, False, rest, state, age))
        else:
            found.append(Item(job_id, directory, (), why, goes, files_below(directory), state, age))
    for directory in put_aside(setup):
        job_id = os.path.relpath(directory, setup.work_dir)
        age = time.time() - _newest(directory)
        why = "put aside, by retry --from-start or by Sisyphus" + ("" if needed is not None else "; goes with a config")
        found.append(Item(job_id, directory, (), why, needed is not None, files_below(directory), "put aside", age))
    return found


def put_aside(setup: Setup) -> Iterator[str]:
    """The directories ``JOB.cleared.0001``."""
    for directory, names, _ in os.walk(setup.work_dir):
        cleared = [name for name in names if re.search(r"\.cleared\.\d{4}$", name)]
        yield from (os.path.join(directory, name) for name in sorted(cleared))
        names[:] = [name for name in names if name not in cleared and not _is_job(os.path.join(directory, name))]


def linked_jobs(setup: Setup) -> dict[str, str]:
    """Jobs to which links below ``output/`` and ``alias/`` lead, and all that these need, with the reason."""
    found: dict[str, str] = {}
    for top in (setup.output_dir, setup.alias_dir):
        for directory, names, files in os.walk(top):
            for path in (os.path.join(directory, name) for name in [*names, *files]):
                job_id = _target(setup, path)
                if job_id is not None:
                    found.setdefault(job_id, f"{os.path.relpath(path, setup.directory)} leads to it")
    for job_id, other in with_saved_inputs(setup, found).items():
        found.setdefault(job_id, f"{other} needs it, to which a link leads")
    return found


def with_saved_inputs(setup: Setup, job_ids: Iterable[str]) -> dict[str, str]:
    """Jobs with all whose outputs they read, by the links ``input/`` of their directories; each with one that does."""
    found = {job_id: job_id for job_id in job_ids}
    todo = list(found)
    while todo:
        user = todo.pop()
        place = os.path.join(setup.job_directory(user), "input")
        for name in sorted(os.listdir(place)) if os.path.isdir(place) else ():
            job_id = _target(setup, os.path.join(place, name))
            if job_id is not None and job_id not in found:
                found[job_id] = user
                todo.append(job_id)
    return found


def _target(setup: Setup, path: str) -> str | None:
    """The id of the job to which a link leads, if it is one that leads to a job."""
    if not os.path.islink(path):
        return None
    return setup.job_of_path(os.path.join(os.path.dirname(path), os.readlink(path)))


def _verdict(
    setup: Setup,
    job_id: str,
    needed: Needed | None,
    needs: dict[str, str],
    linked: dict[str, str],
    has_manager: bool,
) -> tuple[str, bool]:
    """Why a job stays or goes, and whether it goes."""
    directory = setup.job_directory(job_id)
    if needed is None:
        return "", False
    if job_id in needed.jobs:
        return "the configs have it", False
    who = running(job_id, directory)
    if who is not None:
        return f"is running: {who}", False
    if job_id in needs:
        return f"{needs[job_id]} has read it", False
    if job_id in linked:
        return linked[job_id], False
    if os.path.islink(directory):
        return f"a link to {os.readlink(directory)}", False
    if has_manager:
        return "no config given has it, but a manager runs, maybe of another config", False
    if time.time() - _newest(directory) < _NEW and not directory_state(directory).startswith("finished"):
        return "no config given has it, but it was written to just now", False
    return "no config given has it", True


def _models(directory: str) -> str:
    return os.path.join(directory, "output", "models")


def _checkpoint_files(directory: str, epoch: int) -> list[str]:
    prefix = epoch_prefix(_models(directory), epoch)
    place, start = os.path.split(prefix + ".")
    return [os.path.join(place, name) for name in sorted(os.listdir(place)) if name.startswith(start)]


def _joined(files: Iterable[Files]) -> Files:
    return {key: entries for one in files for key, entries in one.items()}


def _newest(directory: str) -> float:
    """When something was last written to a job's directory, not looking into the depth of it."""
    places = [directory, *(os.path.join(directory, name) for name in ("output", "work"))]
    names = [os.path.join(place, name) for place in places if os.path.isdir(place) for name in os.listdir(place)]
    return max((os.lstat(path).st_mtime for path in [directory, *names] if os.path.lexists(path)), default=0.0)


def _is_job(path: str) -> bool:
    return any(os.path.exists(os.path.join(path, name)) for name in ("job.save", "finished", "finished.tar.gz"))


def _ranges(numbers: tuple[int, ...]) -> str:
    """``1-4, 7``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)
