"""Runs RETURNN as a process of its own, and says clearly what went wrong when it fails."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from typing import Any

from sisyphus import tk

from recipe.nn.delayed import is_delayed

from . import returnn_program

OUT_OF_MEMORY = 137
"""Exit status by which Sisyphus knows that a task needs more memory (128 + SIGKILL)."""


class ReturnnError(RuntimeError):
    """RETURNN failed. The message has the cause found in its log, and where the log is."""

    is_unreadable_checkpoint = False


_CAUSES = (
    (r"No space left on device|ResourceExhaustedError.*(?:disk|space)", "the disk is full: make room and start again"),
    (r"Inf/nan score", "the training score became inf or nan: use a smaller learning rate, or gradient clipping"),
    (r"OOM when allocating", "out of memory: use smaller batches, or ask for more memory"),
    (r"FileNotFoundError: .*'g\+\+'", "g++ is not installed, which RETURNN needs for its native ops: install g++"),
    (r"Unable to (?:synchronously )?open file|OSError: .*\.hdf", "an HDF file of the data cannot be read"),
)
_UNREADABLE = r"Read less bytes|too short to be an sstable|OutOfRangeError|Unsuccessful TensorSliceReader|DataLossError"


def run_returnn(config: str, *, log: str, device: str) -> None:
    """
    Runs RETURNN by :mod:`returnn_program` and waits for it; its output goes to a file.

    :param config: path of the config
    :param log: file that the output is added to
    :param device: "cpu" keeps RETURNN from using CUDA, whose compiler may be there without a GPU
    :raises ReturnnError: if it fails
    :raises subprocess.CalledProcessError: with 137 if it was killed by SIGKILL, as for want of memory
    """
    with open(log, "ab") as output:
        start = output.tell()
        process = subprocess.Popen(
            [sys.executable, returnn_program.__file__, config],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=_environment(device),
        )
        try:
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    if status == 0:
        return
    if status == -signal.SIGKILL:
        raise subprocess.CalledProcessError(OUT_OF_MEMORY, f"returnn {config}")
    raise _error(log, start, status)


def resolve_paths(value: Any) -> Any:
    """Options with file names in place of ``tk.Path``, and values in place of ``tk.Variable`` and its expressions."""
    if isinstance(value, tk.Path) and not isinstance(value, tk.Variable):
        return value.get_path()
    if is_delayed(value):
        return value.get()
    if isinstance(value, dict):
        return {key: resolve_paths(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(resolve_paths(item) for item in value)
    return value


def check_compiler(device: str) -> None:
    """
    :raises ReturnnError: if RETURNN will want to compile a native op (its LSTM on a GPU) and there is no g++
    """
    if device == "gpu" and shutil.which("g++") is None:
        raise ReturnnError("g++ is not installed, which RETURNN needs for its native ops: install g++")


def _environment(device: str) -> dict[str, str]:
    environment = dict(os.environ)
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    environment["PYTHONUNBUFFERED"] = "1"
    if device == "cpu":
        environment["DISABLE_CUDA"] = "1"
        environment["CUDA_VISIBLE_DEVICES"] = ""
        environment.pop("OMP_NUM_THREADS", None)
    return environment


def _error(log: str, start: int, status: int) -> ReturnnError:
    with open(log, "rb") as file:
        file.seek(start)
        text = file.read().decode(errors="replace")
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    causes = [explanation for pattern, explanation in _CAUSES if re.search(pattern, text)]
    lines = [line for line in text.splitlines() if re.match(r"\S*(Error|Exception)\b", line.strip())]
    cause = causes[0] if causes else (lines[-1].strip() if lines else "no error message was found")
    error = ReturnnError(f"RETURNN ended with status {status}: {cause}\nIts whole log: {log}")
    error.is_unreadable_checkpoint = bool(re.search(_UNREADABLE, text))
    return error
