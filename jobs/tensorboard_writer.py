"""
Writes a training for TensorBoard while it runs: each step, and the scores of each epoch.

RETURNN's own option on PyTorch writes into a new directory at each start and nothing of time, and that on TensorFlow
into one for each epoch; so both are written here, from RETURNN's log and its file of scores.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

from .returnn_errors import ReturnnError
from .step_log import LoggedStep, StepLog
from .training_progress import read_scores

STEPS = "steps"
"""The run of TensorBoard that has steps; those of epochs are called as the parts of the data: ``train``, ``dev``."""

LOG_OPTIONS: Mapping[str, Any] = {"log_grad_norm": True, "log_batch_size": True}
"""Options of RETURNN that have it log what is written here, and change nothing of the training."""

_BLOCK = 1 << 20


def check_tensorboard_is_installed() -> None:
    """
    :raises ReturnnError: if Python does not find it; it is not imported
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise ReturnnError(
            f"tensorboard=True, but the package tensorboard is not installed for {sys.executable}: "
            "pip install tensorboard"
        )


def check_log_has_steps(tensorboard: bool, log_verbosity: int) -> None:
    """
    :raises ValueError: if it is to be written, but RETURNN does not log its steps
    """
    if tensorboard and log_verbosity < 5:
        raise ValueError(
            f"tensorboard=True takes the steps from RETURNN's log, which has them from log_verbosity=5 on, not "
            f"{log_verbosity}"
        )


class TensorBoardWriter:
    """
    Called, it writes what has come since the last time.

    At its first call it writes all that log and scores have: a training that goes on has its whole curves in new files,
    which take the place of those before.

    :param directory: where TensorBoard finds the runs, which are directories in it
    :param log: RETURNN's
    :param learning_rates: RETURNN's file of scores
    """

    def __init__(self, directory: str, log: str, learning_rates: str):
        self.directory, self.log, self.learning_rates = directory, log, learning_rates
        self._steps, self._position = StepLog(), 0
        self._files: dict[str, _EventFile] = {}
        self._written: set[tuple[int, str]] = set()
        self._before = sorted(glob.glob(os.path.join(glob.escape(directory), "*", "events.out.tfevents.*")))

    def __call__(self) -> None:
        for path in self._before:
            os.remove(path)
        self._before = []
        self._write_steps()
        self._write_epochs()
        for file in self._files.values():
            file.flush()

    def _write_steps(self) -> None:
        if not os.path.exists(self.log):
            return
        with open(self.log, "rb") as file:
            file.seek(self._position)
            while block := file.read(_BLOCK):
                self._position += len(block)
                for step in self._steps.read(block.decode(errors="replace")):
                    events = self._file(STEPS)
                    if step.is_again:
                        events.start_again(step.number)
                    events.write(step.number, step_scalars(step))

    def _write_epochs(self) -> None:
        for epoch, data in sorted(read_scores(self.learning_rates).items()):
            if not data.scores:
                continue
            scalars = {**data.scores, "train_learning_rate": data.learning_rate}
            if data.seconds is not None:
                scalars["train_seconds"] = data.seconds
            for key, value in scalars.items():
                if (epoch, key) not in self._written:
                    self._written.add((epoch, key))
                    part, _, name = key.partition("_")
                    self._file(part).write(epoch, {f"epoch/{name or part}": value})

    def _file(self, run: str) -> _EventFile:
        if run not in self._files:
            self._files[run] = _EventFile(os.path.join(self.directory, run))
        return self._files[run]


def step_scalars(step: LoggedStep) -> dict[str, float]:
    """What is written of a step by TensorBoard's tags: losses, the norm of the gradients, and throughput."""
    scalars = {}
    for name, value in step.values.items():
        if name.startswith("grad_norm"):
            scalars["step/gradient_norm"] = value
        elif not name.startswith("max_size"):
            scalars[f"step/{name}"] = value
    if step.seconds > 0:
        scalars["step/seconds"] = step.seconds
        sequences = step.values.get("num_seqs")
        if sequences is not None:
            scalars["step/sequences_per_second"] = sequences / step.seconds
            for name, longest in step.values.items():
                if name.startswith("max_size:"):
                    rate = sequences * longest / step.seconds
                    scalars[f"step/{name.removeprefix('max_size:')}_per_second_with_padding"] = rate
    return scalars


class _EventFile:
    """
    A file of events, as TensorFlow and PyTorch write them.

    :param directory: of the run
    """

    def __init__(self, directory: str):
        from tensorboard.summary.writer.record_writer import RecordWriter

        os.makedirs(directory, exist_ok=True)
        name = f"events.out.tfevents.{time.time():.0f}.{socket.gethostname()}.{os.getpid()}.0"
        self._file = open(os.path.join(directory, name), "wb")
        self._records = RecordWriter(self._file)
        self._add(file_version="brain.Event:2")

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Adds numbers of a step, by their tags."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self._add(step=step, summary=Summary(value=values))

    def start_again(self, step: int) -> None:
        """Says that what was written of this step and later ones does not hold."""
        from tensorboard.compat.proto.event_pb2 import SessionLog

        self._add(step=step, session_log=SessionLog(status=SessionLog.START))

    def flush(self) -> None:
        """Makes all of it be in the file."""
        self._records.flush()

    def _add(self, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._records.write(Event(wall_time=time.time(), **content).SerializeToString())
