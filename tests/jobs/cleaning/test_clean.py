"""``./sis clean``: what takes space, what of it nothing needs, and that only that goes."""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest

from jobs.cleaning.needed import Needed, all_jobs, write_needed
from jobs.cleaning.plan import Item, items
from jobs.cleaning.sizes import age_text, files_below, freed, size_text, taken
from jobs.inspection.job_names import Setup

from ..setup_directory import make_setup
from .test_retry import job_directory, sis

RunJob = Callable[[Any], Any]


@pytest.fixture
def setup(tmp_path: pathlib.Path) -> pathlib.Path:
    """A setup with the finished jobs a and b, of which no link leads to b."""
    place = make_setup(tmp_path / "setup")
    (place / "mended").touch()
    assert sis(place, "manager", "configs/failing.py('a', 'b')")[0] == 0
    return place


def unlink(setup: pathlib.Path, name: str) -> pathlib.Path:
    """Removes the links to a job."""
    job = job_directory(setup, name)
    (setup / "alias" / "failing" / name).unlink()
    (setup / "output" / name).unlink()
    return job


def test_without_a_config_sizes_are_shown(setup: pathlib.Path) -> None:
    status, text = sis(setup, "clean", "--yes")
    assert status == 0 and "failing/a (configs/failing/FailingJob." in text and "finished" in text and "B in 2" in text
    assert text.endswith("./sis clean CONFIG ... (all that use this directory)\n")
    assert job_directory(setup, "a").exists() and job_directory(setup, "b").exists()


def test_jobs_that_no_config_has_go(setup: pathlib.Path) -> None:
    a, b = job_directory(setup, "a"), unlink(setup, "b")
    status, text = sis(setup, "clean", "configs/failing.py('a')")
    assert (
        status == 0 and "can go" in text and "no config given has it" in text and "--yes removes these: 1 entry" in text
    )
    assert b.exists(), "nobody was asked"
    status, text = sis(setup, "clean", "--dry-run", "--yes", "configs/failing.py('a')")
    assert "nothing was removed" in text and b.exists()
    status, text = sis(setup, "clean", "--yes", "configs/failing.py('a')")
    assert status == 0 and "removed: " in text and not b.exists() and (a / "finished").exists()
    assert not list(b.parent.glob("*.cleared.*"))
    status, text = sis(setup, "manager", "configs/failing.py('a')")
    assert status == 0 and "started" not in text


def test_what_a_link_leads_to_stays(setup: pathlib.Path) -> None:
    """It is of a config that was not given."""
    status, text = sis(setup, "clean", "--yes", "configs/failing.py('a')")
    assert status == 0 and "/b leads to it" in text and "nothing can go" in text and job_directory(setup, "b").exists()


def test_what_was_put_aside_goes(setup: pathlib.Path) -> None:
    job = job_directory(setup, "a")
    assert sis(setup, "retry", "--from-start", "failing/a")[0] == 0
    assert sis(setup, "manager", "configs/failing.py('a', 'b')")[0] == 0
    aside = job.parent / f"{job.name}.cleared.0001"
    assert "put aside" in sis(setup, "clean")[1] and aside.exists()
    assert sis(setup, "clean", "--yes", "configs/failing.py('a', 'b')")[0] == 0
    assert not aside.exists() and (job / "finished").exists()


def test_config_that_cannot_be_called_removes_nothing(setup: pathlib.Path) -> None:
    job = unlink(setup, "b")
    status, text = sis(setup, "clean", "--yes", "configs/nothing.py")
    assert status == 1 and "there is no config file" in text and job.exists()


