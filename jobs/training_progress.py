"""How far a training is, from its checkpoints, its learning-rate file and the end of its log."""

from __future__ import annotations

import functools
import os
import re
from typing import NamedTuple

from .checkpoint import complete_epochs
from .learning_rates import EpochData, read_learning_rates
from .read_when_changed import ReadWhenChanged

_TAIL = 4000  # bytes of the log: the last step's line stands within


class TrainingProgress(NamedTuple):
    """
    :ivar done: the last epoch that has a checkpoint; 0 if none has
    :ivar within: how much of the next one is done, 0 to 1
    :ivar num_epochs: how many are wanted
    :ivar scores: of the last epoch that has scores
    :ivar seconds_left: by the time that epochs took so far; None if nothing is known yet
    """

    done: int
    within: float
    num_epochs: int
    scores: dict[str, float]
    seconds_left: float | None

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        return max(0.0, min(1.0, (self.done + self.within) / self.num_epochs))

    def text(self) -> str | None:
        """One line for people; None before anything is done."""
        if not self.done and not self.within:
            return None
        if self.done >= self.num_epochs:
            parts = [f"all {self.num_epochs} epochs done"]
        else:
            parts = [f"epoch {self.done + 1}/{self.num_epochs}" + (f" ({self.within:.0%})" if self.within else "")]
        parts += [f"{key} {value:.4g}" for key, value in sorted(self.scores.items()) if key.startswith("dev_")]
        if self.seconds_left is not None and self.done < self.num_epochs:
            parts.append(f"{_duration(self.seconds_left)} left")
        return ", ".join(parts)


def read_progress(model_dir: str, learning_rates: str, log: str, num_epochs: int) -> TrainingProgress:
    """
    What the files of a training say now.

    :param model_dir: directory of the checkpoints
    :param learning_rates: RETURNN's file; may be missing
    :param log: RETURNN's log; may be missing
    :param num_epochs: how many are wanted
    """
    files = _files(model_dir, learning_rates, log)
    done = max(files.checkpoints.get(), default=0)
    within, left_in_epoch = _within_epoch(files.last_step.get(), done + 1)
    epochs = files.scores.get()
    last = max((epoch for epoch, data in epochs.items() if data.scores and epoch <= done), default=0)
    scores = epochs[last].scores if last else {}
    return TrainingProgress(done, within, num_epochs, scores, _seconds_left(epochs, done, left_in_epoch, num_epochs))


class _Step(NamedTuple):
    """What the last step's line of a log says: its epoch, how much of that is done, and the seconds for the rest."""

    epoch: int
    complete: float
    seconds_left: float


class _Files(NamedTuple):
    """The files of a training, each of which is read again only when it changed."""

    checkpoints: ReadWhenChanged[set[int]]
    scores: ReadWhenChanged[dict[int, EpochData]]
    last_step: ReadWhenChanged[_Step | None]


@functools.lru_cache(maxsize=1_000)
def _files(model_dir: str, learning_rates: str, log: str) -> _Files:
    return _Files(
        ReadWhenChanged(model_dir, complete_epochs),
        ReadWhenChanged(learning_rates, read_scores),
        ReadWhenChanged(log, _last_step),
    )


def read_scores(learning_rates: str) -> dict[int, EpochData]:
    """All epochs of a learning-rate file; empty if there is none, or it is damaged."""
    try:
        return read_learning_rates(learning_rates)
    except (OSError, ValueError):
        return {}


def _within_epoch(step: _Step | None, epoch: int) -> tuple[float, float | None]:
    """How much of an epoch is done, and how many seconds RETURNN expects for the rest."""
    return (0.0, None) if step is None or step.epoch != epoch else (step.complete, step.seconds_left)


def _last_step(log: str) -> _Step | None:
    """The last step in the log of either engine; None if there is none, or no log."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.path.getsize(log) - _TAIL))
            tail = file.read().decode(errors="replace")
    except OSError:
        return None
    steps = re.findall(r"(?:train epoch (\d+)|ep (\d+) train), .*exp\. remaining ([\d:]+), complete ([\d.]+)%", tail)
    if not steps:
        return None
    on_tensorflow, on_torch, remaining, complete = steps[-1]
    hours, minutes, seconds = (int(part) for part in f"0:0:{remaining}".split(":")[-3:])
    return _Step(int(on_tensorflow or on_torch), float(complete) / 100, 3600.0 * hours + 60 * minutes + seconds)


def _seconds_left(
    epochs: dict[int, EpochData], done: int, left_in_epoch: float | None, num_epochs: int
) -> float | None:
    times = [data.seconds for epoch, data in epochs.items() if data.seconds is not None and epoch <= done]
    if not times:
        return None if num_epochs > done + 1 else left_in_epoch
    each = sum(times) / len(times)
    return (each if left_in_epoch is None else left_in_epoch) + each * max(0, num_epochs - done - 1)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
