"""Job: what is run, with an id that is a hash of its arguments."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, cast

from . import settings, shell
from .beyond import JOB_METHODS, beyond
from .hashing import short_hash
from .paths import AbstractPath, Path, Variable, extract_paths
from .task import Task

created_jobs: dict[str, Job] = {}
"""All jobs of this process by id."""


class JobSingleton(type):
    """Makes equal arguments give the same job object."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """The job with these arguments."""
        tags = kwargs.pop("sis_tags", None)
        job_class = cast("type[Job]", cls)
        parsed = inspect.getcallargs(cls.__init__, None, *args, **kwargs)  # type: ignore[misc]
        del parsed["self"]
        job_id = f"{job_class._id_prefix()}.{job_class.hash(parsed)}"
        if job_id in created_jobs:
            return created_jobs[job_id]
        args, kwargs, parsed = copy.deepcopy((args, kwargs, parsed))
        job = job_class.__new__(job_class)
        job._sis_initialize(job_id, parsed, set(tags) if tags is not None else _tags_of(parsed))
        created_jobs[job_id] = job
        try:
            job.__init__(*args, **kwargs)  # type: ignore[misc]
        except BaseException:
            del created_jobs[job_id]
            raise
        job._sis_find_inputs(args, kwargs)
        return job


class Job(metaclass=JobSingleton):
    """Base of all jobs, as in Sisyphus."""

    __sis_hash_exclude__: dict[str, Any] = {}
    __sis_hash_overwrite__: list[tuple[str, Any, Any]] = []
    __sis_version__: Any = None

    _sis_job_id: str
    _sis_setup_directory: ClassVar[Callable[[Job], None]]
    """Makes the job's directory, by Sisyphus' name of it; :mod:`localsis.job_directory` sets it."""

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

    def _sis_initialize(self, job_id: str, parsed: dict[str, Any], tags: set[str]) -> None:
        self._sis_job_id = job_id
        self._sis_parsed = parsed
        self._sis_tags = tags
        self._sis_inputs: set[AbstractPath] = set()
        self._sis_outputs: dict[str, AbstractPath] = {}
        self._sis_directories: set[str] = set()
        self._sis_aliases: list[str] = []
        self._sis_rqmt: dict[str, tuple[dict[str, Any], bool]] = {}
        self._sis_environment: dict[str, str] = {}

    def _sis_find_inputs(self, args: tuple, kwargs: dict[str, Any]) -> None:
        """All paths in the arguments or kept as attributes, except its own outputs."""
        found = extract_paths([vars(self), args, kwargs])
        self._sis_inputs |= {path for path in found if path.creator is not self}

    # for jobs

    def tasks(self) -> Iterator[Task]:
        """What is run, in this order."""
        yield Task("run")

    def update(self) -> None:
        """Called when all inputs are there, before the tasks: may ask for more with :meth:`add_input`."""

    @property
    def tags(self) -> set[str]:
        """Words given as ``sis_tags=``, else those of its inputs."""
        return self._sis_tags

    def output_path(self, filename: str, directory: bool = False, cached: bool = False) -> Path:
        """Declares an output file or directory."""
        if filename not in self._sis_outputs:
            self._sis_outputs[filename] = Path(filename, self, cached)
        if directory:
            self._sis_directories.add(filename)
        return cast(Path, self._sis_outputs[filename])

    def output_var(self, filename: str, pickle: bool = False, backup: Any = None) -> Variable:
        """Declares an output value."""
        if filename in self._sis_outputs:
            raise ValueError(f"output {filename!r} is declared twice in {self}")
        variable = Variable(filename, self, pickle, backup)
        self._sis_outputs[filename] = variable
        return variable

    def add_input(self, path: AbstractPath) -> AbstractPath:
        """Declares a further input."""
        self._sis_inputs.add(path)
        return path

    def set_rqmt(self, task: str, rqmt: dict[str, Any]) -> Job:
        """Sets what a task needs, in place of what the job says; the last call counts."""
        self._sis_rqmt[task] = (dict(rqmt), True)
        return self

    def update_rqmt(self, task: str, rqmt: dict[str, Any]) -> Job:
        """Changes some of what a task needs; the last call counts."""
        self._sis_rqmt[task] = (dict(rqmt), False)
        return self

    def set_env(self, key: str, value: str, *, verbatim: bool = True) -> None:
        """Sets an environment variable of its tasks; ``verbatim=False``: ``$NAME`` is replaced."""
        self._sis_environment[key] = value if verbatim else settings.substitute(value)

    def set_attrs(self, attrs: dict[str, Any]) -> None:
        """Sets attributes that are not set yet: ``self.set_attrs(locals())``."""
        for key, value in attrs.items():
            if value is not self and not hasattr(self, key):
                setattr(self, key, value)

    def add_alias(self, alias: str) -> Job:
        """Adds a link ``alias/ALIAS`` to the job."""
        if alias not in self._sis_aliases:
            self._sis_aliases.append(alias)
        return self

    def set_vis_name(self, name: str) -> Job:
        """Accepted as in Sisyphus; only its web page shows it."""
        return self

    def keep_value(self, value: int | None = None) -> int | None:
        """Accepted as in Sisyphus; this engine removes nothing."""
        return value

    def set_keep_value(self, value: int) -> Job:
        """Accepted as in Sisyphus; this engine removes nothing."""
        return self

    def info(self) -> str | None:
        """What the display shows while it runs."""
        return None

    def completed_fraction(self) -> float | None:
        """How much is done, 0 to 1, while it runs."""
        return None

    def path_available(self, path: AbstractPath) -> bool:
        """Whether an output can be read already."""
        return self._sis_is_finished()

    def sh(self, command: str, **options: Any) -> str | None:
        """Runs a shell command; ``{name}`` are attributes of the job. Options are those of :func:`shell.sh`."""
        return shell.sh(command, sis_replace=vars(self), **options)

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
        return {path.creator for path in self._sis_inputs if isinstance(path.creator, Job)}

    def _sis_inputs_available(self) -> bool:
        return all(path.available() for path in self._sis_inputs)

    def _sis_update_inputs(self) -> bool:
        """Calls :meth:`update` until it asks for nothing more or for something not there; says whether it asked."""
        before = set(self._sis_inputs)
        while self._sis_inputs_available():
            known = set(self._sis_inputs)
            self.update()
            if self._sis_inputs == known:
                break
        return self._sis_inputs != before

    def _sis_is_finished(self) -> bool:
        directory = self._sis_path()
        return os.path.exists(os.path.join(directory, "finished")) or os.path.exists(directory + "/finished.tar.gz")

    def _sis_missing_outputs(self) -> list[str]:
        return [name for name, path in self._sis_outputs.items() if not os.path.exists(path.get_path())]

    def _sis_task_rqmt(self, task: Task) -> dict[str, Any]:
        rqmt, replace = self._sis_rqmt.get(task.name, ({}, False))
        return dict(rqmt) if replace else {**task.rqmt, **rqmt}

    def __deepcopy__(self, memo: dict) -> Job:
        return self

    def __getattr__(self, name: str) -> Any:
        if name in JOB_METHODS:
            raise AttributeError(beyond(f"Job.{name}"))
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __str__(self) -> str:
        place = os.path.join(settings.WORK_DIR, self._sis_job_id)
        return (
            f"Job<{os.path.join(settings.ALIAS_DIR, self._sis_aliases[0])} {place}>"
            if self._sis_aliases
            else f"Job<{place}>"
        )

    def __repr__(self) -> str:
        return str(self)


def _tags_of(parsed: dict[str, Any]) -> set[str]:
    return {tag for path in extract_paths(parsed) for tag in path.tags}
