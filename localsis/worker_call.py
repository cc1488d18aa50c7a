"""The command that runs a task: that of this engine, or what ``worker_wrapper`` of settings.py makes of it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

from . import settings
from .settings_values import SettingsError

WRAPPER = "worker_wrapper"


def worker_call(job: Any, task_name: str, number: int) -> tuple[list[str], dict[str, str]]:
    """
    The words of the command, and what its environment is to say besides.

    A ``worker_wrapper(job, task_name, call)`` gets a call of the form that it has with Sisyphus: Python, the program
    ``sis``, ``worker``, the job's directory as seen from that of the setup, the name of the task and its number.

    :param number: which run of the task, from 1
    :raises SettingsError: if the wrapper fails, or gives no command that can be run
    """
    directory = job._sis_path()
    wrapper: Callable[[Any, str, list[str]], Any] | None = getattr(settings, WRAPPER, None)
    if wrapper is None:
        return [sys.executable, "-m", "localsis", "worker", directory, task_name, str(number)], {}
    program = os.path.join(settings.BASE_DIR, "sis")
    call = [sys.executable, program, "worker", os.path.relpath(directory, settings.BASE_DIR), task_name, str(number)]
    try:
        words = wrapper(job, task_name, call)
    except Exception as error:
        raise SettingsError(f"{WRAPPER} of settings.py, for {job.job_id()}: {type(error).__name__}: {error}") from error
    if not isinstance(words, (list, tuple)) or not words or not all(isinstance(word, str) for word in words):
        raise SettingsError(f"{WRAPPER} of settings.py gives {words!r}, which is no list of words to be run")
    if shutil.which(words[0]) is None:
        raise SettingsError(f"{WRAPPER} of settings.py gives {' '.join(words)}, but there is no program {words[0]}")
    return list(words), {"SIS_ENGINE": "embedded"}
