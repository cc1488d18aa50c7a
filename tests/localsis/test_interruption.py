"""Ctrl-C, once and again: quiet, with the right status, and nothing left running."""

from __future__ import annotations

import os
import pathlib
import signal
import time

import pytest

from .played_sisyphus import play_sisyphus, start_sisyphus
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
    """``./sis`` becomes the process of Sisyphus, and says afterwards how far its graph is."""
    play_sisyphus(
        setup,
        manager="open('began', 'w').close()\nwhile True:\n    time.sleep(0.05)",
        states="'running': ['a job']",
    )
    manager = start_sisyphus(setup, "manager", "configs/toy.py")
    wait_for(lambda: (setup / "began").exists())
    os.killpg(manager.pid, signal.SIGINT)
    text, _ = manager.communicate(timeout=600)
    assert manager.returncode == 1
    assert text.splitlines()[1:] == [
        "Sisyphus ends in good order after KeyboardInterrupt",
        "1 job is still running or queued; the next start goes on",
    ]