def test_running_and_new_jobs_stay(setup: pathlib.Path) -> None:
    job = unlink(setup, "b")
    (job / "finished").unlink()
    (job / "finished.run.1").unlink()
    (job / "holder.1").write_text(json.dumps({"host": "elsewhere", "pid": 7}))
    assert _item(setup, job).why.startswith("is running: process 7 on elsewhere")
    (job / "holder.1").unlink()
    (job / "usage.run.1").unlink()
    assert _item(setup, job).why.endswith("written to just now")
    for path in [*job.rglob("*"), job]:
        os.utime(path, (time.time() - 3600,) * 2, follow_symlinks=False)
    assert _item(setup, job).goes
    with open(setup / "work" / ".manager.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, text = sis(setup, "clean", "--yes", "configs/failing.py('a')")
    assert "a manager runs, maybe of another config" in text and job.exists()


def _item(setup: pathlib.Path, job: pathlib.Path) -> Item:
    place = Setup(str(setup))
    kept = Needed(frozenset({os.path.relpath(job_directory(setup, "a"), place.work_dir)}), {})
    return next(item for item in items(place, kept, has_manager=False) if item.path == str(job))


def test_what_a_needed_job_has_read_stays(setup: pathlib.Path) -> None:
    """Also where the graph does not show it: a job may have asked for it when its inputs were there."""
    a, b = job_directory(setup, "a"), unlink(setup, "b")
    (a / "input" / "b").symlink_to(b)
    assert not _item(setup, b).goes and "has read it" in _item(setup, b).why


def test_checkpoints_that_no_rule_keeps(tmp_path: pathlib.Path, setup: pathlib.Path) -> None:
    job = job_directory(setup, "a")
    models = job / "output" / "models"
    models.mkdir()
    for epoch in (1, 2, 3, 4):
        (models / f"epoch.{epoch:03d}.pt").write_bytes(b"x" * 5000)
        (models / f"epoch.{epoch:03d}.opt.pt").write_bytes(b"x" * 5000)
    (job / "output" / "best.pt").hardlink_to(models / "epoch.002.pt")
    place = Setup(str(setup))
    job_id = os.path.relpath(job, place.work_dir)
    needed = Needed(frozenset({job_id}), {job_id: [1, 2, 9]})
    (going,) = [item for item in items(place, needed, has_manager=True) if item.goes]
    assert going.epochs == (1, 2) and "2 checkpoints that no rule keeps: epochs 1-2" in going.why
    assert freed([going.files]) == 3 * 8192, "one file has another name, so its space stays taken"
    from jobs.cleaning.clean import remove

    remove(going)
    assert sorted(path.name for path in models.iterdir()) == [
        f"epoch.{epoch:03d}{ending}" for epoch in (3, 4) for ending in (".opt.pt", ".pt")
    ]
    assert (job / "finished").exists() and (job / "output" / "best.pt").exists()


def test_needed_are_inputs_and_what_is_asked_for_later(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    from tests.jobs.configs.asking import AskingJob, NumberJob

    first = run_job(NumberJob(1))
    asking = AskingJob(first.out)
    unreachable = NumberJob(7)
    assert write_needed([asking], [str(tmp_path / "needed.json")]) == 0
    found = json.loads((tmp_path / "needed.json").read_text())
    assert found["checkpoints"] == {}
    assert set(found["jobs"]) == {first.job_id(), asking.job_id(), unreachable.job_id()}, "it waits for the first"
    finished = pathlib.Path(first.out.get_path()).parents[1] / "finished"
    finished.touch()
    assert set(all_jobs([asking])) == {*found["jobs"], NumberJob(2).job_id()}


def test_sizes(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10_000)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to(tmp_path)
    both, one = files_below(str(tmp_path)), files_below(str(tmp_path / "a"))
    link = os.lstat(tmp_path / "c").st_blocks * 512
    assert taken([both]) == taken([both, one]) == 12_288 + link
    assert freed([both]) == 12_288 + link and freed([one]) == 0
    shutil.rmtree(tmp_path)
    assert taken([files_below(str(tmp_path))]) == 0
    assert [size_text(size) for size in (0, 999, 12_345, 2e9, 3e12)] == ["0 B", "999 B", "12.3 kB", "2 GB", "3 TB"]
    assert [age_text(seconds) for seconds in (5, 60, 7300, 90_000)] == ["now", "1 minute", "2 hours", "1 day"]
