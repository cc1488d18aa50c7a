"""What a task needed is kept in its job's directory, of each of its starts, with that of processes below it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from localsis.cost_record import ORIGIN_VARIABLE, CostRecord
from localsis.task_costs import read_costs

from .test_manager import run
from .test_manager import setup as setup

NEEDY = """
import subprocess, sys
from localsis.cost_record import CostRecord

cost = CostRecord(sys.argv[1])
cost.measure()
if sys.argv[2] == "below":
    child = subprocess.Popen([sys.executable, "-c", NEED], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    cost._write()  # as the thread does it now and then
    child.communicate()
elif sys.argv[2] == "ended":
    program = f'{sys.executable} -c "$1" < /dev/null; true'  # by a shell, which is not that program itself
    subprocess.run(["sh", "-c", program, "sh", NEED.replace("input()", "")], check=True)
else:
    exec(NEED.replace("input()", ""))
cost.end()
"""

NEED = """
block = bytearray(200_000_000)
total = sum(index % 7 for index in range(2_000_000))
print(flush=True)
input()
del block
"""


@pytest.mark.parametrize("where", ["here", "below", "ended"])
def test_memory_and_cpu_time(tmp_path: pathlib.Path, where: str) -> None:
    """Of the process itself and of those below it, also after they have ended, and if they were never seen."""
    program = f"NEED = {NEED!r}\n{NEEDY}"
    path = tmp_path / "cost.run.1"
    subprocess.run([sys.executable, "-c", program, str(path), where], check=True, input=b"\n", timeout=600)
    (cost,) = read_costs(str(tmp_path))
    assert cost.memory is not None and 0.18 < cost.memory < 0.6
    assert cost.cpu_seconds is not None and cost.cpu_seconds > 0.05 and cost.seconds > 0
    assert cost.host == os.uname().nodename and cost.starts == 1


def test_each_start_has_its_entry(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "cost.run.1"
    for _ in range(3):
        CostRecord(str(path)).end()
    (cost,) = read_costs(str(tmp_path))
    starts = json.loads(path.read_text())["starts"]
    assert cost.starts == len(starts) == 3 and cost.began == starts[0]["began"]
    assert cost.seconds == pytest.approx(sum(start["seconds"] for start in starts))
    path.write_text("{")
    CostRecord(str(path)).end()
    assert len(json.loads(path.read_text())["starts"]) == 1, "a damaged file is begun anew"


def test_measured_more_and_more_seldom(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, measured = [0.0], []
    monkeypatch.setattr("localsis.cost_record.time.monotonic", lambda: now[0])
    cost = CostRecord(str(tmp_path / "cost.run.1"))
    monkeypatch.setattr(cost, "_write", lambda: measured.append(now[0]))
    while now[0] < 100:
        cost.measure()
        now[0] += 0.25
    assert measured[:4] == [0.0, 0.25, 0.75, 1.75] and measured[-1] - measured[-2] == 10.0


def test_a_place_that_cannot_be_written_ends_nothing(tmp_path: pathlib.Path) -> None:
    cost = CostRecord(str(tmp_path / "gone" / "cost.run.1"))
    cost.measure()
    cost.end()
    assert not (tmp_path / "gone").exists() and cost.max["rss"] > 0


def test_commit_and_versions_are_those_that_the_manager_knows(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"commit": "0123456789ab-dirty", "versions": {"python": "3.12.1", "torch": "2.0"}}
    for text, expected in ((json.dumps(given), ("0123456789ab-dirty", given["versions"])), ("{", ("", {}))):
        monkeypatch.setenv(ORIGIN_VARIABLE, text)
        path = tmp_path / "cost.run.1"
        path.unlink(missing_ok=True)
        CostRecord(str(path)).end()
        (cost,) = read_costs(str(tmp_path))
        assert (cost.commit, cost.versions) == expected


def test_tasks_of_the_embedded_engine_keep_it(setup: pathlib.Path) -> None:
    """Also those that fail, and those that are killed once and run again; each array task its own."""
    run(setup, "manager", "configs/toy.py", "configs/toy.killed", "configs/toy.failing")
    found = {path.name.partition(".")[0]: read_costs(str(path)) for path in (setup / "work/jobs/examples").iterdir()}
    assert [cost.name for cost in found["SumJob"]] == ["part", "part.2", "part.3", "run"]
    for costs in found.values():
        for cost in costs:
            assert cost.cpu_seconds is not None and cost.memory is not None and cost.memory > 0.005
            assert cost.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    (killed,) = found["KilledJob"]
    assert killed.starts == 2
    assert len(found["FailingJob"]) == 1
