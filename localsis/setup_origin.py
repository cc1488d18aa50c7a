"""Of which state of the setup results are: its git commit, and the versions of Python and of what computes."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import json
import platform
import subprocess
import time

from .cost_record import ORIGIN_VARIABLE

_KEPT = 30.0  # seconds for which git is not asked again
_PACKAGES = {"returnn": ["returnn"], "tensorflow": ["tensorflow", "tensorflow-cpu"], "torch": ["torch"]}
"""By the name of what computes, the names of distributions that have it."""


class Origin:
    """
    What the manager knows of a setup, asked for again now and then, as people commit while it runs.

    :param directory: of the setup
    """

    def __init__(self, directory: str):
        self._directory = directory
        self._commit, self._asked = "", -float("inf")

    def environment(self) -> dict[str, str]:
        """The variable that tells a worker, so that not each task has to ask git."""
        if time.monotonic() - self._asked >= _KEPT:
            self._commit, self._asked = commit_of(self._directory), time.monotonic()
        return {ORIGIN_VARIABLE: json.dumps({"commit": self._commit, "versions": versions()})}


@functools.cache
def origin_of(directory: str) -> Origin:
    """That of a setup, one for all its tasks."""
    return Origin(directory)


def commit_of(directory: str) -> str:
    """The commit of a directory's git repository, with ``-dirty`` where files differ from it; "" if there is none."""
    command = ["git", "-C", directory, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@functools.cache
def versions() -> dict[str, str]:
    """Of Python, RETURNN and its engines, as far as they are installed."""
    found = {"python": platform.python_version()}
    for name, packages in _PACKAGES.items():
        for package in packages:
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                found.setdefault(name, importlib.metadata.version(package))
    return found
