"""Runs RETURNN as a process of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil
from sisyphus import tk

from recipe.nn.plain.delayed import is_delayed

from . import holder_fence, returnn_program
from .directory_holder import DirectoryHolder
from .engines import check_built_for_gpu
from .returnn_errors import ReturnnError, error_from_log, was_killed

OUT_OF_MEMORY = 137
"""Exit status by which Sisyphus knows that a task needs more memory (128 + SIGKILL)."""

WATCH_INTERVAL = 5.0
"""Seconds between two calls of what watches RETURNN."""

_ASLEEP = 5
"""How often RETURNN may end since it does not hear of its task."""


def run_returnn(
    config: str,
    *,
    log: str,
    device: str,
    engine: str = "tensorflow",
    threads: int | None = None,
    launcher: Sequence[str] = (),
    watch: Callable[[], None] | None = None,
    holder: DirectoryHolder | None = None,
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
    :param holder: of the job's directory: RETURNN is ended when that is lost
    :raises ReturnnError: if it fails
    :raises subprocess.CalledProcessError: with 137 if it was killed by SIGKILL, as for want of memory
    :raises DirectoryLost: if the directory was removed
    :raises DirectoryTaken: if another process took over the directory
    """
    if holder is None:
        return _run(config, log, device, engine, threads, launcher, watch, None)
    end_others(config, holder.times.takeover / 6)
    for _ in range(_ASLEEP):
        try:
            return _run(config, log, device, engine, threads, launcher, watch, holder)
        except _EndedByFence:
            print("RETURNN had not heard of its task, which was stopped or very slow: it goes on", flush=True)
        finally:
            holder.check()
    raise ReturnnError(f"RETURNN has not heard of its task {_ASLEEP} times: is this machine overloaded?")


class _EndedByFence(Exception):
    """RETURNN ended, since it did not hear of its task."""


def _run(
    config: str,
    log: str,
    device: str,
    engine: str,
    threads: int | None,
    launcher: Sequence[str],
    watch: Callable[[], None] | None,
    holder: DirectoryHolder | None,
) -> None:
    with open(log, "ab") as output:
        start = output.tell()
        process = subprocess.Popen(
            [*launcher, sys.executable, returnn_program.__file__, config],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**returnn_environment(device, engine, threads), **(holder.environment() if holder else {})},
            preexec_fn=returnn_program.end_with_parent if launcher else None,  # RETURNN by itself does so
        )
        if holder is not None:
            holder.on_loss(process.kill)
        try:
            status = _wait(process, _while_held(watch, holder))
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            if holder is not None:
                holder.forget(process.kill)
    if holder is not None and status != 0:
        holder.check()
    if status == 0:
        return
    if status == holder_fence.ENDED:
        raise _EndedByFence
    with open(log, "rb") as file:
        file.seek(start)
        text = file.read().decode(errors="replace")
    if status in (-signal.SIGKILL, OUT_OF_MEMORY) or (launcher and was_killed(text)):
        raise subprocess.CalledProcessError(OUT_OF_MEMORY, f"returnn {config}")
    raise error_from_log(text, status, log)


def end_others(config: str, patience: float) -> None:
    """
    Ends each RETURNN of this config that still runs on this machine: what started it does not hold the directory any
    more.

    :param config: path of the config
    :param patience: seconds that it has to end by itself
    """
    name = os.path.basename(returnn_program.__file__)
    others = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if config in words and any(os.path.basename(word) == name for word in words):
                others.append(process)
    _wait_for_end(others, patience)
    for process in filter(_is_alive, others):
        print(f"process {process.pid} is a RETURNN that nobody waits for: it is killed", flush=True)
        process.kill()
    _wait_for_end(others, patience)


def _wait_for_end(processes: Sequence[psutil.Process], patience: float) -> None:
    """Waits for a while; those that are only to be collected by what started them have ended."""
    end = time.monotonic() + patience
    while any(map(_is_alive, processes)) and time.monotonic() < end:
        time.sleep(0.1)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


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


def _while_held(watch: Callable[[], None] | None, holder: DirectoryHolder | None) -> Callable[[], None] | None:
    """What watches RETURNN writes into the directory."""
    if watch is None or holder is None:
        return watch
    return lambda: watch() if holder.is_mine() else None


def _call(watch: Callable[[], None]) -> None:
    try:
        watch()
    except Exception as error:  # a picture that cannot be drawn must not end a training
        print(f"while RETURNN runs: {error!r}", flush=True)
