"""The live table: what runs is on top, it fits into the terminal, and it is drawn only when something changed."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from rich.console import Console
from sisyphus import Job

from localsis.display import LiveDisplay, State
from localsis.run_state import TaskRun
from localsis.task import Task


class ShownJob(Job):
    """One that says how far it is."""

    def __init__(self, number: int):
        self.number = number

    def info(self) -> str:
        return f"epoch {self.number}"

    def completed_fraction(self) -> float:
        return 0.5


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def display(clock: list[float]) -> Any:
    """One that draws into a text, in a terminal with 30 lines."""
    display = LiveDisplay()
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=30, color_system=None)
    display._console = display._live.console = console
    return display


def state(count: int, *, done: int, failed: list[int], running: list[int]) -> State:
    jobs = [ShownJob(number) for number in range(count)]
    is_open = jobs[done:]
    runs = [TaskRun(jobs[number], Task("run"), 1) for number in running]
    return State(jobs, is_open, runs, {jobs[number].job_id(): "why" for number in failed})


def lines(display: Any, shown: State) -> list[str]:
    display._console.file.truncate(0)
    display._console.file.seek(0)
    display._console.print(display._table(shown))
    return [line.rstrip() for line in display._console.file.getvalue().splitlines() if line.strip()]


def test_what_runs_is_on_top_then_what_failed_then_what_waits(display: Any) -> None:
    shown = state(3000, done=2000, failed=[2500, 2600], running=[2900, 2999])
    rows = lines(display, shown)
    names = [job.job_id() for job in shown.jobs]
    assert [row.split()[0] for row in rows[1:5]] == [names[number] for number in (2900, 2999, 2500, 2600)]
    assert "running" in rows[1] and "epoch 2900" in rows[1] and "failed" in rows[3]
    assert rows[5].split() == [names[2000], "waiting"]
    assert rows[-1] == "2 running, 2 failed, 996 waiting, 2000 finished"
    assert len(rows) <= 29


def test_all_running_ones_and_no_others_where_there_is_no_more_room(display: Any) -> None:
    rows = lines(display, state(3000, done=0, failed=[1], running=list(range(100, 200))))
    assert all("running" in row for row in rows[1:]) and len(rows) <= 29
    assert rows[-1] == "100 running, 1 failed, 2899 waiting"


def test_it_is_drawn_when_something_changed_or_a_second_passed(
    display: Any, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(display._live, "update", lambda table, **options: drawn.append(options))
    few, more = state(5, done=1, failed=[], running=[2]), state(5, done=1, failed=[], running=[2, 3])
    for seconds, shown, number in (
        (0.0, few, 1),
        (0.5, few, 1),
        (0.5, few, 2),
        (0.1, more, 2),  # it is told soon, but not for each of a thousand changes
        (0.2, more, 3),
        (0.9, more, 3),
    ):
        clock[0] += seconds
        display.show(shown)
        assert len(drawn) == number
    assert all(options == {"refresh": True} for options in drawn)


def test_the_last_state_stays(display: Any) -> None:
    with display:
        display.show(state(3, done=0, failed=[], running=[1]))
        display.show(state(3, done=3, failed=[], running=[]))
    text = display._console.file.getvalue()
    assert "3 finished" in text and text.rindex("3 finished") > text.rindex("running")


def test_messages_come_with_the_next_table_and_at_once_where_there_is_none(
    display: Any, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each print draws the table anew, and a thousand short tasks have two thousand messages."""
    file, shown = display._console.file, state(3, done=0, failed=[], running=[1])
    with display:
        display.show(shown)
        for number in range(100):
            display.say(f"message {number}")
        assert "message" not in file.getvalue()
        clock[0] += 0.3
        display.show(shown)
        assert [f"message {number}" in file.getvalue() for number in (0, 99)] == [True, True]
        assert file.getvalue().count("1 running") <= 3
        display.say("the last one")
    assert "the last one" in file.getvalue()
    display.say("after it")
    assert "after it" in file.getvalue()
