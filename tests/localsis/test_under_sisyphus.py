"""``./sis manager`` on Sisyphus: played by a small package, and real where there is one."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from .played_sisyphus import play_sisyphus, run_sisyphus
from .test_manager import setup as setup

PYTHON = os.environ.get("SISYPHUS_PYTHON", sys.executable)
"""An interpreter that may have Sisyphus."""

QUESTION = "Clear jobs in error state? [y/N] u\n"


def has_sisyphus() -> bool:
    """Whether that interpreter has it, and not another project of that name."""
    code = "import sisyphus.localengine, sisyphus.toolkit"
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, check=False, cwd="/")
    return done.returncode == 0


def test_all_is_there(setup: pathlib.Path) -> None:
    play_sisyphus(setup, states="'finished': [1], 'input_path': ['a']")
    status, text = run_sisyphus(setup, "manager", "configs/toy.py")
    assert status == 0 and text == f"{QUESTION}\nall outputs are there\n"
    assert (setup / "called").read_text() == "manager -io -r configs/toy.py\n", "called once, without its questions"


def test_errors_may_be_cleared_as_sisyphus_does_it(setup: pathlib.Path) -> None:
    play_sisyphus(setup)
    run_sisyphus(setup, "manager", "-co", "configs/toy.py")
    assert (setup / "called").read_text() == "manager -r -co configs/toy.py\n"


def test_wrong_command(setup: pathlib.Path) -> None:
    play_sisyphus(setup)
    assert run_sisyphus(setup, "manager", "--wrong") == (2, "")


def test_what_failed_is_told_with_what_to_do(setup: pathlib.Path) -> None:
    """Once when it fails, and in the end, with the hook of the settings as ever."""
    job = setup / "work" / "jobs" / "XJob.a"
    job.mkdir(parents=True)
    (job / "error.run.1").touch()
    (job / "log.run.1").write_text("Traceback (most recent call last):\n  line\nOSError: [Errno 28] No space left\n")
    play_sisyphus(
        setup,
        manager="import sisyphus.global_settings as gs, sisyphus.toolkit as tk\n"
        "for _ in range(2):\n    gs.on_job_failure(tk.Job('jobs/XJob.a', alias='train'))",
        states="'error': [Job('jobs/XJob.a', alias='train')], 'runnable': []",
    )
    status, text = run_sisyphus(setup, "manager", "configs/toy.py")
    lines = [
        "train (jobs/XJob.a): run ended with an error:",
        "  the disk is full: make room",
        "  OSError: [Errno 28] No space left",
        f"  whole log: {job}/log.run.1",
    ]
    hook = "the hook of the settings jobs/XJob.a"
    assert status == 1
    assert text.splitlines() == [
        QUESTION.strip(),
        f"FAILED: {lines[0]}",
        *lines[1:],
        hook,
        hook,
        "",
        "1 job does not go on:",
        *lines,
        "Mend what is said there, then: ./sis retry train",
        "and start the manager again; what is done stays",
    ]


def test_what_was_removed_is_told_with_who_wants_it(setup: pathlib.Path) -> None:
    play_sisyphus(
        setup,
        states="'waiting': [Job('jobs/XJob.a', Path('/w/b', Job('done/YJob.b'), False), "
        "Path('/w/c', Job('ZJob.c'), False)), Job('jobs/VJob.a', Path('/data', None, False))], "
        "'input_missing': ['/data'], 'hold': [Job('jobs/HJob.a')]",
        targets="Target('result', Path('/w/d', Job('done/YJob.b'), False))",
    )
    status, text = run_sisyphus(setup, "manager", "configs/toy.py")
    assert status == 1
    assert "/w/b: it was removed" in text and "./sis retry --from-start done/YJob.b\n  wanted by jobs/XJob.a\n" in text
    assert "/data: no job makes it\n  wanted by jobs/VJob.a\n" in text
    assert "/w/d: it was removed" in text and "wanted by the output result\n" in text and "/w/c" not in text
    assert "jobs/HJob.a: is held; it goes on once work/jobs/HJob.a/hold is removed" in text


def test_job_that_still_runs_when_all_outputs_are_there(setup: pathlib.Path) -> None:
    """As a training whose last checkpoint is registered: Sisyphus' manager ends before the training does."""
    play_sisyphus(
        setup,
        states="'running': [Job('jobs/XJob.a')]",
        targets="Target('model', Path('/w/a', Job('jobs/XJob.a'), __import__('os').path.exists('model')))",
    )
    status, text = run_sisyphus(setup, "manager", "configs/toy.py")
    assert status == 1 and text.endswith("1 job is still running or queued; the next start goes on\n")
    (setup / "model").touch()
    status, text = run_sisyphus(setup, "manager", "configs/toy.py")
    assert status == 0 and text.endswith("1 job is still running or queued\n\nall outputs are there\n")


def test_manager_that_finds_no_room(setup: pathlib.Path) -> None:
    play_sisyphus(setup, manager="raise OSError(28, 'No space left on device', 'work/x')")
    status, text = run_sisyphus(setup, "manager", "configs/toy.py")
    assert status == 1 and "manager ended with: [Errno 28]" in text and "the disk is full: make room. Then st" in text


def test_config_that_fails(setup: pathlib.Path) -> None:
    play_sisyphus(setup, manager="raise ValueError('in the config')")
    assert run_sisyphus(setup, "manager", "configs/toy.py")[0] == 1


@pytest.mark.skipif(not has_sisyphus(), reason="Sisyphus is not installed here; SISYPHUS_PYTHON may name where it is")
def test_real_sisyphus(setup: pathlib.Path) -> None:
    """A job fails, others run; it is told, cleared, and goes on; all in one process that makes the graph once."""
    config = setup / "configs" / "toy.py"
    config.write_text(f"{config.read_text()}\nopen('made', 'a').write('graph\\n')\n")

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [PYTHON, "sis", *arguments],
            cwd=setup,
            env={**os.environ, "SIS_ENGINE": "sisyphus", "SIS_PYTHON": "this"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=600,
        )
        return done.returncode, done.stdout + done.stderr

    status, text = run("manager", "configs/toy.failing")
    assert status == 1 and "1 job does not go on:" in text and "ValueError: this is what went wrong" in text
    assert "whole log: " in text and "./sis retry jobs/examples/FailingJob." in text
    assert (setup / "output" / "number").exists()
    assert (setup / "made").read_text() == "graph\n"
    (setup / "mended").touch()
    status, text = run("manager", "configs/toy.failing")
    assert status == 1 and "1 job does not go on:" in text, "the error stays until somebody clears it"
    (job,) = (setup / "work" / "jobs" / "examples").glob("FailingJob.*")
    from jobs.cleaning.clear import Run, clear

    clear(str(job), Run("run", 1))
    status, text = run("manager", "configs/toy.failing")
    assert status == 0 and "all outputs are there\n" in text, text
    status, text = run("manager", "configs/toy.failing")
    assert status == 0, "nothing is left to do"
