"""The module ``sisyphus`` in processes that check networks: the package of its name, or the embedded engine."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping

_VARIABLE = "CHECK_ENGINE_OF_JOBS"
"""In the environment: the package that has to install the module; empty, where it is a package of its own."""


def engine_environment() -> Mapping[str, str]:
    """What the environment of such a process says of the engine of this one."""
    from sisyphus import tk

    package = tk.Path.__module__.partition(".")[0]
    return {_VARIABLE: "" if package == "sisyphus" else package}


def install_engine() -> None:
    """Makes ``sisyphus`` in this process be what it is in the one that started it."""
    if os.environ.get(_VARIABLE):
        importlib.import_module(os.environ[_VARIABLE]).install()
