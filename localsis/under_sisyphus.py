"""
Sisyphus' manager without its questions, with an exit status, and with words for what does not go on.

It is started as a program, ``python -m localsis.under_sisyphus SIS ARGUMENT ...``, in the environment that has
Sisyphus. The graph is made once, by Sisyphus itself; its states are looked at when the manager has ended. Workers are
started by the program ``SIS``, as Sisyphus always does it.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from .missing_inputs import is_finished, removed_inputs, words_of
from .stuck_jobs import STATES, describe, job_name, report, report_missing, stuck_job
from .system_errors import explain

_QUESTIONS_LEFT = ("--ui", "-i", "--interactive")
"""Options with which Sisyphus asks for what the user wants it to ask."""

_DONE = ("finished", "input_path")
_GOING_ON = ("running", "queue")


def main(arguments: list[str]) -> int:
    """
    Runs Sisyphus' manager.

    :param arguments: the program ``sis``, and what it is to be called with
    :return: exit status: 0 all outputs are there, 1 they are not, 2 a wrong command
    """
    sys.argv = arguments  # Sisyphus starts its workers by the name of the program
    sys.path[0] = os.path.dirname(arguments[0])  # as if that were running
    if not any(option in arguments for option in _QUESTIONS_LEFT):
        sys.stdin = io.StringIO("u\n" * 1000)  # of its answers "update the outputs", else a no
    program: Any = importlib.import_module("sisyphus.__main__")
    settings: Any = importlib.import_module("sisyphus.global_settings")
    how_it_ended = _note_end(program)
    settings.on_job_failure = _tell_once(getattr(settings, "on_job_failure", None))
    try:
        program.main()
        problem = how_it_ended()
        if problem:
            print(problem, flush=True)
        status = _finish(importlib.import_module("sisyphus.toolkit").sis_graph)
        if problem is None and status == 0:
            print("\nall outputs are there", flush=True)  # below a question of Sisyphus, which ends no line
        return 1 if problem is not None else status
    except KeyboardInterrupt:
        return 1


def _note_end(program: Any) -> Callable[[], str | None]:
    """
    Takes note of how the manager ends, which Sisyphus keeps to itself.

    :return: what gives None if it ended well, else what is to be said of it, which may be nothing
    """
    manager = program.manager
    problem: list[str | None] = [""]  # if it is not even called

    def noting(arguments: Any) -> None:
        try:
            manager(arguments)
            problem[0] = None
        except OSError as error:
            words = explain(f"[Errno {error.errno}] {error}")
            problem[0] = f"Sisyphus' manager ended with: {error}{f': {words}' if words else ''}. Then start it again"
            raise

    program.manager = noting
    return lambda: problem[0]


def _tell_once(before: Callable[[Any], None] | None) -> Callable[[Any], None]:
    """What Sisyphus calls again and again for each job that failed: tells why, the first time."""
    told: set[str] = set()

    def tell(job: Any) -> None:
        if job.job_id() not in told:
            told.add(job.job_id())
            print(f"FAILED: {describe(stuck_job(job, job._sis_path(), 'error'))}", flush=True)
        if before is not None:
            before(job)

    return tell


def _finish(graph: Any) -> int:
    """Says what does not go on; gives the exit status."""
    jobs: Mapping[str, Any] = graph.get_jobs_by_status(skip_finished=True)
    stuck = [stuck_job(job, job._sis_path(), state) for state in STATES for job in jobs.get(state, ())]
    missing: dict[str, list[str]] = {}
    for job in jobs.get("waiting", ()):
        for path in removed_inputs(job):
            missing.setdefault(words_of(path), []).append(job_name(job))
    if jobs.get("input_missing"):
        unfinished = [job for state, found in jobs.items() if not state.startswith("input_") for job in found]
        for job in unfinished:
            for path in job._sis_inputs:
                if path.creator is None and path.get_path() in jobs["input_missing"]:
                    missing.setdefault(f"{path.get_path()}: no job makes it", []).append(job_name(job))
    for target in graph.targets:
        for path in target.required_full_list:
            if path.creator is not None and is_finished(path.creator) and not path.available():
                missing.setdefault(words_of(path), []).append(f"the output {target.name}")
    for job in jobs.get("hold", ()):
        print(f"{job_name(job)}: is held; it goes on once {os.path.join(job._sis_path(), 'hold')} is removed")
    going_on = sum(len(jobs.get(state, ())) for state in _GOING_ON)
    if going_on:
        print(f"{going_on} {'job is' if going_on == 1 else 'jobs are'} still running or queued; the next start goes on")
    for text in (report_missing(missing), report(stuck)):
        if text:
            print(text, flush=True)
    if missing or any(found for state, found in jobs.items() if state not in _DONE):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
