"""
What is saved of a job, by the names that Sisyphus gives it: its workers read what this engine wrote, and the other way
round.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from . import settings

_NAMES = {
    "_sis_job_id": "_sis_id_cache",
    "_sis_parsed": "_sis_kwargs",
    "_sis_rqmt": "_sis_task_rqmt_overwrite",
}
"""Attributes of this engine's jobs by those of Sisyphus' jobs that are the same."""

_ENVIRONMENT_KEPT = frozenset(
    {"CUDA_VISIBLE_DEVICES", "HOME", "PWD", "SGE_STDERR_PATH", "SGE_TASK_ID", "TMP", "TMPDIR", "USER"}
)
"""What Sisyphus keeps of the environment of a task, if its settings do not say otherwise."""


class EnvironmentModifier:
    """
    How Sisyphus makes the environment of a task; saved as the class of this name in ``sisyphus.tools``.

    :ivar cleanup_env: whether all else is removed
    :ivar keep_vars: names of what is kept then
    :ivar set_vars: what is set, with ``$NAME`` replaced
    :ivar set_vars_verbatim: what is set as it is
    """

    def __init__(self, own: Mapping[str, str]):
        self.cleanup_env = bool(getattr(settings, "CLEANUP_ENVIRONMENT", True))
        self.keep_vars = set(getattr(settings, "DEFAULT_ENVIRONMENT_KEEP", _ENVIRONMENT_KEPT))
        self.set_vars = dict(settings.DEFAULT_ENVIRONMENT_SET)
        self.set_vars_verbatim = dict(own)

    def own(self) -> dict[str, str]:
        """What the job itself sets, which is not of the settings."""
        plain = {
            name: settings.substitute(str(value))
            for name, value in self.set_vars.items()
            if settings.DEFAULT_ENVIRONMENT_SET.get(name) != value
        }
        return {**plain, **self.set_vars_verbatim}


def as_sisyphus(state: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a job as those of a job of Sisyphus."""
    found = {_NAMES.get(name, name): value for name, value in state.items() if name != "_sis_directories"}
    outputs = state["_sis_outputs"]
    found.update(
        _sis_aliases=set(state["_sis_aliases"]) or None,
        _sis_alias_prefixes=set(state.get("_sis_alias_prefixes", {""})),
        _sis_vis_name=None,
        _sis_output_dirs={outputs[name] for name in state["_sis_directories"]},
        _sis_keep_value=None,
        _sis_hold_job=False,
        _sis_is_finished=False,
        _sis_finished_recent_check_time=float("-inf"),
        _sis_setup_since_restart=False,
        _sis_environment=EnvironmentModifier(state["_sis_environment"]),
        _sis_quiet=False,
        _sis_needed_for_which_targets=set(),
        _sis_stacktrace=[],
    )
    return found


def from_sisyphus(state: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a job of this engine: of one that either engine saved, or an earlier version of this one."""
    if "_sis_id_cache" not in state:
        return dict(state)
    back = {theirs: ours for ours, theirs in _NAMES.items()}
    found = {back.get(name, name): value for name, value in state.items()}
    outputs = {name: os.path.normpath(path.get_path()) for name, path in state["_sis_outputs"].items()}
    directories = {os.path.normpath(path.get_path()) for path in found.pop("_sis_output_dirs", ())}
    environment = state.get("_sis_environment")
    found.update(
        _sis_aliases=sorted(state.get("_sis_aliases") or ()),
        _sis_directories={name for name, path in outputs.items() if path in directories},
        _sis_environment=environment.own() if environment is not None else {},
    )
    return found
