"""Ctrl-C, once and again: quiet, with the right status, and nothing left running."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from .test_manager import run, slow_pid, start, wait_for
from .test_manager import setup as setup

STUBBORN = """
import os, signal, time
from sisyphus import Job, Task


class NumberJob(Job):
    def __init__(self):
        self.out = self.output_var("number")

    def tasks(self):
        yield Task("run", resume="run")

    def run(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open("began", "w").close()
        time.sleep(60)
"""

SISYPHUS = """#!/bin/sh
if [ "$1" = console ]; then echo "UNFINISHED ['running']"; exit; fi
trap 'echo Sisyphus ends in good order; exit 0' INT
touch began
while :; do sleep 0.05; done
"""


def test_interrupt_ends_workers(setup: pathlib.Path) -> None:
    manager = start(setup, "manager", "configs/toy.slow")
    wait_for(lambda: slow_pid(setup) is not None)
    pid = slow_pid(setup)
    manager.send_signal(signal.SIGINT)
    text, _ = manager.communicate(timeout=600)
    assert manager.returncode == 1 and "the next start goes on" in text and "Traceback" not in text
    assert not pathlib.Path(f"/proc/{pid}").exists()
    assert run(setup, "manager", "configs/toy.slow")[0] == 0


@pytest.mark.parametrize(("kind", "pause"), [("SIGINT", 0.0), ("SIGINT", 0.5), ("SIGTERM", 0.1)])
def test_interrupted_again_while_it_waits_for_workers(kind: str, pause: float, setup: pathlib.Path) -> None:
    """The worker does not end when it is asked to."""
    (setup / "jobs" / "examples.py").write_text(STUBBORN)
    (setup / "configs" / "stubborn.py").write_text(
        "from sisyphus import tk\nfrom jobs.examples import NumberJob\n\n\n"
        "def py():\n    tk.register_output('number', NumberJob().out)\n"
    )
    manager = start(setup, "manager", "configs/stubborn.py")
    wait_for(lambda: any(setup.glob("work/jobs/examples/NumberJob.*/work/began")))
    pid = slow_pid(setup)
    for _ in range(3):
        manager.send_signal(getattr(signal, kind))
        time.sleep(pause)
    text, _ = manager.communicate(timeout=600)
    assert manager.returncode == 1 and "the next start goes on" in text and "Traceback" not in text, text
    assert not pathlib.Path(f"/proc/{pid}").exists()


def test_interrupt_while_the_config_is_read(setup: pathlib.Path) -> None:
    (setup / "configs" / "reading.py").write_text(
        "import time\n\n\ndef py():\n    open('began', 'w').close()\n    time.sleep(60)\n"
    )
    manager = start(setup, "manager", "configs/reading.py")
    wait_for(lambda: (setup / "began").exists())
    manager.send_signal(signal.SIGINT)
    text, _ = manager.communicate(timeout=600)
    assert manager.returncode == 1 and text == "stopped; nothing was started\n"


def test_interrupt_is_sisyphus_to_answer(setup: pathlib.Path) -> None:
    """A terminal sends Ctrl-C to both; ``./sis`` waits for what Sisyphus makes of it."""
    package = setup / "site" / "sisyphus"
    package.mkdir(parents=True)
    for name in ("__init__.py", "toolkit.py", "job.py"):
        (package / name).touch()
    (setup / "bin").mkdir()
    (setup / "bin" / "python").symlink_to(sys.executable)
    (setup / "bin" / "sis").write_text(SISYPHUS)
    (setup / "bin" / "sis").chmod(0o755)
    manager = subprocess.Popen(
        [str(setup / "bin" / "python"), "sis", "manager", "configs/toy.py"],
        cwd=setup,
        env={**os.environ, "SIS_ENGINE": "sisyphus", "SIS_PYTHON": "this", "PYTHONPATH": str(setup / "site")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    wait_for(lambda: (setup / "began").exists())
    os.killpg(manager.pid, signal.SIGINT)
    text, _ = manager.communicate(timeout=600)
    assert manager.returncode == 1 and text == "Sisyphus ends in good order\n"
