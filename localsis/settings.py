"""Where this setup is, and what its settings.py and the variables ``SIS_NAME`` of the environment say."""

from __future__ import annotations

import os
import string
from typing import Any

from .beyond import beyond
from .settings_file import read
from .settings_values import DEFAULTS, FIXED, KEPT_IN_ENVIRONMENT, NOT_HERE, check

BASE_DIR = os.path.abspath(".")
WORK_DIR: str = DEFAULTS["WORK_DIR"]
OUTPUT_DIR: str = DEFAULTS["OUTPUT_DIR"]
ALIAS_DIR: str = DEFAULTS["ALIAS_DIR"]
IMPORT_PATHS: list[str] = DEFAULTS["IMPORT_PATHS"]
DEFAULT_ENVIRONMENT_SET: dict[str, Any] = DEFAULTS["DEFAULT_ENVIRONMENT_SET"]
RECIPE_PREFIX: str = DEFAULTS["RECIPE_PREFIX"]
SIS_HASH: Any = DEFAULTS["SIS_HASH"]
JOB_OUTPUT: str = DEFAULTS["JOB_OUTPUT"]
JOB_USE_TAGS_IN_PATH: bool = DEFAULTS["JOB_USE_TAGS_IN_PATH"]
ALIAS_AND_OUTPUT_SUBDIR: str = DEFAULTS["ALIAS_AND_OUTPUT_SUBDIR"]
AUTO_SET_JOB_INIT_ATTRIBUTES: bool = DEFAULTS["AUTO_SET_JOB_INIT_ATTRIBUTES"]
DELAYED_CHECK_FOR_WORKER: bool = DEFAULTS["DELAYED_CHECK_FOR_WORKER"]
LEGACY_PATH_CONVERSION: bool = DEFAULTS["LEGACY_PATH_CONVERSION"]
LEGACY_VARIABLE_CONVERSION: bool = DEFAULTS["LEGACY_VARIABLE_CONVERSION"]
RAISE_VARIABLE_NOT_SET_EXCEPTION: bool = DEFAULTS["RAISE_VARIABLE_NOT_SET_EXCEPTION"]
update_engine_rqmt: Any = DEFAULTS["update_engine_rqmt"]

_given: dict[str, Any] = {}
"""All that settings.py and the environment define, also what is the setup's own."""

_in_worker = False
_base_dir = BASE_DIR


def __getattr__(name: str) -> Any:
    """What settings.py defines for itself, and what is the same in each setup."""
    if name in _given:
        return _given[name]
    if name in FIXED:
        return FIXED[name]
    raise AttributeError(name if name.startswith("__") else beyond(f"sisyphus.global_settings.{name}"))


def work_dir() -> str:
    """The absolute path of the work directory."""
    return os.path.join(BASE_DIR, WORK_DIR)


def load(base_dir: str, *, for_sisyphus: bool = False) -> None:
    """
    Takes over the setup in a directory: its settings files, then the environment, as Sisyphus reads them.

    :param for_sisyphus: whether it is Sisyphus that will run the jobs, so that any setting can be followed
    :raises SettingsError: for a setting that this engine cannot follow and that changes ids, paths or what is run
    """
    own = globals()
    own["BASE_DIR"] = own["_base_dir"] = os.path.abspath(base_dir)
    values = read(BASE_DIR)
    if not for_sisyphus:
        check(values, BASE_DIR)
    own.update({name: values[name] for name in DEFAULTS})
    known = {*DEFAULTS, *FIXED}
    _given.clear()
    _given.update({name: value for name, value in values.items() if not name.startswith("_") and name not in known})


def check_changes() -> None:
    """
    Checks what a config has set, as ``gs.NAME = ...``.

    :raises SettingsError: for a setting that this engine cannot follow
    """
    own = globals()
    check({name: own[name] for name in (*DEFAULTS, *FIXED, *NOT_HERE, "BASE_DIR") if name in own}, _base_dir)


def enter_worker() -> None:
    """Says that this process runs a task: values of variables may be read."""
    global _in_worker
    _in_worker = True


def cached(path: str) -> str:
    """Where a file is that a path with ``cached=True`` names: in a task, what ``file_caching`` of settings.py says."""
    return str(_given["file_caching"](path)) if _in_worker and "file_caching" in _given else path


def check_values_may_be_read(value: Any) -> None:
    """
    :raises RuntimeError: if DELAYED_CHECK_FOR_WORKER is set and this is not a task's process
    """
    if DELAYED_CHECK_FOR_WORKER and not _in_worker:
        raise RuntimeError(
            f"get() of a {type(value).__name__} is called while the graph is written, which DELAYED_CHECK_FOR_WORKER "
            "in settings.py forbids: give the job the path or variable itself, and call get() in its task"
        )


def task_environment() -> dict[str, str]:
    """
    The environment of tasks: this one with DEFAULT_ENVIRONMENT_SET, unless CLEANUP_ENVIRONMENT is False.

    Where the settings say CLEANUP_ENVIRONMENT = True or name DEFAULT_ENVIRONMENT_KEEP, only what that names is kept.
    """
    clean = _given.get("CLEANUP_ENVIRONMENT")
    if clean is not None and not clean:
        return dict(os.environ)
    kept = _given.get("DEFAULT_ENVIRONMENT_KEEP", KEPT_IN_ENVIRONMENT if clean else None)
    environment = {
        name: value
        for name, value in os.environ.items()
        if kept is None or name in kept or name.startswith("SIS_")  # which the worker reads
    }
    for name, value in DEFAULT_ENVIRONMENT_SET.items():
        environment[name] = substitute(str(value))
    return environment


def substitute(text: str) -> str:
    """The text with values of this environment in place of ``$NAME``."""
    return string.Template(text).safe_substitute(os.environ)
