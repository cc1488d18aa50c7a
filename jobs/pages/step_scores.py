"""The losses of single training steps, from the log of RETURNN on either engine, while it grows."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

_STEP = re.compile(
    rb"^(?:train epoch (\d+)|ep (\d+) train), step (\d+), (.*?)(?:, [\d.]+ sec/step)?, elapsed .*complete ([\d.]+)%",
    re.MULTILINE,
)
_SCORE = re.compile(r"([A-Za-z_][\w:/.\-]*) (-?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|nan|inf))")
_NO_SCORES = ("loss", "num_seqs", "mem_usage")
"""What stands beside the losses: TensorFlow's sum over the batch, sizes, memory."""

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
        self._position = 0
        self._done: dict[int, dict[str, list[Point]]] = {}
        self._epoch = 0
        self._steps: dict[int, dict[str, float]] = {}
        self._complete = 1.0

    def read(self) -> dict[str, list[Point]]:
        """
        All of them by the name of the loss, after reading what the log has more than at the last call.

        Of a step that was made twice, as after an interruption, the later one counts.
        """
        for epoch, step, scores, complete in self._new_steps():
            if epoch != self._epoch:
                self._end_epoch()
                self._done = {number: points for number, points in self._done.items() if number < epoch}
                self._epoch = epoch
            elif step == 0:
                self._steps = {}
            self._steps[step] = scores
            self._complete = complete
        found: dict[str, list[Point]] = {}
        for points in (*(self._done[number] for number in sorted(self._done)), self._points(self._complete)):
            for name, values in points.items():
                found.setdefault(name, []).extend(values)
        return found

    def _new_steps(self) -> list[tuple[int, int, dict[str, float], float]]:
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
        return [
            (int(on_tensorflow or on_torch), int(step), scores_of(scores.decode(errors="replace")), float(done) / 100)
            for on_tensorflow, on_torch, step, scores, done in _STEP.findall(text)
        ]

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


def scores_of(text: str) -> dict[str, float]:
    """
    The losses in a step's line, as ``cost:ctc 3.1, error:frame_error 0.5, loss 62.0`` or ``ctc 3.1, num_seqs 10``.

    :return: by name: ``score:ctc``, ``error:frame_error`` on TensorFlow; ``ctc`` on PyTorch
    """
    found = {}
    for part in text.split(", "):
        match = _SCORE.fullmatch(part.strip())
        if match and match[1] not in _NO_SCORES and not match[1].startswith(("max_size", "mem_usage")):
            name = re.sub("^cost$|^cost:", lambda cost: cost[0].replace("cost", "score"), match[1])
            found[name] = float(match[2])
    return found
