"""The losses of single training steps, from the log of RETURNN on either engine, while it grows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from ..step_log import LoggedStep, StepLog

_NO_SCORES = ("num_seqs", "max_size", "mem_usage")
"""What RETURNN on PyTorch says of the batch, beside the losses."""

_BINS = 100
"""How many values are kept of an epoch that is over: means of as many neighbouring steps as are needed."""


class Point(NamedTuple):
    """
    One step, or the mean of neighbouring ones.

    :ivar epochs: how many epochs were done after it: 1.5 is the middle of the second
    :ivar value: the loss
    """

    epochs: float
    value: float


class StepScores:
    """
    The losses of all steps in a log.

    :param log: RETURNN's log; may be missing
    """

    def __init__(self, log: str):
        self._log = log
        self._steps_of_log, self._position = StepLog(), 0
        self._done: dict[int, dict[str, list[Point]]] = {}
        self._epoch = 0
        self._steps: dict[int, dict[str, float]] = {}
        self._complete = 1.0

    def read(self) -> dict[str, list[Point]]:
        """
        All of them by the name of the loss, after reading what the log has more than at the last call.

        Of a step that was made twice, as after an interruption, the later one counts.
        """
        for step in self._new_steps():
            if step.epoch != self._epoch:
                self._end_epoch()
                self._done = {number: points for number, points in self._done.items() if number < step.epoch}
                self._epoch = step.epoch
            elif step.is_again:
                self._steps = {}
            self._steps[step.step] = scores_of(step.values)
            self._complete = step.complete
        found: dict[str, list[Point]] = {}
        for points in (*(self._done[number] for number in sorted(self._done)), self._points(self._complete)):
            for name, values in points.items():
                found.setdefault(name, []).extend(values)
        return found

    def _new_steps(self) -> list[LoggedStep]:
        try:
            if os.path.getsize(self._log) < self._position:  # another log
                self.__init__(self._log)  # type: ignore[misc]
            with open(self._log, "rb") as file:
                file.seek(self._position)
                text = file.read()
        except OSError:
            return []
        text = text[: text.rfind(b"\n") + 1]  # a line that is not whole is read the next time
        self._position += len(text)
        return list(self._steps_of_log.read(text.decode(errors="replace")))

    def _end_epoch(self) -> None:
        if self._steps:
            self._done[self._epoch] = self._points(1.0)
        self._steps = {}

    def _points(self, complete: float) -> dict[str, list[Point]]:
        """
        The steps of the current epoch.

        :param complete: how much of the epoch they are
        """
        steps = [self._steps[number] for number in sorted(self._steps)]
        size = max(1, -(-len(steps) // _BINS))
        found: dict[str, list[Point]] = {}
        for start in range(0, len(steps), size):
            part = steps[start : start + size]
            epochs = self._epoch - 1 + complete * (start + len(part)) / len(steps)
            for name in part[-1]:
                values = [scores[name] for scores in part if name in scores]
                found.setdefault(name, []).append(Point(epochs, sum(values) / len(values)))
        return found


def scores_of(values: Mapping[str, float]) -> dict[str, float]:
    """
    The losses among what RETURNN says of a step, and the norm of the gradients, if it stands there.

    :return: by name: on TensorFlow ``score:NAME`` and ``error:NAME``, on PyTorch ``NAME``
    """
    if any(name.partition(":")[0] == "cost" for name in values):  # TensorFlow, where ``loss`` is a sum over the batch
        kinds = {"cost": "score", "error": "error", "grad_norm": "grad_norm"}
        parted = {name: name.partition(":") for name in values}
        return {
            f"{kinds[kind]}{colon}{rest}": values[name] for name, (kind, colon, rest) in parted.items() if kind in kinds
        }
    return {name: value for name, value in values.items() if name.partition(":")[0] not in _NO_SCORES}
