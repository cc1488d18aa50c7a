"""How many tasks the embedded engine runs at once, with real processes."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from .test_manager import PROJECT

CONFIG = """
import time
from sisyphus import Job, Task, tk


class TimedJob(Job):
    def __init__(self, number, mini, **rqmt):
        self.mini, self.rqmt = mini, rqmt
        self.out = self.output_var("times")

    def tasks(self):
        yield Task("run", resume="run", rqmt=self.rqmt, mini_task=self.mini)

    def run(self):
        start = time.monotonic()
        time.sleep(0.3)
        self.out.set((start, time.monotonic()))


class ArrayJob(TimedJob):
    def tasks(self):
        yield Task("part", resume="part", rqmt=self.rqmt, args=range(4))

    def part(self, number):
        start = time.monotonic()
        time.sleep(0.3)
        with open(f"../output/part{number}", "w") as file:
            file.write(repr((start, time.monotonic())) + "\\n")
        if number == 3:
            self.out.set((0, 0))


def short():
    for number in range(8):
        tk.register_output(f"times/{number}", TimedJob(number, True).out)


def long():
    for number, mem in enumerate([1, 2, 10_000, 3]):
        tk.register_output(f"times/{mem}", TimedJob(number, False, mem=mem).out)


def beside():
    tk.register_output("times/long", TimedJob("long", False, cpu=64).out)
    for number in range(3):
        tk.register_output(f"times/{number}", TimedJob(number, True).out)


def array():
    tk.register_output("array", ArrayJob(1, False).out)


def wrong():
    tk.register_output("times/wrong", TimedJob(1, False, mem="much").out)
    tk.register_output("times/right", TimedJob(1, False, mem=1).out)
"""


@pytest.fixture
def setup(tmp_path: pathlib.Path) -> pathlib.Path:
    """A setup with the jobs and configs above."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "toy.py").write_text(CONFIG)
    for name in ("localsis", "settings.py", "sis"):
        (tmp_path / name).symlink_to(PROJECT / name)
    return tmp_path


def run(setup: pathlib.Path, config: str, cores: int) -> tuple[int, str]:
    """Exit status and output of the manager where it has so many cores; its tasks have all."""
    if len(os.sched_getaffinity(0)) < cores:
        pytest.skip(f"this machine has not {cores} cores")
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    process = subprocess.run(
        [sys.executable, "sis", "manager", f"configs/toy.{config}"],
        cwd=setup,
        env={**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=600,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    return process.returncode, process.stdout + process.stderr


def times(paths: list[pathlib.Path]) -> dict[str, tuple[float, float]]:
    """When each began and ended."""
    found = {path.name: path.read_text().strip("()\n").split(", ") for path in paths}
    return {name: (float(start), float(end)) for name, (start, end) in found.items()}


def most_at_once(spans: dict[str, tuple[float, float]]) -> int:
    return max(sum(start <= moment < end for start, end in spans.values()) for moment, _ in spans.values())


@pytest.mark.parametrize("cores", [1, 2])
def test_short_tasks_are_at_most_as_many_as_there_are_cores(cores: int, setup: pathlib.Path) -> None:
    status, text = run(setup, "short", cores)
    assert status == 0, text
    spans = times(list((setup / "output" / "times").iterdir()))
    assert len(spans) == 8 and most_at_once(spans) <= cores


def test_parts_of_a_task_are_at_most_as_many_too(setup: pathlib.Path) -> None:
    status, text = run(setup, "array", 1)
    assert status == 0, text
    spans = times(list((setup / "work" / "configs" / "toy").glob("ArrayJob.*/output/part*")))
    assert len(spans) == 4 and most_at_once(spans) == 1


def test_the_largest_first_and_alone_what_asks_for_more_than_there_is(setup: pathlib.Path) -> None:
    status, text = run(setup, "long", 1)
    assert status == 0, text
    spans = times(list((setup / "output" / "times").iterdir()))
    assert sorted(spans, key=spans.__getitem__) == ["10000", "3", "2", "1"]
    assert most_at_once(spans) == 1
    assert "run asks for 10000 GB of memory, and there are" in text and "it runs alone" in text
    assert text.count("runs alone") == 1


def test_a_short_task_runs_beside_a_long_one(setup: pathlib.Path) -> None:
    status, text = run(setup, "beside", 1)
    assert status == 0, text
    spans = times(list((setup / "output" / "times").iterdir()))
    assert most_at_once(spans) <= 2
    assert most_at_once({name: span for name, span in spans.items() if name != "long"}) == 1


def test_what_is_no_number_fails_alone(setup: pathlib.Path) -> None:
    status, text = run(setup, "wrong", 1)
    assert status == 1 and "asks for {'mem': 'much'}, but cpu and mem (GB) are numbers" in text
    assert (setup / "output" / "times" / "right").exists()
