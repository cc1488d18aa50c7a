"""Which tasks start: as many as there are cores and memory for, the largest first, and each gets its turn."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from localsis.places import Places
from localsis.task import Task


class FakeJob:
    """What is asked of a job."""

    def _sis_task_rqmt(self, task: Task) -> dict[str, Any]:
        return task.rqmt


class FakeRun:
    """A run of a task that asks for something."""

    numbers = itertools.count()

    def __init__(self, mem: Any = None, cpu: Any = None, mini: bool = False):
        rqmt = {name: value for name, value in (("mem", mem), ("cpu", cpu)) if value is not None}
        self.job, self.task = FakeJob(), Task("run", rqmt=rqmt, mini_task=mini)
        self.number = next(self.numbers)

    def marker(self, kind: str) -> str:
        return f"{kind}.{self.number}"


def started(places: Any, running: list[Any]) -> list[Any]:
    """The tasks that start now; they are counted as running from then on."""
    new = []
    while run := places.next(running):
        new.append(run)
        running.append(run)
    return new


def filled(places: Any, *runs: FakeRun) -> Any:
    for run in runs:
        places.wait(run)
    return places


def test_as_many_as_there_are_cores() -> None:
    runs, running = [FakeRun(cpu=1) for _ in range(9)], []  # type: ignore[var-annotated]
    places = filled(Places(4, 100), *runs)
    assert started(places, running) == runs[:4], "in the order in which they came"
    running.remove(runs[2])
    assert started(places, running) == [runs[4]]
    assert started(filled(Places(4, 100), FakeRun(cpu=64)), []), "more cores than there are count as all"


def test_short_tasks_share_the_cores_too() -> None:
    runs = [FakeRun(mini=True) for _ in range(60)]
    assert started(filled(Places(2, 100), *runs), []) == runs[:2]


def test_short_tasks_take_little_memory_on_many_cores() -> None:
    runs, running = [FakeRun(mini=True) for _ in range(60)], []  # type: ignore[var-annotated]
    places = filled(Places(64, 256), *runs)
    assert started(places, running) == runs[:10], "of 0.2 GB each, 2 GB in all"
    long = FakeRun(mem=8, cpu=1)
    assert started(filled(places, long), running) == [long], "which keeps no other from starting"
    running.remove(runs[4])
    assert started(places, running) == [runs[10]]
    large = [FakeRun(mem=mem, mini=True) for mem in (0.5, 3, 1.5)]
    assert started(filled(Places(64, 256), *large), []) == [large[1]], "more than that alone"


def test_one_short_task_runs_beside_whatever_runs() -> None:
    training, short, other = FakeRun(mem=64, cpu=2), FakeRun(mini=True), FakeRun(mini=True)
    running = [training]
    places = filled(Places(2, 16), short, other)
    assert started(places, running) == [short]
    running.remove(short)
    assert started(places, running) == [other]
    long = FakeRun(mem=4, cpu=2)
    assert started(filled(Places(2, 16), long), [other]) == [long], "and keeps no long one from starting"


def test_the_largest_first_where_not_all_fit() -> None:
    runs = [FakeRun(mem=mem, cpu=1) for mem in (1, 6, 3, 8, 1)]
    running: list[Any] = []
    places = filled(Places(8, 16), *runs)
    assert [run.task.rqmt["mem"] for run in started(places, running)] == [8, 6, 1, 1]
    del running[0]
    assert [run.task.rqmt["mem"] for run in started(places, running)] == [3]


def test_what_asks_for_more_than_there_is_runs_alone() -> None:
    large, small = FakeRun(mem=64), FakeRun(mem=1)
    running: list[Any] = []
    places = filled(Places(8, 16), small, large)
    assert places.is_too_large(large) and not places.is_too_large(small)
    assert started(places, running) == [large]
    assert started(places, []) == [small]


def test_small_ones_pass_a_large_one_only_while_it_could_not_start_anyway() -> None:
    old, running = FakeRun(mem=10), []  # type: ignore[var-annotated]
    places = filled(Places(16, 16), old)
    assert started(places, running) == [old]
    large, small = FakeRun(mem=12), [FakeRun(mem=2) for _ in range(5)]
    filled(places, large, *small)
    assert started(places, running) == small[:3], "the old one is in its way, not these"
    running.remove(old)
    assert started(places, running) == [], "now only these are: no further one starts"
    running.remove(small[0])
    assert started(places, running) == [large]
    assert started(places, running) == [], "16 GB are taken"


@pytest.mark.parametrize("seed", range(30))
def test_each_gets_its_turn_and_nothing_is_overcommitted(seed: int) -> None:
    """Small ones come without end; each large one starts before all that came 50 rounds after it."""
    draw = random.Random(seed)
    places: Any = Places(4, 16)
    running: list[Any] = []
    born: dict[Any, int] = {}
    waited: list[int] = []
    for time in range(400):
        for _ in range(draw.choice([0, 1, 1, 2])):
            run = FakeRun(mem=draw.choice([0.5, 1, 1, 2, 15, 40]) if time < 300 else 1, cpu=draw.choice([1, 1, 2, 4]))
            born[run] = time
            places.wait(run)
        for run in [run for run in running if draw.random() < 0.6]:
            running.remove(run)
        for run in started(places, running):
            waited.append(time - born.pop(run))
        memory = [run.task.rqmt["mem"] for run in running]
        assert len(running) == 1 or (sum(memory) <= 16 and sum(run.task.rqmt["cpu"] for run in running) <= 4)
        assert running or not born
    large = [time for run, time in born.items() if run.task.rqmt["mem"] > 2]
    assert not large, "small ones came for 100 rounds, and no large one waits any more"


def test_waiting_twice_is_waiting_once() -> None:
    run = FakeRun()
    places = filled(Places(4, 16), run, run)
    assert started(places, []) == [run]


def test_what_is_no_number_is_told() -> None:
    with pytest.raises(ValueError, match="its task run asks for .*'lots'.*, but cpu and mem .GB. are numbers"):
        filled(Places(4, 16), FakeRun(mem="lots"))
