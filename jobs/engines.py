"""The engines that RETURNN computes with, and whether they are installed."""

from __future__ import annotations

import importlib.util
import logging
import sys

from .returnn_errors import ReturnnError

_LOG = logging.getLogger("jobs")

ENGINES = {"tensorflow": "TensorFlow", "torch": "PyTorch"}
"""Their names for people, by the name of the package, which is also that of the extra that installs it."""


class MissingEngine(ReturnnError):
    """An engine is not installed. The message says which extra installs it."""


def check_engine(engine: str) -> None:
    """
    :raises ValueError: if there is no such engine
    """
    if engine not in ENGINES:
        raise ValueError(f"engine is one of {', '.join(map(repr, ENGINES))}, not {engine!r}")


def is_installed(engine: str) -> bool:
    """Whether Python finds the package; it is not imported, which takes seconds."""
    return importlib.util.find_spec(engine) is not None


def missing_text(engine: str) -> str:
    """What to do about an engine that is not installed."""
    return (
        f'{ENGINES[engine]} is not installed for {sys.executable}. The extra "{engine}" of this setup installs it: '
        f'make venv ENGINE={engine}, or pip install ".[{engine}]"'
    )


def check_engine_is_installed(engine: str) -> None:
    """
    :raises MissingEngine: if Python does not find it
    """
    if not is_installed(engine):
        raise MissingEngine(missing_text(engine))


def warn_if_missing(engine: str, job: str) -> None:
    """
    Says, when the graph is written, that a job will not run here. It is no error: on a cluster the environment of the
    manager may be another one than that of the tasks.

    :param engine: what it needs
    :param job: for the message
    """
    if not is_installed(engine):
        _LOG.warning(f"{job} needs engine={engine!r}, but {missing_text(engine)}")
