"""Finds the job that a user names: by id, alias, directory, or the start of its hash."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator

from .saved_job import InspectionError, SavedJob


class Setup:
    """
    A Sisyphus setup.

    :param directory: where its settings.py is
    """

    def __init__(self, directory: str):
        self.directory = os.path.abspath(directory)
        read = importlib.import_module("localsis.settings_file").read  # only ./sis comes here
        values = read(self.directory)
        self.work_dir = os.path.join(self.directory, values["WORK_DIR"])
        self.alias_dir = os.path.join(self.directory, values["ALIAS_DIR"])
        self.output_dir = os.path.join(self.directory, values["OUTPUT_DIR"])
        self.most_submissions = int(values.get("MAX_SUBMIT_RETRIES", 3))
        self._aliases: dict[str, list[str]] | None = None

    def job(self, name: str) -> SavedJob:
        """
        The job of that name, as it was saved.

        :param name: see :meth:`job_id`
        :raises InspectionError: if there is none, or more than one
        """
        job_id = self.job_id(name)
        return SavedJob(job_id, self.job_directory(job_id))

    def job_id(self, name: str) -> str:
        """
        The id of the job of that name.

        :param name: an id (with or without ``work/``), an alias, the directory of the job or a path in it (also by a
            link below ``output/``), or the start of the hash at the end of its id
        :raises InspectionError: if there is none, or more than one
        """
        for place in (name, os.path.join(self.work_dir, name), os.path.join(self.alias_dir, name)):
            job_id = self.job_of_path(os.path.join(self.directory, place))
            if job_id is not None:
                return job_id
        found = sorted(job_id for job_id in self.job_ids() if _has_prefix(job_id, name))
        if len(found) == 1:
            return found[0]
        if found:
            listed = "".join(f"\n  {job_id}" for job_id in found[:10]) + ("\n  ..." if len(found) > 10 else "")
            raise InspectionError(f"{name!r} may be one of {len(found)} jobs, write more of the id:{listed}")
        raise InspectionError(
            f"there is no job {name!r} in {os.path.relpath(self.work_dir, self.directory)}/. A job is named by its id "
            "(jobs/training/TrainingJob.AbCd...), its alias, its directory, or the start of its hash (AbCd). Jobs that "
            f"were never started have no directory yet.{self._near(name)}"
        )

    def is_config(self, name: str) -> bool:
        """Whether a name is that of a function of a config (``configs/g2p.py``), and of no job."""
        module = name.partition("(")[0].rpartition(".")[0].replace(".", "/")
        return os.path.isfile(os.path.join(self.directory, f"{module}.py")) and self.job_of_path(name) is None

    def job_ids(self) -> Iterator[str]:
        """The ids of all jobs that have a directory; not those that were put aside (``.cleared.0001``)."""
        for directory, names, _ in os.walk(self.work_dir, followlinks=False):
            names[:] = [name for name in names if ".cleared." not in name]
            jobs = [name for name in names if _is_job(os.path.join(directory, name))]
            for name in jobs:
                yield os.path.relpath(os.path.join(directory, name), self.work_dir)
            names[:] = [name for name in names if name not in jobs]

    def job_directory(self, job_id: str) -> str:
        """The directory of a job."""
        return os.path.join(self.work_dir, job_id)

    def aliases(self, job_id: str) -> list[str]:
        """The aliases that lead to a job."""
        if self._aliases is None:
            self._aliases = {}
            for directory, names, files in os.walk(self.alias_dir):
                for path in (os.path.join(directory, name) for name in [*names, *files]):
                    if os.path.islink(path):
                        alias = os.path.relpath(path, self.alias_dir)
                        self._aliases.setdefault(os.path.realpath(path), []).append(alias)
        return sorted(self._aliases.get(os.path.realpath(self.job_directory(job_id)), []))

    def title(self, job_id: str) -> str:
        """What a user calls a job: its alias with its id, if it has one."""
        aliases = self.aliases(job_id)
        return f"{aliases[0]} ({job_id})" if aliases else job_id

    def job_of_path(self, path: str) -> str | None:
        """The id of the job whose directory this is, or in whose directory it stands."""
        if not os.path.exists(path):
            return None
        for candidate in (os.path.normpath(path), os.path.realpath(path)):
            relative = os.path.relpath(candidate, self.work_dir)
            if candidate == os.path.realpath(path):
                relative = os.path.relpath(candidate, os.path.realpath(self.work_dir))
            parts = relative.split(os.sep)
            for count in range(1, len(parts) + 1):
                job_id = os.path.join(*parts[:count])
                if parts[0] != ".." and _is_job(os.path.join(self.work_dir, job_id)):
                    return job_id
        return None

    def _near(self, name: str) -> str:
        ending = os.path.basename(name).partition(".")[0].lower()
        near = sorted(job_id for job_id in self.job_ids() if ending and ending in job_id.lower())[:5]
        return " There is:" + "".join(f"\n  {job_id}" for job_id in near) if near else ""


def _is_job(path: str) -> bool:
    return any(os.path.exists(os.path.join(path, name)) for name in ("job.save", "finished.tar.gz", "finished"))


def _has_prefix(job_id: str, name: str) -> bool:
    """Whether the hash of an id starts so, or the id itself from one of its parts on (``Class.hash``)."""
    if ".cleared." in job_id or ".before_" in job_id:
        return False
    name = name.rstrip("/")
    return job_id.rpartition(".")[2].startswith(name) or f"/{name}" in f"/{job_id}"
