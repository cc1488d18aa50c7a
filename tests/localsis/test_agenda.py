"""Which jobs are looked at: those for which something may have changed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sisyphus import Job

from localsis.agenda import OFTEN, SELDOM, Agenda


class StepJob(Job):
    """One of a chain."""

    def __init__(self, name: str, before: Any = None):
        self.out = self.output_path("out")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_what_waits_is_looked_at_when_the_other_is_done(clock: list[float]) -> None:
    first = StepJob("agenda")
    behind = [StepJob(f"agenda {number}", first.out) for number in range(3)]
    last = StepJob("agenda last", behind[0].out)
    agenda = Agenda()
    agenda.begin([first, *behind, last])
    assert agenda.due([]) == [first, *behind, last]
    for job in behind:
        agenda.wait(job, first.out)
    agenda.wait(last, behind[0].out)
    assert agenda.due([]) == []
    agenda.look_at(first)
    assert agenda.due([]) == [first]
    agenda.close(first)
    assert agenda.due([]) == behind and agenda.open == [*behind, last]
    agenda.look_at(first)
    assert agenda.due([]) == [], "it is done"


def test_an_output_that_is_there_early_is_seen(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    first = StepJob("early")
    job = StepJob("after early", first.out)
    agenda = Agenda()
    agenda.begin([first, job])
    agenda.due([])
    agenda.wait(job, first.out)
    clock[0] += OFTEN
    assert agenda.due([first]) == [], "it is not there"
    monkeypatch.setattr(StepJob, "path_available", lambda self, path: True)
    assert agenda.due([first]) == [], "it is not asked all the time"
    clock[0] += OFTEN
    assert agenda.due([first]) == [job]


def test_what_waits_for_no_job_is_looked_at_once_a_second(clock: list[float]) -> None:
    job = StepJob("held")
    agenda = Agenda()
    agenda.begin([job])
    agenda.due([])
    agenda.wait(job)
    assert agenda.due([]) == []
    clock[0] += OFTEN
    assert agenda.due([]) == [job]
    clock[0] += OFTEN
    assert agenda.due([]) == [], "nobody said that it still waits"
    clock[0] += SELDOM
    assert agenda.due([]) == [job]
