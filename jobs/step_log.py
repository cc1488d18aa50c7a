"""The steps of a training in RETURNN's log: losses, the norm of the gradients, time; of either engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_STEP = re.compile(
    r"(?:train epoch (\d+)|ep (\d+) train), step (\d+), (.*?)([\d.]+) sec/step\b(?:.*complete ([\d.]+)%)?"
)


class LoggedStep(NamedTuple):
    """
    One step of a training.

    :ivar number: counted from 0 over all epochs
    :ivar values: what RETURNN says of it by its names, as ``loss``, ``grad_norm:p2``, ``num_seqs``
    :ivar seconds: that it took; 0 where that is less than the log can say
    :ivar is_again: whether it was made before, in a run that was interrupted: what was said from there on does not hold
    :ivar epoch: that it is in
    :ivar step: counted from 0 in its epoch
    :ivar complete: how much of the epoch is done after it, 0 to 1; 1 if the log does not say
    """

    number: int
    values: dict[str, float]
    seconds: float
    is_again: bool
    epoch: int
    step: int
    complete: float = 1.0


class StepLog:
    """
    Reads a log that grows. Of several processes that train together, which log the same steps, the first counts.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._first: dict[int, int] = {}
        self._epoch, self._step = 0, -1

    def read(self, text: str) -> Iterator[LoggedStep]:
        """
        The steps in what was added to the log; a line that is not complete is kept until the rest of it comes.

        :param text: all that stands behind what was read before
        """
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            match = _STEP.match(line)
            if match:
                step = self._noted(int(match[1] or match[2]), int(match[3]), match)
                if step is not None:
                    yield step

    def _noted(self, epoch: int, step: int, match: re.Match[str]) -> LoggedStep | None:
        """The step, if it is another one than the last."""
        is_again = epoch < self._epoch or (epoch == self._epoch and step == 0 and self._step > 1)
        if epoch == self._epoch and step <= self._step and not is_again:
            return None  # of another process
        if is_again:
            self._first = {known: first for known, first in self._first.items() if known <= epoch}
        elif epoch > self._epoch:
            self._first[epoch] = self._first.get(self._epoch, 0) + self._step + 1
        self._epoch, self._step = epoch, step
        number, complete = self._first.get(epoch, 0) + step, float(match[6] or 100) / 100
        return LoggedStep(number, _values(match[4]), float(match[5]), is_again, epoch, step, complete)


def _values(text: str) -> dict[str, float]:
    """The numbers in ``cost:ce 3.7, loss 66.4, ``."""
    found = {}
    for part in text.split(", "):
        name, _, number = part.strip().rpartition(" ")
        try:
            found[name.removeprefix("stats:")] = float(number)
        except ValueError:
            continue  # a list, or a size as text
    found.pop("", None)
    return found
