"""
RETURNN for tests of jobs, without waiting for its imports.

To import TensorFlow takes longer than all that a tiny training does. A server for each engine has imported it, and
forks for each RETURNN that a test starts. All else is as without it: the command, its output, signals, its status.

It is for tests that start RETURNN and look at what it wrote. Those that kill it, measure it, or show that it starts
at all, start it by itself, as does one whole chain for each engine.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from unittest import mock

HERE = pathlib.Path(__file__).parent
ENGINES = ("tensorflow", "torch")
ENVIRONMENT = {
    "DISABLE_CUDA": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "PYTHONUNBUFFERED": "1",
}
"""Of a RETURNN on a CPU, as jobs/returnn_process.py starts it; threads are set for each one."""


@functools.cache
def servers() -> str:
    """Starts the servers, which end with this process; gives the directory of their sockets."""
    directory = tempfile.TemporaryDirectory(prefix="warm.")
    _kept.append(directory)
    environment = {**os.environ, **ENVIRONMENT}
    environment.pop("OMP_NUM_THREADS", None)
    for engine in ENGINES:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.join(directory.name, engine))
            listener.listen(16)
            _kept.append(
                subprocess.Popen(
                    [sys.executable, str(HERE / "server.py"), engine, str(listener.fileno())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    env=environment,
                    pass_fds=[listener.fileno()],
                )
            )
    return directory.name


_kept: list[tempfile.TemporaryDirectory[str] | subprocess.Popen[bytes]] = []


def stop() -> None:
    """Ends the servers, if there are any."""
    for one in _kept[::-1]:
        if isinstance(one, subprocess.Popen):
            one.communicate()
        else:
            one.cleanup()
    _kept.clear()
    servers.cache_clear()


@contextlib.contextmanager
def warm() -> Iterator[None]:
    """Within it, processes hand a start of RETURNN on to the servers, where the system can (Linux)."""
    if not hasattr(os, "pidfd_open"):
        yield
        return
    paths = [str(HERE / "site"), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    with mock.patch.dict(os.environ, {"WARM_RETURNN": servers(), "PYTHONPATH": os.pathsep.join(paths)}):
        yield


@contextlib.contextmanager
def cold() -> Iterator[None]:
    """Within it, RETURNN starts by itself."""
    with mock.patch.dict(os.environ):
        os.environ.pop("WARM_RETURNN", None)
        yield
