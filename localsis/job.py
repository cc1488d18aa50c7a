"""Job: what is run, with an id that is a hash of its arguments."""

from __future__ import annotations

import copyreg
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, cast

from . import job_arguments, settings, shell
from .beyond import JOB_METHODS, beyond
from .inputs import all_paths, extract_paths
from .job_state import as_sisyphus, from_sisyphus
from .paths import AbstractPath, Path, Variable
from .task import Task

created_jobs: dict[str, Job] = {}
"""All jobs of this process by id."""

_LOG = logging.getLogger("localsis")


class JobSingleton(type):
    """Makes equal arguments give the same job object."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """
        The job with these arguments.

        :raises TypeError: for arguments of which no id can be made, or of which it cannot be known whether they hold
            paths
        """
        job_class = cast("type[Job]", cls)
        tags = job_arguments.take_tags(job_class, kwargs)
        parsed = job_arguments.by_name(job_class, args, kwargs)
        with job_arguments.explained(job_class, parsed):
            job_id = f"{job_class._id_prefix()}.{job_arguments.checked_hash(job_class, parsed)}"
            if tags is None:
                tags = {tag for path in extract_paths(parsed) for tag in path.tags}
        if job_id not in created_jobs:
            created_jobs[job_id] = job_class._make(job_id, tags, *job_arguments.copied(job_class, args, kwargs, parsed))
        job = created_jobs[job_id]
        job._sis_alias_prefixes.add(settings.ALIAS_AND_OUTPUT_SUBDIR)
        return job


class Job(metaclass=JobSingleton):
    """Base of all jobs, as in Sisyphus."""

    __sis_hash_exclude__: dict[str, Any] = {}
    __sis_hash_overwrite__: list[tuple[str, Any, Any]] = []
    __sis_version__: Any = None

    _sis_job_id: str
    _sis_setup_directory: ClassVar[Callable[[Job], None]]
    """Makes the job's directory, by Sisyphus' name of it; :mod:`localsis.job_directory` sets it."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """An empty job. As it takes any arguments, a job without ``__init__`` may have some, as in Sisyphus."""
        return object.__new__(cls)

    @classmethod
    def _make(cls, job_id: str, tags: Any, args: tuple, kwargs: dict[str, Any], parsed: dict[str, Any]) -> Job:
        job = object.__new__(cls)
        job._sis_initialize(job_id, parsed, tags)
        if settings.AUTO_SET_JOB_INIT_ATTRIBUTES:
            job.set_attrs(parsed)
        job.__init__(*args, **kwargs)  # type: ignore[misc]
        with job_arguments.explained(cls, {**parsed, **{f"self.{name}": value for name, value in vars(job).items()}}):
            found = all_paths([vars(job), args, kwargs])
        job._sis_inputs |= {path for path in found if path.creator is not job}
        for path in job._sis_inputs:
            if not isinstance(path, AbstractPath):  # something else that says it is one: Sisyphus tells it its users
                path.add_user(job)
        return job

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        """The hash of the arguments; those that equal their entry in ``__sis_hash_exclude__`` do not count."""
        hashed = {
            key: value
            for key, value in parsed_args.items()
            if key not in cls.__sis_hash_exclude__ or cls.__sis_hash_exclude__[key] != value
        }
        for key, old, new in cls.__sis_hash_overwrite__:
            if key in hashed and hashed[key] == old:
                hashed[key] = new
        return cast(str, settings.SIS_HASH(hashed if cls.__sis_version__ is None else (hashed, cls.__sis_version__)))

    @classmethod
    def _id_prefix(cls) -> str:
        module = cls.__module__.removeprefix(f"{settings.RECIPE_PREFIX}.")
        return os.path.join(module.replace(".", "/"), cls.__name__)

    def _sis_initialize(self, job_id: str, parsed: dict[str, Any], tags: Any) -> None:
        self._sis_job_id = job_id
        self._sis_parsed = parsed
        self._sis_tags = tags
        self._sis_inputs: set[AbstractPath] = set()
        self._sis_outputs: dict[str, AbstractPath] = {}
        self._sis_directories: set[str] = set()
        self._sis_aliases: list[str] = []
        self._sis_alias_prefixes: set[str] = set()
        self._sis_rqmt: dict[str, tuple[dict[str, Any], bool]] = {}
        self._sis_environment: dict[str, str] = {}

    # for jobs

    def tasks(self) -> Iterator[Task]:
        """What is run, in this order."""
        yield Task("run")

    def update(self) -> None:
        """Called when all inputs are there, before the tasks: may ask for more with :meth:`add_input`."""

    @property
    def tags(self) -> Any:
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
        """Sets attributes that are not set yet: ``self.set_attrs(locals())``. Of others it says that it does not."""
        for key, value in attrs.items():
            if key == "self" and value is self:
                continue
            if hasattr(self, key):
                _LOG.warning(f"{self}: the attribute {key} is there already, set_attrs() does not make it {value!s}")
            else:
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

    def may_be_removed(self, output: str) -> bool:
        """Whether the job stays finished without an output; by Sisyphus it does so without any."""
        return False

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

    def _sis_directory(self) -> str:
        """Its directory relative to the setup: its id, with its tags where JOB_USE_TAGS_IN_PATH says so."""
        tags = f".{'.'.join(sorted(self._sis_tags))}"[:80] if settings.JOB_USE_TAGS_IN_PATH and self._sis_tags else ""
        return os.path.join(settings.WORK_DIR, f"{self._sis_job_id}{tags}")

    def _sis_path(self, *parts: str) -> str:
        return os.path.join(settings.BASE_DIR, self._sis_directory(), *parts)

    def _sis_all_aliases(self) -> list[str]:
        """Its aliases below each ALIAS_AND_OUTPUT_SUBDIR with which it was asked for."""
        return [os.path.join(prefix, alias) for prefix in self._sis_output_prefixes() for alias in self._sis_aliases]

    def _sis_output_prefixes(self) -> list[str]:
        return sorted(self.__dict__.get("_sis_alias_prefixes") or {""})

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
        """Names of outputs that are not there, but for those that the job says somebody may have removed."""
        gone = [name for name, path in self._sis_outputs.items() if not os.path.exists(path.get_path())]
        return [name for name in gone if not self.may_be_removed(name)] if gone else []

    def _sis_task_rqmt(self, task: Task) -> dict[str, Any]:
        rqmt, replace = self._sis_rqmt.get(task.name, ({}, False))
        return dict(rqmt) if replace else {**task.rqmt, **rqmt}

    def __deepcopy__(self, memo: dict) -> Job:
        return self

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self), self._sis_job_id), as_sisyphus(vars(self))  # type: ignore[attr-defined]

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(from_sisyphus(state))

    def __getattr__(self, name: str) -> Any:
        if name in JOB_METHODS:
            raise AttributeError(beyond(f"Job.{name}"))
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._sis_job_id == other._sis_job_id  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(vars(self).get("_sis_job_id"))  # None while pickle has not filled it yet

    def __lt__(self, other: Any) -> bool:
        return isinstance(other, Job) and self._sis_job_id < other._sis_job_id

    def __gt__(self, other: Any) -> bool:
        return isinstance(other, Job) and self._sis_job_id > other._sis_job_id

    def __str__(self) -> str:
        aliases = self._sis_all_aliases()
        place = self._sis_directory()
        return f"Job<{os.path.join(settings.ALIAS_DIR, aliases[0])} {place}>" if aliases else f"Job<{place}>"

    def __repr__(self) -> str:
        return str(self)
