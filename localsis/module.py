"""The module ``sisyphus`` as this engine offers it."""

from __future__ import annotations

import sys
import types
from typing import Any

from . import settings
from .job import Job
from .outputs import register_callback, register_output
from .paths import Path, Variable
from .reports import register_report
from .task import Task


class _Subset(types.ModuleType):
    """A module that says where to find what it does not have."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"{self.__name__}.{name} is not part of the embedded engine. Install Sisyphus for it: "
            "github.com/rwth-i6/sisyphus (the package called sisyphus on PyPI is another project)"
        )


def install() -> None:
    """Makes ``from sisyphus import Job, Task, tk, gs`` mean this engine, in this process."""
    toolkit = _Subset("sisyphus.toolkit")
    for value in (Path, Variable, Job, Task, register_output, register_callback, register_report):
        setattr(toolkit, value.__name__, value)
    package = _Subset("sisyphus")
    package.__path__ = []
    for name, value in {
        "Job": Job,
        "Task": Task,
        "Path": Path,
        "Variable": Variable,
        "toolkit": toolkit,
        "tk": toolkit,
        "gs": settings,
        "global_settings": settings,
    }.items():
        setattr(package, name, value)
    sys.modules["sisyphus"] = package
    sys.modules["sisyphus.toolkit"] = toolkit
    sys.modules["sisyphus.global_settings"] = settings
