"""What can happen to a work directory: two managers, no room, no access, a job removed, hostile names."""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil

import pytest

from .contract_setup import LAYOUT, make_setup, read_layout
from .test_contract import run, without_progress
from .test_manager import run as run_manager
from .test_manager import setup as setup
from .test_manager import slow_pid, start, wait_for

HOSTILE = 'it\'s "$(touch executed)" `touch executed`; touch executed #\n'


def was_executed(directory: pathlib.Path) -> bool:
    """Whether a shell has run what stands in a hostile name."""
    return any(directory.rglob("executed"))


def test_hostile_name_of_the_setup(tmp_path: pathlib.Path) -> None:
    place = make_setup(tmp_path / HOSTILE)
    status, text = run(place)
    assert status == 0, text
    assert without_progress(read_layout(place)) == without_progress(LAYOUT["done"])
    assert not was_executed(tmp_path)


def test_hostile_argument(setup: pathlib.Path) -> None:
    (setup / "configs" / "hostile.py").write_text(
        "from sisyphus import tk\nfrom jobs.examples import NumberJob\n\n\n"
        f"def py():\n    tk.register_output('value', NumberJob({HOSTILE!r}).out)\n"
    )
    status, text = run_manager(setup, "manager", "configs/hostile.py")
    assert status == 0, text
    assert (setup / "output" / "value").read_text() == f"{HOSTILE!r}\n"
    info = next((setup / "work").rglob("info")).read_text()
    assert "PARAMETER: number: it's" in info and not was_executed(setup)


