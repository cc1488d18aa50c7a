"""What the manager ends with, with real processes; and the hooks of settings.py, on both engines."""

from __future__ import annotations

import pathlib
import types

import pytest

from localsis.run_end import tell_end

from .played_sisyphus import play_sisyphus, run_sisyphus
from .test_manager import PROJECT, run
from .test_manager import setup as setup

CONFIG = """
from sisyphus import tk
from jobs.examples import FailingJob, NumberJob, SumJob


def named():
    number = NumberJob(2)
    number.add_alias("exp/small/number")
    total = SumJob([number.out])
    total.add_alias("exp/small/total")
    tk.register_output("exp/small/number", number.out)
    tk.register_output("exp/small/total.txt", total.out)
    tk.register_report("live", {"the number": number.out})
    tk.register_callback(print, "the callback was called", [number.out])


def failing():
    named()
    job = FailingJob()
    job.add_alias("exp/large/number")
    tk.register_output("exp/large/file", job.out)


def broken_callback():
    named()
    tk.register_callback(lambda value: 1 / 0, NumberJob(3).out)
"""

HOOKS = """

def when_job_fails(job, text):
    with open("told", "a") as file:
        file.write(f"FAILED {job}: {text}\\n")


def when_manager_ends(status, text):
    with open("told", "a") as file:
        file.write(f"ENDED {status}: {text}\\n")
"""


@pytest.fixture
def named(setup: pathlib.Path) -> pathlib.Path:
    """A setup with this config, and with hooks."""
    (setup / "configs" / "named.py").write_text(CONFIG)
    (setup / "settings.py").unlink()
    (setup / "settings.py").write_text((PROJECT / "settings.py").read_text() + HOOKS)
    return setup


def test_all_is_there(named: pathlib.Path) -> None:
    """A run that finds all done ends in the same way."""
    status, text = run(named, "manager", "configs/named.named")
    end = text[text.index("the callback was called") :]
    assert "exp/small/total (SumJob." in text[: -len(end)], "lines of the log name aliases"
    again_status, again = run(named, "manager", "configs/named.named")
    assert (status, again_status) == (0, 0) and again == end
    assert "\n\noutput\n  live  {'the number': " in end
    assert "\n\nexp/small\n  number     2\n  total.txt  8\n\n" in end
    assert "what took longest" in end and "exp/small/total part.3" in end and "all 5 tasks" in end
    assert end.endswith("\n\nall outputs are there\n")
    first, second = (named / "told").read_text().split("ENDED ")[1:]
    assert first == second == f"0: {end.partition(chr(10) + chr(10))[2]}"


def test_what_failed_is_told_below_what_there_is(named: pathlib.Path) -> None:
    status, text = run(named, "manager", "configs/named.failing")
    assert status == 1 and "the callback was called" not in text
    end = text[text.index("\nexp/") :]
    assert "  number     2\n" in end and "exp/large\n  file  not there\n" in end and "what took longest" in end
    last = end[end.index("1 job failed:") :].splitlines()
    (job,) = (named / "work" / "jobs" / "examples").glob("FailingJob.*")
    label = f"exp/large/number (jobs/examples/{job.name})"
    assert last == [
        "1 job failed:",
        f"{label}: run ended with an error:",
        "  ValueError: this is what went wrong",
        f"  whole log: {job}/log.run.1",
        "not done: exp/large/file",
        "Mend what is said there, then start the manager again: it tries what failed, and what is done stays",
    ]
    failed, ended = (named / "told").read_text().split("ENDED 1: ")
    assert failed == "FAILED exp/large/number: " + "\n".join(last[1:4]) + "\n"
    assert ended.endswith("\n".join(last) + "\n")


def test_results_come_also_where_a_callback_fails(named: pathlib.Path) -> None:
    status, text = run(named, "manager", "configs/named.broken_callback")
    assert status == 1 and "ZeroDivisionError" in text and "  number     2\n" in text


def test_the_same_on_sisyphus(named: pathlib.Path) -> None:
    job = named / "work" / "jobs" / "XJob.a"
    job.mkdir(parents=True)
    (job / "error.run.1").touch()
    (job / "log.run.1").write_text("Traceback (most recent call last):\n  line\nOSError: nothing\n")
    (job / "usage.run.1").write_text("{'host': 'node', 'used_time': 0.5, 'max': {'rss': 1.5}}")
    (named / "value").write_text("36.21\n")
    play_sisyphus(
        named,
        manager="import sisyphus.global_settings as gs, sisyphus.toolkit as tk\n"
        "for _ in range(2):\n    gs.on_job_failure(tk.Job('jobs/XJob.a', alias='exp/train'))",
        states="'error': [Job('jobs/XJob.a', alias='exp/train')]",
        targets="OutputTarget('exp/wer', Path('value', Job('jobs/XJob.a', alias='exp/train'), True)), "
        "Target('callback', Path('value', None, True))",
    )
    with open(named / "site" / "sisyphus" / "global_settings.py", "a") as file:
        file.write(HOOKS)
    status, text = run_sisyphus(named, "manager", "configs/named.named")
    reason = f"run ended with an error:\n  OSError: nothing\n  whole log: {job}/log.run.1\n"
    end = text[text.index("\nexp\n") + 1 :]
    assert status == 1 and end == (
        "exp\n  wer  36.21\n\n"
        "what took longest        time  CPU time   memory\n"
        "exp/train run      30 min 0 s         -  1.50 GB\n\n"
        f"1 job does not go on:\nexp/train (jobs/XJob.a): {reason}"
        "Mend what is said there, then: ./sis retry exp/train\nand start the manager again; what is done stays\n"
    )
    told = f"FAILED exp/train: exp/train (jobs/XJob.a): {reason}ENDED 1: {end}"
    assert (named / "told").read_text() == told, "once, though Sisyphus says it again and again"


def test_an_error_in_a_hook_ends_nothing() -> None:
    said: list[str] = []
    settings = types.SimpleNamespace(when_manager_ends=lambda status, text: 1 / 0)
    tell_end(settings, 0, "text", said.append)
    tell_end(types.SimpleNamespace(), 0, "text", said.append)
    assert said == ["when_manager_ends of settings.py: ZeroDivisionError: division by zero"]


def test_ctrl_c_tells_nobody(named: pathlib.Path) -> None:
    play_sisyphus(named, manager="raise KeyboardInterrupt")
    with open(named / "site" / "sisyphus" / "global_settings.py", "a") as file:
        file.write(HOOKS)
    assert run_sisyphus(named, "manager", "configs/named.named")[0] == 1
    assert not (named / "told").exists()
