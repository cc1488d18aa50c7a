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

from .config_errors import is_of_config
from .config_errors import words_of as words_of_config
from .job_names import job_name
from .missing_inputs import is_finished, removed_inputs, words_of
from .results import Result, read_report, read_result
from .run_end import all_jobs, closing_text, tell_end, tell_failure
from .stuck_jobs import STATES, describe, report, report_missing, stuck_job
from .system_errors import explain

_QUESTIONS_LEFT = ("--ui", "-i", "--interactive")
"""Options with which Sisyphus asks for what the user wants it to ask."""

_DONE = ("finished", "input_path")
_GOING_ON = ("running", "queue")


class _ConfigProblem(str):
    """What is said of a config that failed: there is no whole graph to tell of."""


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
    settings.on_job_failure = _tell_once(settings)
    try:
        program.main()
        problem = how_it_ended()
        if problem:
            print(problem, flush=True)
        if isinstance(problem, _ConfigProblem):
            return 1
        status = _finish(importlib.import_module("sisyphus.toolkit").sis_graph, settings, problem)
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
        except Exception as error:
            if is_of_config(error):
                problem[0] = _ConfigProblem(words_of_config(error, os.getcwd()))
                raise SystemExit(1) from None  # which Sisyphus says nothing about
            if not isinstance(error, OSError):
                raise
            words = explain(f"[Errno {error.errno}] {error}")
            problem[0] = f"Sisyphus' manager ended with: {error}{f': {words}' if words else ''}. Then start it again"
            raise

    program.manager = noting
    return lambda: problem[0]


def _tell_once(settings: Any) -> Callable[[Any], None]:
    """What Sisyphus calls again and again for each job that failed: tells why, the first time."""
    told: set[str] = set()
    before: Callable[[Any], None] | None = getattr(settings, "on_job_failure", None)

    def tell(job: Any) -> None:
        if job.job_id() not in told:
            told.add(job.job_id())
            text = describe(stuck_job(job, job._sis_path(), "error"))
            print(f"FAILED: {text}", flush=True)
            tell_failure(settings, job, text, _say)
        if before is not None:
            before(job)

    return tell


def _finish(graph: Any, settings: Any, problem: str | None) -> int:
    """
    Tells what there is and what does not go on; gives the exit status.

    :param problem: how the manager ended; None: well
    """
    jobs: Mapping[str, Any] = graph.get_jobs_by_status(skip_finished=True)
    stuck = [stuck_job(job, job._sis_path(), state) for state in STATES for job in jobs.get(state, ())]
    missing = _missing(graph, jobs)
    problems = [
        f"{job_name(job)}: is held; it goes on once {job._sis_path()}/hold is removed" for job in jobs.get("hold", ())
    ]
    problems += [text for text in (report_missing(missing), report(stuck)) if text]
    left = any(found for state, found in jobs.items() if state not in _DONE)
    # A checkpoint is there before its training has ended, and then Sisyphus' manager waits for nothing more
    status = 1 if problems or left and not _is_all_there(graph) else 0
    going_on = sum(len(jobs.get(state, ())) for state in _GOING_ON)
    if going_on:
        are = "job is" if going_on == 1 else "jobs are"
        problems.insert(0, f"{going_on} {are} still running or queued{'; the next start goes on' if status else ''}")
    output_dir = str(getattr(settings, "OUTPUT_DIR", "output"))
    needed = all_jobs(path for target in graph.targets for path in target.required_full_list)
    told_status = status if problem is None else 1
    text = closing_text(_results(graph, output_dir), needed, "\n".join(problems), output_dir, told_status)
    print(f"\n{text}" if text else "", flush=True)  # below a question of Sisyphus, which ends no line
    if problem != "":  # of which it is known how it ended: neither Ctrl-C nor a config that fails
        tell_end(settings, told_status, "\n\n".join(filter(None, [problem, text])), _say)
    return status


def _is_all_there(graph: Any) -> bool:
    """Whether all outputs are there, whatever still runs."""
    return bool(graph.targets) and all(path.available() for one in graph.targets for path in one.required_full_list)


def _missing(graph: Any, jobs: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is not there and nothing makes, with who wants it."""
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
    return missing


def _results(graph: Any, output_dir: str) -> list[Result]:
    """The outputs and reports of Sisyphus' graph; what it calls in the end is none."""
    found = []
    for target in graph.targets:
        if hasattr(target, "_sis_path"):
            found.append(read_result(target.name, target._sis_path))
        elif getattr(target, "_output_path", None):
            found.append(read_report(target.name, os.path.join(output_dir, target.name)))
    return found


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
