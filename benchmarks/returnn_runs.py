"""Whole runs of ``python -m returnn``: from its start to the first training step, and to the end."""

from __future__ import annotations

import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time
from typing import Any

from benchmarks.g2p_batches import read_batches
from configs.g2p_graph import LANGUAGES
from recipe.data.dataset import label_dataset
from recipe.data.hdf import LabelStream, write_label_hdf

_FIRST_STEP = re.compile(r"train.*\bstep 0\b")


class _Times:
    """Time on the clock, and CPU time of processes that have ended, from now on."""

    def __init__(self) -> None:
        self._start, self._cpu = time.perf_counter(), self._of_children()

    @staticmethod
    def _of_children() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def text(self) -> str:
        """Both until now."""
        return f"{time.perf_counter() - self._start:.1f} s, CPU time {self._of_children() - self._cpu:.1f} s"


class RunOfReturnn:
    """
    One training by RETURNN, with its files in a directory of its own.

    :param config: the file
    :param directory: where it runs; emptied before
    :param environment: added to this process's own
    """

    def __init__(self, config: pathlib.Path, directory: pathlib.Path, environment: dict[str, str]):
        self._command = [sys.executable, "-u", "-m", "returnn", str(config.resolve())]
        self._directory = directory
        self._environment = {**os.environ, "DISABLE_CUDA": "1", "TF_CPP_MIN_LOG_LEVEL": "2", **environment}

    def to_first_step(self) -> str:
        """Runs until the log tells of the first step; gives the time."""
        times = _Times()
        process = self._start()
        assert process.stdout is not None
        found = any(_FIRST_STEP.search(line) for line in process.stdout)
        process.kill()
        process.communicate()
        if not found:
            raise SystemExit(f"no first step: {' '.join(self._command)}")
        return times.text()

    def to_the_end(self) -> str:
        """Runs all of it; gives the time."""
        times = _Times()
        process = self._start()
        output, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"{' '.join(self._command)} failed:\n{output[-3000:]}")
        return times.text()

    def _start(self) -> subprocess.Popen[str]:
        shutil.rmtree(self._directory, ignore_errors=True)
        (self._directory / "models").mkdir(parents=True)
        return subprocess.Popen(
            self._command,
            cwd=self._directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def write_data(path: pathlib.Path, batches: pathlib.Path, *, steps: int, words: int) -> dict[str, Any]:
    """
    The words of batches as an HDF file, as often as is enough for some steps.

    :param path: of the new file
    :param batches: what :func:`benchmarks.g2p_batches.write_batches` wrote
    :param steps: how many batches of ``words`` words
    :return: the options of a config that trains on it for one epoch
    """
    language = LANGUAGES["en"]
    known = read_batches(batches)
    pairs = [
        [list(map(int, labels[row][: lengths[row]])) for labels, lengths in (batch["data"], batch["classes"])]
        for batch in (known * (steps * words // sum(len(batch["data"][1]) for batch in known) + 1))
        for row in range(len(batch["data"][1]))
    ][: steps * words]
    tags = [str(number) for number in range(len(pairs))]
    streams = [
        LabelStream([pair[index] for pair in pairs], labels)
        for index, labels in enumerate((language.letters.labels, language.phones.labels))
    ]
    write_label_hdf(str(path), tags, streams[0], {"classes": streams[1]})
    return {
        "task": "train",
        "train": label_dataset(str(path), seq_ordering="default"),
        "num_epochs": 1,
        "log_verbosity": 5,
        "model": "models/epoch",
    }
