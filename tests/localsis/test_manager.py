"""The embedded engine with real processes, on small setups of its own."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]

JOBS = '''
import os, time
from sisyphus import Job, Task, tk


class NumberJob(Job):
    def __init__(self, number, *, seconds=0.0, note="a"):
        self.number, self.seconds = number, seconds
        self.out = self.output_var("number")

    @classmethod
    def hash(cls, parsed_args):
        return super().hash({k: v for k, v in parsed_args.items() if k != "note"})

    def tasks(self):
        yield Task("run", resume="run", rqmt={"cpu": 1})

    def run(self):
        print("running", flush=True)
        time.sleep(self.seconds)
        self.out.set(self.number)


class SumJob(Job):
    def __init__(self, numbers):
        self.numbers = numbers
        self.out = self.output_path("sum.txt")

    def tasks(self):
        yield Task("part", args=[1, 2, 3], rqmt={"cpu": 1})
        yield Task("run", mini_task=True)

    def part(self, index):
        with open(f"part{index}", "w") as file:
            file.write(str(index))

    def run(self):
        parts = sum(int(open(f"part{index}").read()) for index in (1, 2, 3))
        with open(self.out.get_path(), "w") as file:
            file.write(str(parts + sum(number.get() for number in self.numbers)))


class FailingJob(Job):
    def __init__(self):
        self.out = self.output_path("out")

    def tasks(self):
        yield Task("run")

    def run(self):
        if not os.path.exists("/".join(self.out.get_path().split("/")[:-6]) + "/mended"):
            raise ValueError("this is what went wrong")
        open(self.out.get_path(), "w").close()


class ForgetfulJob(Job):
    def __init__(self):
        self.out = self.output_path("never_written")

    def tasks(self):
        yield Task("run", mini_task=True)

    def run(self):
        pass


class KilledJob(Job):
    """Killed by SIGKILL in its first run, as for want of memory."""

    def __init__(self):
        self.out = self.output_path("out")

    def tasks(self):
        yield Task("run", resume="run")

    def run(self):
        if not os.path.exists("tried"):
            open("tried", "w").close()
            os.kill(os.getpid(), 9)
        open(self.out.get_path(), "w").close()
'''

CONFIG = """
from sisyphus import tk
from jobs.examples import FailingJob, ForgetfulJob, KilledJob, NumberJob, SumJob


def py():
    total = SumJob([NumberJob(1).out, NumberJob(2).out])
    total.add_alias("the_sum")
    tk.register_output("sum.txt", total.out)
    tk.register_callback(print, "the callback was called")


def slow():
    tk.register_output("slow", NumberJob(7, seconds=2.5).out)


def failing():
    tk.register_output("failed", FailingJob().out)
    tk.register_output("number", NumberJob(5).out)


def forgetful():
    tk.register_output("forgotten", ForgetfulJob().out)


def killed():
    tk.register_output("killed", KilledJob().out)


def gpu():
    job = NumberJob(9)
    job.set_rqmt("run", {"gpu": 1})
    tk.register_output("number", job.out)


class Results:
    def __init__(self, numbers):
        self.numbers = numbers

    def __call__(self):
        return " ".join(str(number.get()) for number in self.numbers)


def reported():
    numbers = [NumberJob(1).out, NumberJob(2).out]
    tk.register_report("reports/numbers.txt", Results(numbers), update_frequency=0)
    tk.register_report("sum.txt", {"a": numbers[0]}, template="it is {a}")
    tk.register_report("structure", {"plain": 3})


def wrong_report():
    tk.register_report("wrong", {"a": NumberJob(1).out}, template="{b}")


def beyond():
    tk.sub_block("x")


def with_arguments(a, b=""):
    tk.register_output(f"n{b}", NumberJob(a).out)
"""


@pytest.fixture
def setup(tmp_path: pathlib.Path) -> pathlib.Path:
    """A setup with the jobs and configs above."""
    (tmp_path / "jobs").mkdir()
    (tmp_path / "configs").mkdir()
    (tmp_path / "jobs" / "examples.py").write_text(JOBS)
    (tmp_path / "configs" / "toy.py").write_text(CONFIG)
    for name in ("localsis", "settings.py", "sis"):
        (tmp_path / name).symlink_to(PROJECT / name)
    return tmp_path


def start(setup: pathlib.Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """``./sis`` with its output in a pipe; Ctrl-C is as in a terminal, also where a shell runs the tests behind."""
    return subprocess.Popen(
        [sys.executable, "sis", *arguments],
        cwd=setup,
        env={**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def run(setup: pathlib.Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit status and output of ``./sis``."""
    process = start(setup, *arguments, **environment)
    text, _ = process.communicate(timeout=600)
    return process.returncode, text


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until it holds."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def slow_pid(setup: pathlib.Path) -> int | None:
    """The process of the slow job, from its usage file."""
    for path in (setup / "work").glob("jobs/examples/NumberJob.*/usage.run.1"):
        return int(path.read_text().split("'pid': ")[1].split(",")[0])
    return None


