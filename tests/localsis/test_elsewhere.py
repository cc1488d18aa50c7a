"""What a manager makes of the files of runs that it cannot see."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

from localsis import elsewhere
from localsis.elsewhere import Elsewhere


def look(place: pathlib.Path, **options: bool) -> Elsewhere:
    """What is known of the run of a job."""
    return Elsewhere(str(place), str(place / "usage.run.1"), str(place / "error.run.1"), **options)


def write_holder(place: pathlib.Path, beat: int, **values: object) -> None:
    """As a task writes it that holds the directory."""
    record = {"host": "far", "boot": "b", "pidns": "n", "pid": 7, "start": "1", "since": "today", "every": 0.02}
    (place / "holder.3").write_text(json.dumps({**record, "beat": beat, **values}))


def write_usage(place: pathlib.Path, host: str, age: float = 0.0, **values: object) -> None:
    """As a worker writes it."""
    (place / "usage.run.1").write_text(repr({"host": host, "pid": 7, **values}))
    written = (place / "usage.run.1").stat().st_mtime - age
    os.utime(place / "usage.run.1", (written, written))


def test_nothing_is_known(tmp_path: pathlib.Path) -> None:
    assert look(tmp_path).evidence is None and not look(tmp_path).is_alive()
    (tmp_path / "usage.run.1").write_text("{'host': 'far'")
    (tmp_path / "holder.1").write_text("")
    assert look(tmp_path).evidence is None


def test_holder_that_changes_is_alive(tmp_path: pathlib.Path) -> None:
    write_holder(tmp_path, 1)
    found = look(tmp_path)
    assert found.where == "far (process 7) since today" and found.is_alive() and not found.is_confirmed
    write_holder(tmp_path, 2)
    assert found.is_alive() and found.is_confirmed
    time.sleep(0.6)
    assert not found.is_alive()
    write_holder(tmp_path, 3)
    assert found.is_alive(), "it was asleep"
    (tmp_path / "holder.3").unlink()
    write_usage(tmp_path, "far")
    assert not found.is_alive(), "it has given the directory back"


def test_holder_of_this_machine_that_has_ended(tmp_path: pathlib.Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    write_holder(tmp_path, 1, boot=boot, pidns=os.readlink("/proc/self/ns/pid"), pid=child.pid)
    assert look(tmp_path).evidence is None
    write_holder(tmp_path, 1, boot=boot, pidns=os.readlink("/proc/self/ns/pid"), pid=os.getpid())
    assert look(tmp_path).evidence is None, "the PID is that of another process now"


def test_usage_of_another_host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "_USAGE_PATIENCE", 0.3)
    write_usage(tmp_path, "far")
    found = look(tmp_path)
    assert found.where == "far (process 7)" and found.is_alive()
    time.sleep(0.2)
    write_usage(tmp_path, "far")
    time.sleep(0.2)
    assert found.is_alive() and found.is_confirmed
    time.sleep(0.4)
    assert not found.is_alive()
    assert list(tmp_path.iterdir()) == [tmp_path / "usage.run.1"]


def test_usage_that_says_nothing(tmp_path: pathlib.Path) -> None:
    write_usage(tmp_path, os.uname().nodename)
    assert look(tmp_path).evidence is None, "a process of this machine is found by its PID"
    write_usage(tmp_path, "far", age=3600)
    assert look(tmp_path).evidence is None, "it is of long ago"
    write_usage(tmp_path, "far", age=5)
    (tmp_path / "error.run.1").touch()
    assert look(tmp_path).evidence is None, "it ended with this error"
    write_usage(tmp_path, "far", age=-5)
    assert look(tmp_path).evidence is not None, "it wrote after the error of another"


def test_usage_of_this_engine_is_written_more_often(tmp_path: pathlib.Path) -> None:
    write_usage(tmp_path, "far")
    patience = look(tmp_path).patience
    write_usage(tmp_path, "far", start_time=1.0)
    assert look(tmp_path).patience < patience


def test_process_that_waits_for_the_directory(tmp_path: pathlib.Path) -> None:
    (tmp_path / ".holder.abc").touch()
    assert look(tmp_path).evidence is None
    found = look(tmp_path, waits=True)
    assert found.is_alive()
    write_holder(tmp_path, 1)
    assert found.is_alive() and found.where.startswith("far")
