"""The display: drawn only when something changed; messages name aliases, and no id in them is broken."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from rich.console import Console
from sisyphus import Job

from localsis import live_table
from localsis.display import Display, LiveDisplay, make_display, wrapped
from localsis.live_table import State
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


@pytest.mark.parametrize(
    ("is_terminal", "term", "expected"),
    [
        (True, "xterm-256color", LiveDisplay),
        (True, "dumb", Display),
        (True, "", Display),
        (False, "xterm-256color", Display),
    ],
)
def test_plain_lines_where_no_table_can_be_drawn(
    is_terminal: bool, term: str, expected: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal, raising=False)
    monkeypatch.setenv("TERM", term)
    assert type(make_display()) is expected


def test_plain_lines_say_now_and_then_what_runs_by_its_alias(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    plain, shown = Display(), state(2, done=0, failed=[], running=[0, 1])
    shown.jobs[0].add_alias("g2p/search_dev")
    clock[0] += 31
    plain.show(shown)
    plain.show(shown)
    ids = [job.job_id() for job in shown.jobs]
    assert capsys.readouterr().out.splitlines() == [
        f"[0:00:31] g2p/search_dev ({ids[0].rpartition('/')[2]}): epoch 0",
        f"[0:00:31] {ids[1]}: epoch 1",
    ]


def test_words_of_messages_stay_whole() -> None:
    name = "jobs/training/TrainingJob.Hbt0ZI50zwSd"
    text = f"[0:00:01] {name}: it ended with an error\n  whole log: /a/{name}/" + 70 * "x"
    lines = list(wrapped(text, 60))
    assert all(len(line) <= 60 for line in lines[:-1]) and "".join(lines).count(name) == 2
    assert lines == [
        f"[0:00:01] {name}: it ended",
        "  with an error",
        "  whole log:",
        f"    /a/{name}/" + 70 * "x",
    ]


def test_signs_that_the_terminal_has(display: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = state(2, done=0, failed=[], running=[0])
    assert live_table.SIGNS.full in str(display._table(shown))
    monkeypatch.setattr(type(display._console), "encoding", "ascii")
    assert str(display._table(shown)).isascii()


def test_no_colour_where_the_user_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=80)
    display = LiveDisplay()
    display._console = display._live.console = console
    console.print(display._table(state(3, done=0, failed=[1], running=[0])))
    assert "running" in console.file.getvalue() and "\x1b[3" not in console.file.getvalue()
