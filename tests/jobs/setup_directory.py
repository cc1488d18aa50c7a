"""A small Sisyphus setup in a temporary directory, run by ``./sis`` as a user runs it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable

PROJECT = pathlib.Path(__file__).resolve().parents[2]

LEXICON = """\
abbey\tAE B IY
able\tEY B AH L
accord\tAH K AO R D
bat\tB AE T
bee\tB IY
cab\tK AE B
cat\tK AE T
data\tD EY T AH
data\tD AE T AH
dog\tD AO G
eat\tIY T
far\tF AA R
go\tG OW
hat\tHH AE T
ink\tIH NG K
"""


def make_setup(directory: pathlib.Path) -> pathlib.Path:
    """The project's code and the configs beside this file in a directory of their own."""
    directory.mkdir()
    for name in ("recipe", "jobs", "localsis", "settings.py", "sis"):
        (directory / name).symlink_to(PROJECT / name)
    (directory / "configs").symlink_to(PROJECT / "tests" / "jobs" / "configs")
    (directory / "lexicon.tsv").write_text(LEXICON)
    return directory


def start_manager(setup: pathlib.Path, config: str = "configs/tiny.adam") -> subprocess.Popen[str]:
    """``./sis manager`` on the embedded engine, its output into manager.log."""
    environment = {**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable}
    with open(setup / "manager.log", "a", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "sis", "manager", config],
            cwd=setup,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )


def run_manager(setup: pathlib.Path, config: str = "configs/tiny.adam") -> str:
    """Runs the manager to its end; gives what it printed.

    :raises AssertionError: if it did not succeed
    """
    manager = start_manager(setup, config)
    status = manager.wait(timeout=600)
    text = (setup / "manager.log").read_text()
    assert status == 0, text
    return text


def wait_for(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Waits until it holds.

    :raises AssertionError: if it does not in time
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.02)


def training_directory(setup: pathlib.Path) -> pathlib.Path | None:
    """The directory of the training job, once it is there."""
    found = sorted((setup / "work" / "jobs" / "training").glob("TrainingJob.*"))
    return found[0] if found else None


def processes_with(text: str) -> list[int]:
    """Ids of all processes that have the text in their command line."""
    found = []
    for directory in pathlib.Path("/proc").iterdir():
        try:
            if directory.name.isdigit() and text in (directory / "cmdline").read_bytes().decode(errors="replace"):
                found.append(int(directory.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]
