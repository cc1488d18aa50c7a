"""Runs RETURNN as a process of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from sisyphus import tk

from recipe.nn.plain.delayed import is_delayed

from . import returnn_program
from .engines import check_built_for_gpu
from .returnn_errors import ReturnnError, error_from_log, was_killed

OUT_OF_MEMORY = 137
"""Exit status by which Sisyphus knows that a task needs more memory (128 + SIGKILL)."""

WATCH_INTERVAL = 5.0
"""Seconds between two calls of what watches RETURNN."""


def run_returnn(
    config: str,
    *,
    log: str,
    device: str,
    engine: str = "tensorflow",
    threads: int | None = None,
    launcher: Sequence[str] = (),
    watch: Callable[[], None] | None = None,
) -> None:
    """
    Runs RETURNN by :mod:`returnn_program` and waits for it; its output goes to a file.

    :param config: path of the config
    :param log: file that the output is added to
    :param device: "cpu" keeps RETURNN from using CUDA, whose compiler may be there without a GPU
    :param engine: that it computes with
    :param threads: for one process of PyTorch on a CPU; TensorFlow is told by RETURNN's options
    :param launcher: a command that starts it, in several processes, as ``mpirun -np 4``
    :param watch: is called now and then while it runs, and once when it ended; what it raises is printed, no more
    :raises ReturnnError: if it fails
    :raises subprocess.CalledProcessError: with 137 if it was killed by SIGKILL, as for want of memory
    """
    with open(log, "ab") as output:
        start = output.tell()
        process = subprocess.Popen(
            [*launcher, sys.executable, returnn_program.__file__, config],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=returnn_environment(device, engine, threads),
            preexec_fn=returnn_program.end_with_parent if launcher else None,  # RETURNN by itself does so
        )
        try:
            status = _wait(process, watch)
        except BaseException:
            process.kill()
            process.wait()
            raise
    if status == 0:
        return
    with open(log, "rb") as file:
        file.seek(start)
        text = file.read().decode(errors="replace")
    if status in (-signal.SIGKILL, OUT_OF_MEMORY) or (launcher and was_killed(text)):
        raise subprocess.CalledProcessError(OUT_OF_MEMORY, f"returnn {config}")
    raise error_from_log(text, status, log)


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


def check_device(device: str, engine: str = "tensorflow") -> None:
    """
    Finds out, before RETURNN starts and waits, that this machine is not what was asked for.

    :raises ReturnnError: if a GPU is wanted and there is none, or the engine was not built for one, or there is no g++
        to compile RETURNN's LSTM for it on TensorFlow
    """
    if device != "gpu":
        return
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None and shutil.which("nvidia-smi") is None and not os.path.exists("/dev/nvidia0"):
        raise ReturnnError(
            f'device="gpu", but {os.uname().nodename} has no GPU. Give device="cpu", or let settings.py name an engine '
            "that has one"
        )
    if visible == "":
        raise ReturnnError('device="gpu", but the engine gave this task no GPU: CUDA_VISIBLE_DEVICES is empty')
    check_built_for_gpu(engine)
    if engine == "tensorflow" and shutil.which("g++") is None:
        raise ReturnnError("g++ is not installed, which RETURNN needs for its native ops: install g++")


def returnn_environment(device: str, engine: str = "tensorflow", threads: int | None = None) -> dict[str, str]:
    """
    The environment of a process that uses an engine on a device.

    :param device: "cpu" or "gpu"
    :param engine: "tensorflow" or "torch"
    :param threads: of PyTorch; None: as the environment of the task says
    """
    environment = dict(os.environ)
    environment["PYTHONUNBUFFERED"] = "1"
    if engine == "tensorflow":
        environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    else:
        environment.pop("PT_DEVICE", None)  # RETURNN would take it for the device, whatever the config says
    if device == "cpu":
        environment["DISABLE_CUDA"] = "1"
        environment["CUDA_VISIBLE_DEVICES"] = ""
        if engine == "tensorflow":
            environment.pop("OMP_NUM_THREADS", None)
        elif threads is not None:
            environment["OMP_NUM_THREADS"] = str(threads)
    return environment


def _wait(process: subprocess.Popen[bytes], watch: Callable[[], None] | None) -> int:
    if watch is None:
        return process.wait()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = process.wait(timeout=WATCH_INTERVAL)
            _call(watch)
            return status
        _call(watch)


def _call(watch: Callable[[], None]) -> None:
    try:
        watch()
    except Exception as error:  # a picture that cannot be drawn must not end a training
        print(f"while RETURNN runs: {error!r}", flush=True)
