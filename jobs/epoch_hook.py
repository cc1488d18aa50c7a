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
from .learning_rates import EpochData
from .training_progress import read_scores

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
    :param learning_rates: RETURNN's file of scores
    :param curves: the JSON file, which is written before
    """

    def __init__(self, hook: Callable[[str, int, str], None], name: str, learning_rates: str, curves: str):
        self.hook, self.name = hook, name
        self.learning_rates, self.curves = learning_rates, curves
        self._told_file = os.path.join(os.path.dirname(learning_rates), TOLD)
        self._told = set(_read_told(self._told_file))
        self._tried: set[int] = set()

    def __call__(self) -> None:
        self._tell(ended_epochs(read_scores(self.learning_rates)))

    def end(self) -> None:
        """All epochs with scores have ended, as the training has."""
        self._tried = set()
        self._tell({epoch for epoch, data in read_scores(self.learning_rates).items() if data.scores})

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


def ended_epochs(epochs: Mapping[int, EpochData]) -> set[int]:
    """Those with scores of the development data, and those before others that have any."""
    last = max((epoch for epoch, data in epochs.items() if data.scores), default=0)
    return {
        epoch
        for epoch, data in epochs.items()
        if data.scores and (epoch < last or any(key.startswith("dev_") for key in data.scores))
    }


def _read_told(path: str) -> list[int]:
    try:
        with open(path, encoding="utf-8") as file:
            return [int(epoch) for epoch in json.load(file)]
    except (OSError, ValueError, TypeError):
        return []


def name_of(job: Any) -> str:
    """The first alias of a job, or its id."""
    return min((str(alias) for alias in getattr(job, "_sis_aliases", None) or ()), default=str(job.job_id()))
