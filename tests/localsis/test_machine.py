"""Cores and memory: those of the machine, or of the control group of this process."""

from __future__ import annotations

import os
import pathlib

import psutil
import pytest

from localsis import machine


@pytest.fixture
def groups(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The files of control groups, by their paths, of a process that is in several."""
    files: dict[str, str] = {"/proc/self/cgroup": "0::/a/b\n4:memory:/c\n1:cpu:/\n"}

    def read(path: pathlib.Path) -> str:
        return files.get(str(path), "").strip()

    monkeypatch.setattr(machine, "_read", read)
    return files


def test_of_the_machine(groups: dict[str, str]) -> None:
    assert machine.available_cores() == len(os.sched_getaffinity(0))
    assert machine.available_memory() == psutil.virtual_memory().total / 1024**3


@pytest.mark.parametrize("name", ["a/b/memory.max", "a/memory.max", "memory/c/memory.limit_in_bytes"])
def test_limit_of_memory(name: str, groups: dict[str, str]) -> None:
    """Also that of a group around."""
    groups["/sys/fs/cgroup/memory.max"] = "max\n"
    groups[f"/sys/fs/cgroup/{name}"] = f"{3 * 2**29}\n"
    assert machine.available_memory() == 1.5


def test_limit_of_cores(groups: dict[str, str]) -> None:
    groups["/sys/fs/cgroup/a/b/cpu.max"] = "max 100000\n"
    groups["/sys/fs/cgroup/a/cpu.max"] = "50000 100000\n"
    assert machine.available_cores() == 1


def test_files_that_are_not_there() -> None:
    assert machine._read(pathlib.Path("/no/such/file")) == ""