def test_graph_with_array_task_outputs_aliases_and_callback(setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", "configs/toy.py")
    assert status == 0, text
    assert (setup / "output" / "sum.txt").read_text() == "9"
    job = (setup / "alias" / "the_sum").resolve()
    names = {path.name for path in job.iterdir()}
    assert {
        "finished",
        "finished.part.1",
        "finished.part.3",
        "finished.run.1",
        "job.save",
        "info",
        "log.run.1",
    } <= names
    assert "the callback was called" in text
    status, text = run(setup, "manager", "configs/toy.py")
    assert status == 0 and "the callback was called" in text and "started" not in text


def test_error_is_shown_others_go_on_and_next_start_tries_again(setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", "configs/toy.failing")
    assert status == 1
    assert "this is what went wrong" in text and "whole log" in text and "not done: failed" in text
    assert (setup / "output" / "number").read_text() == "5\n"
    (setup / "mended").touch()
    status, text = run(setup, "manager", "configs/toy.failing")
    assert status == 0, text
    assert "failed before, is tried again" in text


def test_job_without_its_output_is_not_finished(setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", "configs/toy.forgetful")
    assert status == 1 and "has not made never_written" in text
    assert not list((setup / "work").rglob("finished"))


def test_removed_output_is_made_again(setup: pathlib.Path) -> None:
    assert run(setup, "manager", "configs/toy.py")[0] == 0
    (setup / "output" / "sum.txt").resolve().unlink()
    status, text = run(setup, "manager", "configs/toy.py")
    assert status == 0 and "was finished, but has not sum.txt" in text


def test_task_killed_goes_on(setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", "configs/toy.killed")
    assert status == 0 and "was killed (137" in text


def test_manager_killed_worker_is_found_again(setup: pathlib.Path) -> None:
    manager = start(setup, "manager", "configs/toy.slow")
    wait_for(lambda: slow_pid(setup) is not None)
    pid = slow_pid(setup)
    os.kill(manager.pid, signal.SIGKILL)
    manager.wait(timeout=600)
    status, text = run(setup, "manager", "configs/toy.slow")
    assert status == 0 and "still running since an earlier start" in text
    assert "run started" not in text
    assert slow_pid(setup) == pid


def test_second_manager_is_refused(setup: pathlib.Path) -> None:
    manager = start(setup, "manager", "configs/toy.slow")
    wait_for(lambda: slow_pid(setup) is not None)
    status, text = run(setup, "manager", "configs/toy.slow")
    assert status == 1 and "another manager is running" in text
    manager.communicate(timeout=600)
    assert manager.returncode == 0


def test_gpu_on_a_machine_without(setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", "configs/toy.gpu", PATH="/usr/bin:/bin")
    if not pathlib.Path("/usr/bin/nvidia-smi").exists():
        assert status == 1 and "wants a GPU, and this machine has none" in text


def test_reports_make_what_they_need_and_are_written_at_the_end(setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", "configs/toy.reported")
    assert status == 0, text
    assert (setup / "output" / "reports" / "numbers.txt").read_text() == "1 2"
    assert (setup / "output" / "structure").read_text() == "{'plain': 3}\n"
    assert (setup / "output" / "sum.txt").read_text() == "it is 1"


def test_report_that_cannot_be_written_is_told_and_ends_nothing(setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", "configs/toy.wrong_report")
    assert "report wrong: KeyError('b')" in text
    assert list((setup / "work").glob("jobs/examples/NumberJob.*/finished"))
    assert status == 0


def test_arguments_of_configs(setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", "configs/toy.with_arguments(4, b='x')")
    assert status == 0, text
    assert (setup / "output" / "nx").read_text() == "4\n"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("configs/nothing.py", "there is no config file configs/nothing.py"),
        ("configs/toy", "Did you mean configs/toy.py?"),
        ("configs/toy.missing", "has no function missing()"),
        ("configs/toy.with_arguments(open('x'))", "must be plain values"),
    ],
)
def test_wrong_config(config: str, message: str, setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", config)
    assert status == 1 and message in text and "Traceback" not in text


def test_config_without_py(setup: pathlib.Path) -> None:
    (setup / "configs" / "other.py").write_text("def main():\n    pass\n")
    status, text = run(setup, "manager", "configs/other.py")
    assert status == 1 and "has no function py(). It has: main" in text


def test_beyond_the_subset_names_sisyphus(setup: pathlib.Path) -> None:
    status, text = run(setup, "manager", "configs/toy.beyond")
    assert status == 1 and "sub_block is not part of the embedded engine. Install Sisyphus" in text


def test_other_project_called_sisyphus_is_refused(setup: pathlib.Path) -> None:
    package = setup / "site" / "sisyphus"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('must never be imported')")
    status, text = run(setup, "manager", "configs/toy.py", PYTHONPATH=str(setup / "site"), SIS_ENGINE="")
    assert status == 1 and "another project of that name" in text and "pip uninstall sisyphus" in text


def test_usage(setup: pathlib.Path) -> None:
    assert run(setup)[0] == 2
    status, text = run(setup, "manager")
    assert status == 2 and "usage: ./sis manager [-h] [-r] CONFIG [CONFIG ...]" in text


def test_work_directory_that_cannot_be_made(setup: pathlib.Path) -> None:
    (setup / "work").write_text("a file stands here")
    status, text = run(setup, "manager", "configs/toy.py")
    assert status == 1 and "cannot be written" in text and "Traceback" not in text
