"""The file ``job.save``: a job for its workers, those of Sisyphus as well."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import pickle
import sys
import tarfile
import types
from collections.abc import Iterator
from typing import Any

from . import delayed, job_state, paths
from .job import Job

_OURS = {"sisyphus.job_path": paths, "sisyphus.delayed_ops": delayed, "sisyphus.tools": job_state}
"""Our modules by those of Sisyphus which have classes of the same names."""


def write_job(job: Job, path: str) -> None:
    """Writes a job; the file is there whole or not at all."""
    with gzip.open(path + ".part", "wb") as file, _names_of_sisyphus():
        pickle.dump(job, file, protocol=4)
    os.replace(path + ".part", path)


def read_job(path: str) -> Job:
    """
    A job that either engine wrote.

    :raises TypeError: if it is something else
    """
    with open(path, "rb") as file:
        return _job_of(file.read(), path)


def load_job(path: str) -> Job:
    """
    ``tk.load_job``: a job as it was saved, also of a directory that Sisyphus has cleaned up.

    :param path: its directory, or ``job.save`` or ``finished.tar.gz`` in it
    :raises FileNotFoundError: if no job is saved there
    :raises TypeError: if it is something else
    """
    saved, archive = (os.path.join(path, name) for name in ("job.save", "finished.tar.gz"))
    place = path if os.path.isfile(path) else saved if os.path.isfile(saved) else archive
    if not place.endswith(".tar.gz"):
        return read_job(place)
    with tarfile.open(place) as tar:
        member = tar.extractfile("job.save")
        return _job_of(member.read() if member is not None else b"", place)


def _job_of(content: bytes, place: str) -> Job:
    job = _Unpickler(io.BytesIO(gzip.decompress(content))).load()
    if not isinstance(job, Job):
        raise TypeError(f"what is saved in {place} is no job")
    return job


@contextlib.contextmanager
def _names_of_sisyphus() -> Iterator[None]:
    """Has pickle write the names that our classes have in Sisyphus; it looks for them where they are said to be."""
    before = {name: sys.modules.get(name) for name in _OURS}
    classes: list[tuple[type, str]] = []
    try:
        for name, module in _OURS.items():
            named = types.ModuleType(name)
            for value in vars(module).values():
                if isinstance(value, type) and value.__module__ == module.__name__:
                    setattr(named, value.__name__, value)
                    classes.append((value, module.__name__))
                    value.__module__ = name
            sys.modules[name] = named
        yield
    finally:
        for value, ours in classes:
            value.__module__ = ours
        for name, there in before.items():
            if there is None:
                del sys.modules[name]
            else:
                sys.modules[name] = there


class _Foreign:
    """Something of Sisyphus' that a task does not need."""

    def __init__(self, *arguments: Any):
        pass


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Classes of Sisyphus are those of this engine of the same name; what it has not is not needed."""
        if module.split(".")[0] == "sisyphus":
            return getattr(_OURS.get(module), name, _Foreign)
        return super().find_class(module, name)
