"""The file that says where a task runs is written again and again, with what Sisyphus reads in it."""

from __future__ import annotations

import ast
import os
import pathlib
import shutil

import pytest

from localsis import settings
from localsis.usage import UsageWriter, interval

from .test_manager import wait_for


def test_it_is_written_again_and_again(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings._given, "PLOGGING_UPDATE_FILE_PERIOD", 1)
    path = tmp_path / "usage.run.1"
    writer = UsageWriter(str(path), {"mem": 2}, lambda: None)
    first = path.stat().st_mtime_ns
    wait_for(lambda: path.stat().st_mtime_ns != first)
    writer.out_of_memory = True
    writer.stop()
    usage = ast.literal_eval(path.read_text())
    assert usage["pid"] == os.getpid() and usage["host"] == os.uname().nodename
    assert usage["requested_resources"] == {"mem": 2} and usage["out_of_memory"] is True
    assert 0 < usage["used_time"] < 1 and 0.001 < usage["max"]["rss"] <= usage["max"]["vms"]
    last = path.stat().st_mtime_ns
    assert os.listdir(tmp_path) == ["usage.run.1"] and path.stat().st_mtime_ns == last


def test_removed_directory_is_told(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings._given, "PLOGGING_UPDATE_FILE_PERIOD", 1)
    told: list[bool] = []
    (tmp_path / "job").mkdir()
    writer = UsageWriter(str(tmp_path / "job" / "usage.run.1"), {}, lambda: told.append(True))
    shutil.move(tmp_path / "job", tmp_path / "aside")
    (tmp_path / "job").mkdir()
    wait_for(lambda: bool(told))
    assert os.listdir(tmp_path / "job") == []
    del writer


@pytest.mark.parametrize("period", [0.1, 1, 60])
def test_it_is_younger_than_what_sisyphus_takes_for_dead(period: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings._given, "PLOGGING_UPDATE_FILE_PERIOD", period)
    assert 0.3 <= interval() <= max(0.3, period / 3) and interval() <= 5
