"""The settings of Sisyphus by name: what they are where nothing is said, and which of them this engine follows."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from .hashing import short_hash

PREFIX = "SIS_"
"""What variables of the environment begin with that are settings."""


def update_engine_rqmt(last_rqmt: dict[str, Any], last_usage: dict[str, Any]) -> dict[str, Any]:
    """What a task gets that is run again: as before, as this engine limits nothing. It is hashed with a Task."""
    return dict(last_rqmt)


DEFAULTS: dict[str, Any] = {
    "WORK_DIR": "work",
    "OUTPUT_DIR": "output",
    "ALIAS_DIR": "alias",
    "IMPORT_PATHS": ["config", "recipe", "recipe/"],
    "DEFAULT_ENVIRONMENT_SET": {},
    "RECIPE_PREFIX": "recipe",
    "SIS_HASH": short_hash,
    "JOB_OUTPUT": "output",
    "JOB_USE_TAGS_IN_PATH": False,
    "ALIAS_AND_OUTPUT_SUBDIR": "",
    "AUTO_SET_JOB_INIT_ATTRIBUTES": False,
    "DELAYED_CHECK_FOR_WORKER": False,
    "LEGACY_PATH_CONVERSION": False,
    "LEGACY_VARIABLE_CONVERSION": False,
    "RAISE_VARIABLE_NOT_SET_EXCEPTION": True,
    "update_engine_rqmt": update_engine_rqmt,
}
"""
Settings that this engine follows as Sisyphus does. The environment is this engine's own, where nothing is said of it:
tasks get all of it.
"""

KEPT_IN_ENVIRONMENT = frozenset("CUDA_VISIBLE_DEVICES HOME PWD SGE_STDERR_PATH SGE_TASK_ID TMP TMPDIR USER".split())
"""What DEFAULT_ENVIRONMENT_KEEP is where it is not set."""

FIXED: dict[str, Any] = {
    "JOB_INPUT": "input",
    "JOB_LOG": "log",
    "JOB_LOG_ENGINE": "engine",
    "JOB_SAVE": "job.save",
    "JOB_WORK_DIR": "work",
    "JOB_FINISHED_MARKER": "finished",
    "JOB_FINISHED_ARCHIVE": "finished.tar.gz",
    "JOB_INFO": "info",
    "ENGINE_LOG": "log",
    "ENGINE_SUBMIT": "submit_log",
    "PLOGGING_FILE": "usage",
    "STATE_INPUT_PATH": "input_path",
    "STATE_INPUT_MISSING": "input_missing",
    "STATE_WAITING": "waiting",
    "STATE_RUNNABLE": "runnable",
    "STATE_HOLD": "hold",
    "STATE_INTERRUPTED_RESUMABLE": "interrupted_resumable",
    "STATE_INTERRUPTED_NOT_RESUMABLE": "interrupted_not_resumable",
    "STATE_ERROR": "error",
    "STATE_FINISHED": "finished",
    "STATE_QUEUE": "queue",
    "STATE_QUEUE_ERROR": "queue_error",
    "STATE_RUNNING": "running",
    "STATE_UNKNOWN": "unknown",
    "STATE_RETRY_ERROR": "retry_error",
    "CMD_WORKER": "worker",
    "TEAM_SHARE_DIR": None,
    "INCLUDE_CREATOR_STATE": False,
}
"""Settings that change files of jobs or what is run, and that this engine has at these values alone."""

NOT_HERE = ("SIS_COMMAND", "on_job_failure", "on_job_finished")
"""Settings that change what is run, and that only Sisyphus has."""


_TEXTS = ("WORK_DIR", "OUTPUT_DIR", "ALIAS_DIR", "RECIPE_PREFIX", "JOB_OUTPUT", "ALIAS_AND_OUTPUT_SUBDIR")


class SettingsError(RuntimeError):
    """A setting that this engine cannot follow, for the user."""


def defaults() -> dict[str, Any]:
    """All settings as they are where nothing is said, for a settings file to change."""
    return {**copy.deepcopy(DEFAULTS), **FIXED}


def check(values: Mapping[str, Any], base_dir: str) -> None:
    """
    :raises SettingsError: for a setting that changes ids, paths or what is run in a way that this engine has not
    """
    for name, value in FIXED.items():
        if values.get(name, value) != value:
            raise SettingsError(_refused(name, values[name], f"It has {name} = {value!r} alone"))
    if values.get("BASE_DIR", base_dir) != base_dir:
        raise SettingsError(_refused("BASE_DIR", values["BASE_DIR"], f"Start it in that directory; this is {base_dir}"))
    for name in NOT_HERE:
        if name in values:
            raise SettingsError(_refused(name, values[name], "It runs tasks itself, and calls nothing of that kind"))
    for name in _TEXTS:
        if not isinstance(values[name], str):
            raise SettingsError(f"the setting {name} is {values[name]!r}, which is no str: it is part of paths or ids")
    if not callable(values["SIS_HASH"]):
        raise SettingsError(f"SIS_HASH is {values['SIS_HASH']!r}, which is no function: no id can be made with it")


def _refused(name: str, value: Any, what: str) -> str:
    return (
        f"the settings say {name} = {value!r} (in settings.py, as {PREFIX}{name} in the environment, or as gs.{name} "
        f"in a config), which the embedded engine cannot follow. {what}. Remove the setting, or install Sisyphus: "
        "github.com/rwth-i6/sisyphus"
    )
