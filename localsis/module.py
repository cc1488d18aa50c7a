"""The module ``sisyphus`` as this engine offers it."""

from __future__ import annotations

import sys
import types
from typing import Any

from . import delayed, settings
from .beyond import ModulesBeyond, beyond
from .job import Job
from .outputs import register_callback, register_output
from .paths import AbstractPath, Path, RelPath, Variable, setup_path
from .reports import register_report
from .task import Task


class _Subset(types.ModuleType):
    """A module that says where to find what it does not have."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(beyond(f"{self.__name__}.{name}"))


def install() -> None:
    """Makes ``from sisyphus import Job, Task, tk, gs`` mean this engine, in this process."""
    toolkit = _Subset("sisyphus.toolkit")
    own = (AbstractPath, Path, RelPath, Variable, Job, Task, delayed.Delayed, setup_path)
    for value in (*own, register_output, register_callback, register_report):
        setattr(toolkit, value.__name__, value)
    toolkit.gs = settings  # type: ignore[attr-defined]
    package = _Subset("sisyphus")
    package.__path__ = []
    for name, part in {
        "Job": Job,
        "Task": Task,
        "Path": Path,
        "setup_path": setup_path,
        "toolkit": toolkit,
        "tk": toolkit,
        "gs": settings,
        "global_settings": settings,
    }.items():
        setattr(package, name, part)
    sys.modules["sisyphus"] = package
    sys.modules["sisyphus.toolkit"] = toolkit
    sys.modules["sisyphus.global_settings"] = settings
    sys.modules["sisyphus.delayed_ops"] = delayed
    if not any(isinstance(finder, ModulesBeyond) for finder in sys.meta_path):
        sys.meta_path.append(ModulesBeyond())
