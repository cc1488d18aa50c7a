"""What tasks needed, as texts for ./sis show and for the page of an experiment."""

from __future__ import annotations

import json
import pathlib

import pytest

from jobs import task_costs
from jobs.task_costs import cost_facts, cost_lines, cost_rows


@pytest.fixture
def directory(tmp_path: pathlib.Path) -> pathlib.Path:
    """Of a job with three tasks."""
    start = {"host": "node3", "began": 1.0, "seconds": 100.0, "cpu_seconds": 150.0, "memory": 2.0, "commit": "abc"}
    for name in ("extract", "run"):
        versions = {"python": "3.11.7"}
        (tmp_path / f"cost.{name}.1").write_text(json.dumps({"starts": [{**start, "versions": versions}]}))
    (tmp_path / "usage.train.1").write_text("{'host': 'b', 'used_time': 1.0, 'max': {}}")
    return tmp_path


def test_lines(directory: pathlib.Path) -> None:
    assert cost_lines(str(directory)) == [
        "extract: 1 min 40 s, 2 min 30 s of CPU time (150 %), 2.00 GB of memory, on node3",
        "  commit abc, python 3.11.7",
        "run: 1 min 40 s, 2 min 30 s of CPU time (150 %), 2.00 GB of memory, on node3",
        "train: 1 h 0 min, on b",
    ]
    assert cost_lines(str(directory / "none")) == []


def test_rows_and_facts_of_the_page(directory: pathlib.Path) -> None:
    rows = cost_rows(str(directory))
    assert [row["task"] for row in rows] == ["extract", "run", "train"]
    assert rows[0]["origin"] == "commit abc, python 3.11.7" and rows[2]["CPU time"] == rows[2]["memory"] == ""
    facts = cost_facts(str(directory))
    assert facts.pop("begun").startswith(("1970-01-01", "1969-12-31"))
    assert facts == {"time": "1 h 3 min", "host": "node3, b", "commit": "abc"}
    assert cost_facts(str(directory / "none")) == {}


def test_in_another_setup_nothing_is_known(directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_costs, "_reader", lambda: None)
    assert cost_rows(str(directory)) == [] and cost_lines(str(directory)) == [] and cost_facts(str(directory)) == {}
