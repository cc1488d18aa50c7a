"""A small package in place of Sisyphus, as ``./sis`` calls it: a manager that ends as a test wants, and a graph."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

MAIN = """
import sys, time


def manager(arguments):
    with open("called", "a") as file:
        print(*sys.argv[1:], file=file)
    print("Clear jobs in error state? [y/N]", input())
{manager}


def main():
    if "--wrong" in sys.argv:
        raise SystemExit(2)
    try:
        manager(None)
    except BaseException as error:
        print("Sisyphus ends in good order after", type(error).__name__)
"""

TOOLKIT = """
class Path:
    def __init__(self, path, creator, there):
        self.path, self.creator, self.there = path, creator, there

    def get_path(self):
        return self.path

    def available(self):
        return self.there

    __str__ = get_path


class Job:
    def __init__(self, name, *inputs, alias=None):
        self.name, self._sis_inputs, self._sis_aliases = name, set(inputs), {{alias}} if alias else None

    def job_id(self):
        return self.name

    def _sis_path(self):
        return "work/" + self.name

    def _sis_finished(self):
        return self.name.startswith("done")


class Target:
    def __init__(self, name, *paths):
        self.name, self.required_full_list = name, paths


class OutputTarget(Target):
    def __init__(self, name, path):
        super().__init__(name, path)
        self._sis_path = path


class Graph:
    targets = [{targets}]

    def get_jobs_by_status(self, skip_finished):
        return {{{states}}}


sis_graph = Graph()
"""


def play_sisyphus(setup: pathlib.Path, *, manager: str = "", states: str = "", targets: str = "") -> None:
    """
    Makes the package and an environment with its program in a setup.

    :param manager: what its manager does, as lines of Python
    :param states: jobs by their states, as the inside of a dict, made by ``Job`` and ``Path``
    :param targets: made by ``Target``, outputs by ``OutputTarget``
    """
    package = setup / "site" / "sisyphus"
    package.mkdir(parents=True)
    body = "\n".join(f"    {line}" for line in manager.splitlines())
    files = {
        "__init__": "",
        "job": "",
        "global_settings": "def on_job_failure(job):\n    print('the hook of the settings', job.job_id())\n",
        "toolkit": TOOLKIT.format(states=states, targets=targets),
        "__main__": MAIN.format(manager=body),
    }
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    (setup / "bin").mkdir()
    (setup / "bin" / "python").symlink_to(sys.executable)
    (setup / "bin" / "sis").touch()


def start_sisyphus(setup: pathlib.Path, *arguments: str) -> subprocess.Popen[str]:
    """``./sis`` with the package, its output in a pipe; Ctrl-C is as in a terminal, wherever the tests run."""
    return subprocess.Popen(
        [str(setup / "bin" / "python"), "sis", *arguments],
        cwd=setup,
        env={**os.environ, "SIS_ENGINE": "sisyphus", "SIS_PYTHON": "this", "PYTHONPATH": str(setup / "site")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def run_sisyphus(setup: pathlib.Path, *arguments: str) -> tuple[int, str]:
    """Its exit status and all that it prints."""
    process = start_sisyphus(setup, *arguments)
    text, _ = process.communicate(timeout=600)
    return process.returncode, text
