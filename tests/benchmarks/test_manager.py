"""The benchmark of the manager runs; what it costs is its to print."""

from __future__ import annotations

import pytest

from benchmarks.manager import run, setup, share_of_waiting, write_scorings


def test_start_with_finished_jobs() -> None:
    with setup() as place:
        run(place, "finish(2)")
        assert len(list(place.glob("work/jobs/*/*/finished"))) == 6
        cost = run(place, "graph(2)")
        assert cost.cpu > 0 and cost.memory > 0 and cost.processes == 1
        assert not list(place.glob("work/jobs/*/*/job.save")), "nothing was set up or started"


def test_short_tasks() -> None:
    with setup() as place:
        cost = run(place, "short(4)")
        assert cost.cpu > 0 and (place / "output" / "short" / "3").read_text() == "3\n"


def test_scorings() -> None:
    with setup() as place:
        write_scorings(place, 30)
        cost = run(place, "scorings(2)")
        assert cost.memory > 0 and 2 <= cost.processes
        assert (place / "output" / "scores" / "1").read_text() == (place / "output" / "scores" / "0").read_text()
        assert 0 < float((place / "output" / "scores" / "0").read_text()) < 30


def test_waiting_with_the_live_table() -> None:
    assert 0 <= share_of_waiting(20, 0.5) < 100


def test_failure_is_told() -> None:
    with setup() as place, pytest.raises(SystemExit, match="failed on nothing"):
        run(place, "nothing(1)")
