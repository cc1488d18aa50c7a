"""Job: what is run, with an id that is a hash of its arguments."""

from __future__ import annotations

import copy
import gzip
import inspect
import os
import pickle
import subprocess
from collections.abc import Iterator
from typing import Any, cast

from . import settings
from .hashing import short_hash
from .paths import Path, Variable, extract_paths
from .task import Task

created_jobs: dict[str, Job] = {}
"""All jobs of this process by id."""


class JobSingleton(type):
    """Makes equal arguments give the same job object."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """The job with these arguments."""
        kwargs.pop("sis_tags", None)
        job_class = cast("type[Job]", cls)
        parsed = inspect.getcallargs(cls.__init__, None, *args, **kwargs)  # type: ignore[misc]
        del parsed["self"]
        job_id = f"{job_class._id_prefix()}.{job_class.hash(parsed)}"
        if job_id in created_jobs:
            return created_jobs[job_id]
        args, kwargs, parsed = copy.deepcopy((args, kwargs, parsed))
        job = job_class.__new__(job_class)
        job._sis_initialize(job_id, args, kwargs, parsed)
        created_jobs[job_id] = job
        try:
            job.__init__(*args, **kwargs)  # type: ignore[misc]
        except BaseException:
            del created_jobs[job_id]
            raise
        return job


class Job(metaclass=JobSingleton):
    """Base of all jobs, as in Sisyphus."""

    __sis_hash_exclude__: dict[str, Any] = {}
    __sis_hash_overwrite__: list[tuple[str, Any, Any]] = []
    __sis_version__: Any = None

    _sis_job_id: str

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        """The hash of the arguments; those that equal their entry in ``__sis_hash_exclude__`` do not count."""
        hashed = {
            key: value
            for key, value in parsed_args.items()
            if not (key in cls.__sis_hash_exclude__ and cls.__sis_hash_exclude__[key] == value)
        }
        for key, old, new in cls.__sis_hash_overwrite__:
            if key in hashed and hashed[key] == old:
                hashed[key] = new
        return short_hash(hashed if cls.__sis_version__ is None else (hashed, cls.__sis_version__))

    @classmethod
    def _id_prefix(cls) -> str:
        module = cls.__module__.replace(".", "/")
        return f"{module.removeprefix('recipe/')}/{cls.__name__}"

    def _sis_initialize(self, job_id: str, args: tuple, kwargs: dict[str, Any], parsed: dict[str, Any]) -> None:
        self._sis_job_id = job_id
        self._sis_parsed = parsed
        self._sis_inputs = extract_paths([args, kwargs])
        self._sis_outputs: dict[str, Path] = {}
        self._sis_directories: set[str] = set()
        self._sis_aliases: list[str] = []
        self._sis_rqmt: dict[str, dict[str, Any]] = {}

    # for jobs

    def tasks(self) -> Iterator[Task]:
        """What is run, in this order."""
        raise TypeError(f"{type(self).__name__} does not define tasks()")

    def output_path(self, filename: str, directory: bool = False, cached: bool = False) -> Path:
        """Declares an output file or directory."""
        if filename not in self._sis_outputs:
            self._sis_outputs[filename] = Path(filename, self, cached)
        if directory:
            self._sis_directories.add(filename)
        return self._sis_outputs[filename]

    def output_var(self, filename: str, pickle: bool = False, backup: Any = None) -> Variable:
        """Declares an output value."""
        if filename in self._sis_outputs:
            raise ValueError(f"output {filename!r} is declared twice in {self}")
        variable = Variable(filename, self, pickle, backup)
        self._sis_outputs[filename] = variable
        return variable

    def add_input(self, path: Path) -> Path:
        """Declares a further input."""
        self._sis_inputs.add(path)
        return path

    def set_rqmt(self, task: str, rqmt: dict[str, Any]) -> Job:
        """Sets what a task needs."""
        self._sis_rqmt[task] = dict(rqmt)
        return self

    def update_rqmt(self, task: str, rqmt: dict[str, Any]) -> Job:
        """Changes some of what a task needs."""
        self._sis_rqmt[task] = {**self._sis_rqmt.get(task, {}), **rqmt}
        return self

    def add_alias(self, alias: str) -> Job:
        """Adds a link ``alias/ALIAS`` to the job."""
        if alias not in self._sis_aliases:
            self._sis_aliases.append(alias)
        return self

    def set_vis_name(self, name: str) -> Job:
        """Accepted as in Sisyphus; only its web page shows it."""
        return self

    def keep_value(self, value: int) -> Job:
        """Accepted as in Sisyphus; this engine removes nothing."""
        return self

    def info(self) -> str | None:
        """What the display shows while it runs."""
        return None

    def completed_fraction(self) -> float | None:
        """How much is done, 0 to 1, while it runs."""
        return None

    def path_available(self, path: Path) -> bool:
        """Whether an output can be read already."""
        return self._sis_is_finished()

    def sh(self, command: str, *args: Any, **kwargs: str) -> None:
        """Runs a shell command; ``{name}`` are attributes of the job."""
        text = command.format(*args, **{**vars(self), **kwargs})
        subprocess.check_call(["/bin/bash", "-c", f"set -e -u -o pipefail; {text}"], stdin=subprocess.DEVNULL)

    def job_id(self) -> str:
        """The id: module, class and hash."""
        return self._sis_job_id

    # for the engine

    def _sis_id(self) -> str:
        return self._sis_job_id

    def _sis_hash(self) -> bytes:
        return self._sis_job_id.encode()

    def _sis_path(self, *parts: str) -> str:
        return os.path.join(settings.work_dir(), self._sis_job_id, *parts)

    def _sis_input_jobs(self) -> set[Job]:
        return {path.creator for path in self._sis_all_inputs() if path.creator is not None}

    def _sis_all_inputs(self) -> set[Path]:
        paths = self._sis_inputs | extract_paths({k: v for k, v in vars(self).items() if not k.startswith("_sis_")})
        return {path for path in paths if path.creator is not self}

    def _sis_is_finished(self) -> bool:
        directory = self._sis_path()
        return os.path.exists(os.path.join(directory, "finished")) or os.path.exists(directory + "/finished.tar.gz")

    def _sis_missing_outputs(self) -> list[str]:
        return [name for name, path in self._sis_outputs.items() if not os.path.exists(path.get_path())]

    def _sis_task_rqmt(self, task: Task) -> dict[str, Any]:
        return {**task.rqmt, **self._sis_rqmt.get(task.name, {})}

    def _sis_setup_directory(self) -> None:
        for part in ("output", "work", "input", "engine"):
            os.makedirs(self._sis_path(part), exist_ok=True)
        for name in self._sis_directories:
            os.makedirs(self._sis_path("output", name), exist_ok=True)
        for name in self._sis_outputs:
            os.makedirs(os.path.dirname(self._sis_path("output", name)), exist_ok=True)
        for job in self._sis_input_jobs():
            link(job._sis_path(), self._sis_path("input", job._sis_job_id.replace("/", "_")))
        with gzip.open(self._sis_path("job.save.part"), "wb") as file:
            pickle.dump(self, file, protocol=4)
        os.replace(self._sis_path("job.save.part"), self._sis_path("job.save"))
        with open(self._sis_path("info"), "w", encoding="utf-8") as text:
            lines = [f"INPUT: {path.get_path()}" for path in self._sis_all_inputs()]
            lines += [f"PARAMETER: {key}: {value}" for key, value in self._sis_parsed.items()]
            lines += [f"ALIAS: {alias}" for alias in self._sis_aliases]
            text.write("\n".join(sorted(lines)) + "\n")

    def __deepcopy__(self, memo: dict) -> Job:
        return self

    def __repr__(self) -> str:
        return f"Job<{self._sis_job_id}>"


def link(target: str, name: str) -> None:
    """Makes a symbolic link, replacing one that leads elsewhere; never replaces a real file."""
    if os.path.islink(name):
        if os.readlink(name) == target:
            return
        os.remove(name)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    os.symlink(target, name)
