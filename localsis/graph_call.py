"""Calls a function of the setup with the jobs that its configs ask for, under either engine; nothing is run."""

from __future__ import annotations

import importlib
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any

from .cli import choose_engine


def call_with_jobs(configs: list[str], function: str, arguments: list[str]) -> int:
    """
    Calls a function with the jobs of a graph.

    :param configs: as for the manager: ``configs/g2p.py``
    :param function: ``package.module:name``; it gets the jobs, a list, and the arguments, and gives an exit status
    :return: that
    :raises RuntimeError: if there is no such config, or no engine
    """
    if choose_engine() == "sisyphus":
        return _under_sisyphus(configs, function, arguments)
    from . import import_paths, settings
    from .config_call import ConfigError, call_config
    from .module import install
    from .outputs import registered
    from .reports import registered as reports

    install()
    settings.load(os.getcwd())
    sys.path.insert(0, settings.BASE_DIR)
    import_paths.install()
    try:
        for config in configs:
            call_config(config)
    except ConfigError as error:
        raise RuntimeError(str(error)) from error
    paths = [*registered.values(), *(path for report in reports for path in report.required)]
    jobs = list(dict.fromkeys(path.creator for path in paths if path.creator is not None))
    module, _, name = function.partition(":")
    called: Any = getattr(importlib.import_module(module), name)
    return int(called(jobs, arguments))


def _under_sisyphus(configs: list[str], function: str, arguments: list[str]) -> int:
    """In a console of Sisyphus, whose own exit status says nothing."""
    program = pathlib.Path(sys.executable).with_name("sis")
    module, _, name = function.partition(":")
    with tempfile.TemporaryDirectory() as directory:
        status = pathlib.Path(directory) / "status"
        code = (
            f"import sys; sys.path.insert(0, {os.getcwd()!r}); from {module} import {name}; "
            f"open({str(status)!r}, 'w').write(str({name}(list(tk.sis_graph.jobs()), {arguments!r})))"
        )
        subprocess.run([str(program), "console", "--script", "-c", code, *configs], check=False)
        return int(status.read_text()) if status.exists() else 1
