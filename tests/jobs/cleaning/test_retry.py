"""``./sis retry``: errors cleared, on directories and with real processes."""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

from jobs.cleaning.clear import Run, clear, failed_runs, put_aside, stuck_runs, unfinished_runs
from jobs.cleaning.running import running
from jobs.process_identity import own_identity

from ..setup_directory import make_setup


def sis(setup: pathlib.Path, *arguments: str) -> tuple[int, str]:
    """Runs ``./sis``; its exit status and all that it prints."""
    done = subprocess.run(
        [sys.executable, "sis", *arguments],
        cwd=setup,
        env={**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": "this"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def setup(tmp_path: pathlib.Path) -> pathlib.Path:
    """A setup in which two jobs have failed."""
    place = make_setup(tmp_path / "setup")
    status, text = sis(place, "manager", "configs/failing.py('a', 'b')")
    assert status == 1 and "ValueError: a is not mended" in text and "whole log: " in text
    assert "failed: failing/a, failing/b" in text
    return place


def job_directory(setup: pathlib.Path, name: str) -> pathlib.Path:
    """The directory of a job."""
    return (setup / "alias" / "failing" / name).resolve()


def test_one_job_goes_on(setup: pathlib.Path) -> None:
    job = job_directory(setup, "a")
    assert "    ValueError: a is not mended\n    when that is mended: ./sis retry" in sis(setup, "show", "failing/a")[1]
    status, text = sis(setup, "retry", "failing/a")
    assert status == 0 and "failing/a (" in text and "log.run.1.error.01" in text and "./sis manager CONFIG" in text
    assert not (job / "error.run.1").exists() and not (job / "usage.run.1").exists()
    assert "a is not mended" in (job / "log.run.1.error.01").read_text()
    assert (job_directory(setup, "b") / "error.run.1").exists()
    (setup / "mended").touch()
    status, text = sis(setup, "manager", "configs/failing.py('a')")
    assert status == 0 and "failed before" not in text
    assert (setup / "output" / "a").read_text() == "a\na\n", "what was there is not begun anew"


def test_all_are_listed_and_cleared(setup: pathlib.Path) -> None:
    status, text = sis(setup, "retry")
    assert status == 0 and "2 jobs have failed:" in text and text.index("b is not mended") < text.index("cleared")
    assert not list(setup.rglob("error.run.1"))
    assert sis(setup, "retry") == (0, "no job in work/ has failed\n")


def test_from_the_start(setup: pathlib.Path) -> None:
    job = job_directory(setup, "a")
    assert sis(setup, "retry", "--from-start")[0] == 1
    status, text = sis(setup, "retry", "--from-start", os.path.basename(job)[-6:])
    assert status == 1 and "there is no job" in text, "the end of a hash names nothing"
    status, text = sis(setup, "retry", "--from-start", job.name)
    assert status == 0 and "starts from the beginning" in text and f"{job.name}.cleared.0001" in text
    assert not job.exists() and (job.parent / f"{job.name}.cleared.0001" / "work" / "runs").read_text() == "a\n"
    (setup / "mended").touch()
    assert sis(setup, "manager", "configs/failing.py('a')")[0] == 0
    assert (setup / "output" / "a").read_text() == "a\n"
    status, text = sis(setup, "retry", "failing/a")
    assert status == 1 and "is finished" in text and "--from-start" in text and (job / "finished").exists()


def test_running_job_is_refused(setup: pathlib.Path) -> None:
    """On this machine by its process; on another one by what it has written just now."""
    job = job_directory(setup, "a")
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "worker", str(job), "run", "1"])
    try:
        (job / "usage.run.1").write_text(repr({"pid": worker.pid, "host": os.uname().nodename}))
        status, text = sis(setup, "retry", "failing/b", "failing/a")
        assert status == 1 and f"process {worker.pid} on this machine" in text
        assert (job_directory(setup, "b") / "error.run.1").exists(), "all or nothing"
    finally:
        worker.kill()
        worker.wait()
    assert running("x", str(job)) is None
    (job / "usage.run.1").write_text(repr({"pid": 1, "host": "elsewhere"}))
    assert "elsewhere runs its task run" in str(running("x", str(job)))
    assert "1 job has failed" in sis(setup, "retry")[1], "without names what runs is passed over"
    for name in ("usage.run.1", "log.run.1"):
        os.utime(job / name, (time.time() - 3600,) * 2)
    assert running("x", str(job)) is None


def test_job_whose_directory_is_held(setup: pathlib.Path) -> None:
    job = job_directory(setup, "a")
    (job / "holder.1").write_text(json.dumps({"host": "elsewhere", "pid": 7}) + " " * 200)
    assert "process 7 on elsewhere since None holds its directory" in sis(setup, "retry", "failing/a")[1]
    ended = {**own_identity(), "pid": 2**22 + 1}
    (job / "holder.1").write_text(json.dumps(ended))
    assert running("x", str(job)) is None, "its process has ended"
    (job / "holder.1").write_text(json.dumps({**ended, "pidns": "pid:[1]"}))
    assert "holds its directory" in str(running("x", str(job))), "of a container, whose numbers are others"


def test_manager_that_runs_is_named(setup: pathlib.Path) -> None:
    with open(setup / "work" / ".manager.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "a manager is running here" in sis(setup, "retry", "failing/a")[1]


def test_wrong_commands(setup: pathlib.Path) -> None:
    assert sis(setup, "retry", "--all")[0] == 2
    status, text = sis(setup, "retry", "nothing")
    assert status == 1 and "there is no job 'nothing'" in text


def test_what_is_taken_away(tmp_path: pathlib.Path) -> None:
    """What Sisyphus would look at is gone; logs and what was made stay."""
    for name in ("log.run.1", "error.run.1", "usage.run.1", "submit_log.run", "log.run.1.error.01", "finished.part.1"):
        (tmp_path / name).write_text(name)
    assert failed_runs(str(tmp_path)) == [Run("run", 1)] == unfinished_runs(str(tmp_path))
    assert clear(str(tmp_path), Run("run", 1)) == str(tmp_path / "log.run.1.error.02")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "finished.part.1",
        "log.run.1.error.01",
        "log.run.1.error.02",
    ]


def test_runs_that_sisyphus_gave_up(tmp_path: pathlib.Path) -> None:
    line = "([1, 2], {'cpu': 1, 'mem': 1.0, 'engine_name': 'local'})\n"
    (tmp_path / "submit_log.run").write_text(line * 4 + "([1], {'cu")
    for name in ("log.run.1", "log.run.2", "finished.run.2"):
        (tmp_path / name).touch()
    assert stuck_runs(str(tmp_path), 3) == [Run("run", 1)]
    assert stuck_runs(str(tmp_path), 4) == []


def test_put_aside_as_sisyphus_does_it(tmp_path: pathlib.Path) -> None:
    for number in (1, 2):
        (tmp_path / "Job.a").mkdir()
        assert put_aside(str(tmp_path / "Job.a")) == str(tmp_path / f"Job.a.cleared.000{number}")
