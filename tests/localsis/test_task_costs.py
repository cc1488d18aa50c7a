"""Reading what tasks needed, as either engine leaves it, and showing it."""

from __future__ import annotations

import json
import pathlib
import tarfile

import pytest

from localsis.task_costs import TaskCost, costs_table, describe_cost, duration, origin, read_costs

START = {"host": "a", "pid": 1, "began": 5.0, "seconds": 100.0, "cpu_seconds": 150.0, "memory": 2.0}


def write_cost(directory: pathlib.Path, name: str, *starts: dict[str, object]) -> None:
    (directory / f"cost.{name}").write_text(json.dumps({"starts": [{**START, **start} for start in starts]}))


def test_starts_are_added_up(tmp_path: pathlib.Path) -> None:
    write_cost(tmp_path, "run.1", {}, {"host": "b", "began": 900.0, "memory": 1.0, "commit": "abc"})
    assert read_costs(str(tmp_path)) == [TaskCost("run", 1, 200.0, 300.0, 2.0, "b", 2, 5.0, "abc", {})]


def test_of_sisyphus_there_is_its_usage_file(tmp_path: pathlib.Path) -> None:
    usage = {"pid": 1, "host": "node3", "used_time": 0.5, "max": {"rss": 1.5, "vms": 3.0}}
    (tmp_path / "usage.train.2").write_text(f"{usage!r}\n")
    (tmp_path / "usage.run.1").write_text("{'pid': 1}")  # an early one of this engine
    (tmp_path / "usage.cut.1").write_text("{'pid'")
    (tmp_path / "log.run.1").write_text("nothing of that kind")
    assert read_costs(str(tmp_path)) == [TaskCost("train", 2, 1800.0, None, 1.5, "node3")]
    write_cost(tmp_path, "train.2", {})
    assert [cost.cpu_seconds for cost in read_costs(str(tmp_path))] == [150.0], "which tells more"


def test_of_a_job_that_sisyphus_has_tidied_up(tmp_path: pathlib.Path) -> None:
    usage = tmp_path / "usage.run.1"
    usage.write_text("{'host': 'node3', 'used_time': 0.5, 'max': {}}")
    with tarfile.open(tmp_path / "finished.tar.gz", "w:gz") as archive:
        archive.add(usage, "usage.run.1")
    usage.unlink()
    assert read_costs(str(tmp_path)) == [TaskCost("run", 1, 1800.0, host="node3")]
    (tmp_path / "finished.tar.gz").write_text("no archive")
    assert read_costs(str(tmp_path)) == [] and read_costs(str(tmp_path / "missing")) == []


def test_in_words() -> None:
    cost = TaskCost("run", 1, 200.0, 300.0, 2.0, "b", 2, 5.0, "abc", {"python": "3.11.7", "torch": "2.13.0"})
    words = "3 min 20 s, 5 min 0 s of CPU time (150 %), 2.00 GB of memory, on b, started 2 times"
    assert describe_cost(cost) == words
    assert origin(cost) == "commit abc, python 3.11.7, torch 2.13.0"
    assert (
        describe_cost(TaskCost("run", 1, 0.0, 0.0)) == "0.0 s, 0.0 s of CPU time" and origin(TaskCost("", 1, 1)) == ""
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (3599.6, "1 h 0 min"), (90000, "25 h 0 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_longest_few_and_all_together() -> None:
    costs = [("job", TaskCost("run", number, float(number), 2.0 * number, number / 10)) for number in range(1, 9)]
    lines = costs_table([*costs, ("of_sisyphus", TaskCost("train", 1, 7200.0))], most=3)
    assert lines == [
        "what took longest       time    CPU time   memory",
        "of_sisyphus train  2 h 0 min           -        -",
        "job run.8              8.0 s        16 s  0.80 GB",
        "job run.7              7.0 s        14 s  0.70 GB",
        "all 9 tasks        2 h 0 min  1 min 12 s  0.80 GB",
    ]
    assert costs_table([]) == [] and len(costs_table(costs[:1])) == 2
