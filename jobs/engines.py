"""Whether the engines that RETURNN computes with are installed."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import os
import re
import sys

from .returnn_errors import ReturnnError

_LOG = logging.getLogger("jobs")

_NAMES = {"tensorflow": "TensorFlow", "torch": "PyTorch"}
"""For people, by the name of the package, which is also that of the extra that installs it."""


class MissingEngine(ReturnnError):
    """An engine is not installed. The message says which extra installs it."""


def is_installed(engine: str) -> bool:
    """Whether Python finds the package; it is not imported, which takes seconds."""
    return importlib.util.find_spec(engine) is not None


def missing_text(engine: str) -> str:
    """What to do about an engine that is not installed."""
    return (
        f'{_NAMES[engine]} is not installed for {sys.executable}. The extra "{engine}" of this setup installs it: '
        f'make venv ENGINE={engine}, or pip install ".[{engine}]"'
    )


def check_engine_is_installed(engine: str) -> None:
    """
    :raises MissingEngine: if Python does not find it
    """
    if not is_installed(engine):
        raise MissingEngine(missing_text(engine))


@functools.cache
def warn_if_missing(engine: str) -> None:
    """
    Says once, when the graph is written, that jobs will not run here. It is no error: on a cluster the environment of
    the manager may be another one than that of the tasks.
    """
    if not is_installed(engine):
        _LOG.warning(f"jobs of this graph compute with engine={engine!r}, but {missing_text(engine)}")


def check_built_for_gpu(engine: str) -> None:
    """
    :raises ReturnnError: if PyTorch is installed, but was built without CUDA; it is not imported
    """
    spec = importlib.util.find_spec("torch") if engine == "torch" else None
    if spec is None or spec.origin is None:
        return
    path = os.path.join(os.path.dirname(spec.origin), "version.py")
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
        built = dict(re.findall(r"^(__version__|cuda|hip)\b.*?=\s*(.+?)\s*$", file.read(), re.MULTILINE))
        if built.get("cuda") == "None" and built.get("hip", "None") == "None":
            raise ReturnnError(
                f'device="gpu", but PyTorch {built.get("__version__", "")} was built without CUDA. Install the build '
                'for the CUDA of this machine, as https://pytorch.org/get-started/locally says, or give device="cpu"'
            )
