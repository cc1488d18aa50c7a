"""
The hook ``when_epoch_ends`` of settings.py: for MLflow and other trackers of experiments.

It is called in the task of the training, on either engine of jobs, once for each epoch.
"""

from __future__ import annotations

import importlib
import json
import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from .atomic_file import write_json

HOOK = "when_epoch_ends"
TOLD = "epochs_told.json"
"""Beside the file of scores: the epochs that it was called for."""


def hook_of_settings() -> Callable[[str, int, str], None] | None:
    """The function of settings.py; None if there is none."""
    settings = importlib.import_module("sisyphus.global_settings")
    hook: Callable[[str, int, str], None] | None = getattr(settings, HOOK, None)
    return hook


class EpochHook:
    """
    Called, it calls the hook for each epoch that has ended since; an epoch for which it fails is told again with the
    next one. A training that goes on tells no epoch twice.

    :param hook: what is called with the name of the job, the epoch, and the path of its learning curves as JSON
    :param name: of the job: its alias, or its id
    :param curves: that file; may be missing. What it says is what is told, though RETURNN may know more by then
    """

    def __init__(self, hook: Callable[[str, int, str], None], name: str, curves: str):
        self.hook, self.name, self.curves = hook, name, curves
        self._told_file = os.path.join(os.path.dirname(curves), TOLD)
        self._told = {int(epoch) for epoch in _read(self._told_file, [])}
        self._tried: set[int] = set()

    def __call__(self) -> None:
        self._tell(ended_epochs(_read(self.curves, {})))

    def end(self) -> None:
        """All epochs with scores have ended, as the training has."""
        self._tried = set()
        self._tell({int(epoch) for epoch in _read(self.curves, {})})

    def _tell(self, ended: set[int]) -> None:
        if ended <= self._told | self._tried:
            return
        self._tried |= ended
        for epoch in sorted(ended - self._told):
            try:
                self.hook(self.name, epoch, self.curves)
            except Exception:  # as of a server that is not there, which must not end a training
                print(f"{HOOK} of settings.py, epoch {epoch}: {traceback.format_exc()}", flush=True)
                return
            self._told.add(epoch)
            write_json(self._told_file, sorted(self._told))


def ended_epochs(curves: Mapping[str, Any]) -> set[int]:
    """
    Those with scores of the development data, and those before others.

    :param curves: as of :func:`jobs.learning_curves.curves_json`
    """
    last = max(map(int, curves), default=0)
    return {
        int(epoch)
        for epoch, data in curves.items()
        if int(epoch) < last or any(key.startswith("dev_") for key in data["scores"])
    }


def _read(path: str, default: Any) -> Any:
    """The content of a JSON file; where it is not there, or damaged, something else."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return default


def name_of(job: Any) -> str:
    """The first alias of a job, or its id."""
    return min((str(alias) for alias in getattr(job, "_sis_aliases", None) or ()), default=str(job.job_id()))
