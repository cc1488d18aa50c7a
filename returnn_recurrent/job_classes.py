"""
Job ids that do not depend on how this project is imported.

An id begins with the module of the job's class (``jobs/training/TrainingJob.HASH``). So a class that is loaded as
``returnn_recurrent.jobs.training`` says that its module is ``jobs.training``. Workers find it all the same, whatever
``jobs.training`` is in their setup: a saved job names its class by :func:`job_class`.
"""

from __future__ import annotations

import copyreg
import importlib
import inspect
from types import ModuleType
from typing import Any

_PACKAGE = __name__.partition(".")[0]
_KEPT: set[type] = set()


def keep_ids(module: ModuleType) -> None:
    """Gives the job classes of a module the name of their module in the project, and a way to be pickled."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and _is_job_class(value):
            value.__module__ = module.__name__.removeprefix(f"{_PACKAGE}.")
            _KEPT.add(value)
            copyreg.pickle(type(value), _reduce)  # type: ignore[arg-type]


def job_class(module: str, name: str) -> Any:
    """The class of a saved job; the module is named as in the project itself."""
    return getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)


def _is_job_class(value: type) -> bool:
    return any(
        base.__name__ == "JobSingleton" for base in inspect.getmro(type(value))
    )  # of Sisyphus, or the embedded engine


def _reduce(value: type) -> str | tuple[Any, ...]:
    """How pickle names a job class; those of others it names as it always does."""
    return (job_class, (value.__module__, value.__qualname__)) if value in _KEPT else value.__qualname__
