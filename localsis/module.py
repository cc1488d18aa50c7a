"""The module ``sisyphus`` as this engine offers it."""

from __future__ import annotations

import sys
import types
from typing import Any

from . import delayed, settings
from .beyond import ModulesBeyond, beyond
from .job import Job
from .job_file import load_job
from .outputs import register_callback, register_output
from .paths import AbstractPath, Path, Variable
from .relative_paths import RelPath, setup_path
from .reports import register_report
from .settings_file import hash_functions
from .task import Task


def _subset(name: str, **parts: Any) -> types.ModuleType:
    """A module that says where to find what it does not have."""

    def beyond_it(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise AttributeError(beyond(f"{name}.{attribute}"))

    module = types.ModuleType(name)
    vars(module).update({**parts, "__getattr__": beyond_it})
    return module


def install() -> None:
    """Makes ``from sisyphus import Job, Task, tk, gs`` mean this engine, in this process."""
    own = (AbstractPath, Path, RelPath, Variable, Job, Task, delayed.Delayed, setup_path)
    functions = {
        value.__name__: value for value in (*own, load_job, register_output, register_callback, register_report)
    }
    toolkit = _subset("sisyphus.toolkit", gs=settings, **functions)
    hashes = _subset("sisyphus.hash", **hash_functions())
    package = _subset(
        "sisyphus",
        __path__=[],
        Job=Job,
        Task=Task,
        Path=Path,
        setup_path=setup_path,
        toolkit=toolkit,
        tk=toolkit,
        gs=settings,
        global_settings=settings,
        hash=hashes,
    )
    sys.modules["sisyphus"] = package
    sys.modules["sisyphus.toolkit"] = toolkit
    sys.modules["sisyphus.hash"] = hashes
    sys.modules["sisyphus.global_settings"] = settings
    sys.modules["sisyphus.delayed_ops"] = delayed
    if not any(isinstance(finder, ModulesBeyond) for finder in sys.meta_path):
        sys.meta_path.append(ModulesBeyond())