def test_second_manager_is_refused_before_it_does_anything(setup: pathlib.Path) -> None:
    """Also one of Sisyphus: ``./sis`` holds the lock for both engines."""
    (setup / "work").mkdir()
    (setup / "configs" / "trace.py").write_text("def py():\n    open('was_called', 'w').close()\n")
    with open(setup / "work" / ".manager.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, text = run_manager(setup, "manager", "configs/trace.py")
        assert status == 1 and "another manager is running" in text
        assert not (setup / "was_called").exists()
    assert run_manager(setup, "manager", "configs/trace.py")[0] == 0


def test_full_disk_under_the_manager(setup: pathlib.Path) -> None:
    """/dev/full stands for a disk without room: each write to it fails so."""
    assert run_manager(setup, "manager", "configs/toy.py")[0] == 0
    job = (setup / "alias" / "the_sum").resolve()
    (job / "finished").unlink()
    (job / "finished.run.1").unlink()
    (job / "job.save.part").symlink_to("/dev/full")
    status, text = run_manager(setup, "manager", "configs/toy.py")
    assert status == 1 and "No space left on device" in text and "Make room" in text and "Traceback" not in text
    (job / "job.save.part").unlink()
    status, text = run_manager(setup, "manager", "configs/toy.py")
    assert status == 0 and "NumberJob" not in text, "what was done stays done"


def test_full_disk_under_a_task(setup: pathlib.Path) -> None:
    assert run_manager(setup, "manager", "configs/toy.with_arguments(4)")[0] == 0
    job = next((setup / "work" / "jobs" / "examples").glob("NumberJob.*"))
    (job / "output" / "number").unlink()
    (job / "output" / "number.part").symlink_to("/dev/full")
    status, text = run_manager(setup, "manager", "configs/toy.with_arguments(4)")
    assert status == 1 and "No space left on device" in text and "whole log" in text
    assert not (job / "output" / "number").exists()
    (job / "output" / "number.part").unlink()
    assert run_manager(setup, "manager", "configs/toy.with_arguments(4)")[0] == 0
    assert (setup / "output" / "n").read_text() == "4\n"


def test_links_of_outputs_cannot_be_made(setup: pathlib.Path) -> None:
    (setup / "output").write_text("a file stands here")
    status, text = run_manager(setup, "manager", "configs/toy.py")
    assert status == 1 and "cannot write" in text and str(setup / "output") in text and "Traceback" not in text
    assert (setup / "output").read_text() == "a file stands here"
    (setup / "output").unlink()
    assert run_manager(setup, "manager", "configs/toy.py")[0] == 0


@pytest.mark.parametrize(("name", "message"), [("output", "cannot write"), ("work", "cannot be written")])
def test_file_system_that_takes_no_files(name: str, message: str, setup: pathlib.Path) -> None:
    """/proc stands for one that is read-only; root may write to all others."""
    (setup / name).symlink_to("/proc")
    status, text = run_manager(setup, "manager", "configs/toy.py")
    assert status == 1 and message in text and str(setup / name) in text and "Traceback" not in text
    (setup / name).unlink()
    assert run_manager(setup, "manager", "configs/toy.py")[0] == 0


def test_real_file_in_place_of_a_link_is_not_lost(setup: pathlib.Path) -> None:
    (setup / "output").mkdir()
    (setup / "output" / "sum.txt").write_text("written by hand")
    status, text = run_manager(setup, "manager", "configs/toy.py")
    assert status == 1 and "sum.txt" in text and "Traceback" not in text
    assert (setup / "output" / "sum.txt").read_text() == "written by hand"


@pytest.mark.parametrize("how", ["removed", "renamed", "made anew"])
def test_job_directory_removed_while_it_runs(how: str, setup: pathlib.Path) -> None:
    """Its process ends, and writes nothing into what stands in its place."""
    manager = start(setup, "manager", "configs/toy.slow")
    wait_for(lambda: slow_pid(setup) is not None)
    job, first = next((setup / "work" / "jobs" / "examples").glob("NumberJob.*")), slow_pid(setup)
    job.rename(setup / "aside")
    if how == "made anew":
        job.mkdir()
    if how != "renamed":
        shutil.rmtree(setup / "aside")
    text, _ = manager.communicate(timeout=600)
    assert manager.returncode == 0 and "its directory was removed or renamed; it " in text, text
    assert text.count("run started") == 2 and (setup / "output" / "slow").read_text() == "7\n"
    assert slow_pid(setup) != first and (job / "finished").exists()
    if how == "renamed":
        assert "the job's directory was removed or renamed: its task ends" in (setup / "aside/log.run.1").read_text()
        assert not (setup / "aside" / "finished.run.1").exists()


def test_finished_job_removed(setup: pathlib.Path) -> None:
    """What needs it is done, so it is made again only when that is to be made again."""
    assert run_manager(setup, "manager", "configs/toy.py")[0] == 0
    for path in (setup / "work" / "jobs" / "examples").glob("NumberJob.*"):
        shutil.rmtree(path)
    status, text = run_manager(setup, "manager", "configs/toy.py")
    assert status == 0 and "started" not in text
    shutil.rmtree((setup / "alias" / "the_sum").resolve())
    status, text = run_manager(setup, "manager", "configs/toy.py")
    assert status == 0 and text.count("run started") == 3, text


def test_link_of_a_job_to_what_is_gone(setup: pathlib.Path) -> None:
    assert run_manager(setup, "manager", "configs/toy.py")[0] == 0
    job = (setup / "alias" / "the_sum").resolve()
    shutil.rmtree(job)
    job.symlink_to(setup / "gone")
    assert run_manager(setup, "manager", "configs/toy.py")[0] == 0
    assert (setup / "output" / "sum.txt").read_text() == "9"


def test_job_on_hold(setup: pathlib.Path) -> None:
    assert run_manager(setup, "manager", "configs/toy.py")[0] == 0
    job = (setup / "alias" / "the_sum").resolve()
    for name in ("finished", "finished.run.1"):
        (job / name).unlink()
    (job / "hold").touch()
    status, text = run_manager(setup, "manager", "configs/toy.py")
    assert status == 1 and "is held" in text and "started" not in text
    (job / "hold").unlink()
    assert run_manager(setup, "manager", "configs/toy.py")[0] == 0


@pytest.mark.parametrize("content", ["", "{'pid': 1}", "no literal", "{'pid': __import__('os').getpid()}"])
def test_damaged_usage_file(content: str, setup: pathlib.Path) -> None:
    assert run_manager(setup, "manager", "configs/toy.py")[0] == 0
    job = (setup / "alias" / "the_sum").resolve()
    for name in ("finished", "finished.run.1"):
        (job / name).unlink()
    (job / "usage.run.1").write_text(content)
    status, text = run_manager(setup, "manager", "configs/toy.py")
    assert status == 0 and "run started" in text
    assert os.path.exists(job / "finished")
