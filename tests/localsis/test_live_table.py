"""The lines of the live table: what runs is on top, each fits into the terminal, and no id is broken."""

from __future__ import annotations

import pathlib
import time

import pytest
from sisyphus import Job

from localsis import settings
from localsis.live_table import PLAIN_SIGNS, SIGNS, State, first_reason, memory_in_use, table
from localsis.run_state import TaskRun
from localsis.task import Task

INFO = "epoch 2/12 (45%), dev_score 0.9834, 14 min left"


class LineJob(Job):
    """One that says how far it is."""

    def __init__(self, number: int, info: str | None = INFO):
        self.number, self._info = number, info

    def info(self) -> str | None:
        return self._info

    def completed_fraction(self) -> float:
        return 0.45


def state(count: int, *, done: int, failed: list[int], running: list[int], aliases: bool = False) -> State:
    jobs = [LineJob(number + (10_000 if aliases else 0)) for number in range(count)]  # each is there once
    if aliases:
        for job in jobs:
            job.add_alias(f"an/experiment/with/a/name/that/is/rather/long/and/goes/on/search_{job.number}")
    runs = [TaskRun(jobs[number], Task("run"), 1) for number in running]
    return State(jobs, jobs[done:], runs, {jobs[number].job_id(): "run ended:\n  OSError: why" for number in failed})


def texts(shown: State, width: int, height: int) -> list[str]:
    return ["".join(part for part, _ in line).rstrip() for line in table(shown, width, height)]


def short(job: Job) -> str:
    return job.job_id().rpartition("/")[2]


def test_what_runs_is_on_top_then_what_failed_then_a_few_that_wait() -> None:
    shown = state(3000, done=2000, failed=[2500, 2600], running=[2900, 2999])
    lines = texts(shown, 200, 28)
    jobs = shown.jobs
    assert [line.split()[:2] for line in lines[:4]] == [
        ["running", short(jobs[2900])],
        ["running", short(jobs[2999])],
        ["failed", short(jobs[2500])],
        ["failed", short(jobs[2600])],
    ]
    assert all(INFO in line and "45%" in line for line in lines[:2]) and "OSError: why" in lines[2]
    assert lines[4:9] == [f"waiting  {short(job)}" for job in jobs[2000:2005]]
    assert lines[9:] == ["2 running, 2 failed, 996 waiting, 2000 finished"]


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("aliases", [False, True])
@pytest.mark.parametrize("count", [3, 3000])
def test_each_line_fits_and_no_name_loses_its_end(width: int, aliases: bool, count: int) -> None:
    shown = state(count, done=0, failed=[1], running=[0, 2], aliases=aliases)
    lines = texts(shown, width, 22)
    assert max(map(len, lines)) <= width and len(lines) <= 22
    ends = [f"search_{job.number}" if aliases else short(job) for job in shown.jobs]
    rows = [line for line in lines if line.startswith(("running", "failed"))]
    assert [row.split()[1].endswith(ends[number]) for row, number in zip(rows, (0, 2, 1))] == [True] * 3
    assert sum(INFO in line for line in lines) == 2, "in a line of its own where there is no room beside the name"


def test_more_than_there_is_room_for_is_counted() -> None:
    shown = state(3000, done=0, failed=list(range(1, 60)), running=list(range(100, 200)))
    lines = texts(shown, 200, 21)
    assert len(lines) <= 21 and lines[-1] == "100 running, 59 failed, 2841 waiting"
    running = sum(line.startswith("running") for line in lines)
    failed = sum(line.startswith("failed") for line in lines)
    assert running >= 10 and failed >= 3 and not any(line.startswith("waiting") for line in lines)
    assert [line.strip() for line in lines if "more" in line] == [
        f"and {100 - running} more",
        f"and {59 - failed} more",
    ]


def test_several_tasks_of_a_job_are_one_line() -> None:
    job = LineJob(1, None)
    runs = [TaskRun(job, Task("part", args=[1, 2, 3]), number) for number in (1, 2, 3)]
    lines = texts(State([job], [job], runs, {}), 120, 20)
    assert len(lines) == 2 and "3 tasks" in lines[0] and lines[1] == "1 running"


def test_plain_signs_are_ascii() -> None:
    shown = state(3, done=0, failed=[1], running=[0], aliases=True)
    assert all(part.isascii() for line in table(shown, 60, 20, PLAIN_SIGNS) for part, _ in line)
    assert any(SIGNS.ellipsis in part for line in table(shown, 60, 20, SIGNS) for part, _ in line)


def test_memory_is_what_the_worker_last_wrote(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    job = LineJob(1)
    run = TaskRun(job, Task("run"), 1)
    usage = pathlib.Path(run.marker("usage"))
    usage.parent.mkdir(parents=True)
    assert memory_in_use(run) is None
    usage.write_text("{'pid': 1, 'current': {'rss': 1.25, 'vms': 3.0}}")
    run.started = time.time() - 62
    (line, _) = texts(State([job], [job], [run], {}), 200, 20)
    assert "0:01:02" in line and "1.2 GB" in line
    usage.write_text("{'pid': 1, 'cur")
    assert memory_in_use(run) is None


def test_reason_in_one_line() -> None:
    assert first_reason("run ended with an error:\n  ValueError: 3\n  whole log: x") == "ValueError: 3"
    assert first_reason("it wants a GPU") == "it wants a GPU" and first_reason("") == ""
