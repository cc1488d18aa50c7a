"""What makes a failed job one that either engine runs again: the files in its directory that say so."""

from __future__ import annotations

import ast
import glob
import os
import re
from typing import NamedTuple


class Run(NamedTuple):
    """
    A run of a task of a job.

    :ivar task: the name of the task
    :ivar number: which run of it
    """

    task: str
    number: int


def failed_runs(directory: str) -> list[Run]:
    """Those that left the marker of an error."""
    return _runs(directory, "error")


def stuck_runs(directory: str, most: int) -> list[Run]:
    """
    Those that Sisyphus does not start any more: started more often than it does, and not done.

    :param most: how often it does (``MAX_SUBMIT_RETRIES``)
    """
    found = []
    for path in sorted(glob.glob(os.path.join(glob.escape(directory), "submit_log.*"))):
        counts: dict[int, int] = {}
        task = os.path.basename(path).partition(".")[2]
        for numbers in _submitted(path):
            for number in numbers:
                counts[number] = counts.get(number, 0) + 1
        found += [Run(task, number) for number, count in sorted(counts.items()) if count > most]
    return [run for run in found if run in unfinished_runs(directory)]


def unfinished_runs(directory: str) -> list[Run]:
    """Those that began and are not done, whatever became of them."""
    done = set(_runs(directory, "finished"))
    return [run for run in _runs(directory, "log") if run not in done]


def clear(directory: str, run: Run) -> str | None:
    """
    Takes away what keeps a run from being started again. What the job has made stays, and its log under another name.

    :return: the new name of the log, as Sisyphus gives it too; None if there was no log
    """
    log = os.path.join(directory, f"log.{run.task}.{run.number}")
    kept = None
    if os.path.exists(log):
        count = 1
        while os.path.exists(f"{log}.error.{count:02d}"):
            count += 1
        kept = f"{log}.error.{count:02d}"
        os.replace(log, kept)
    for name in (f"usage.{run.task}.{run.number}", f"submit_log.{run.task}", f"error.{run.task}.{run.number}"):
        path = os.path.join(directory, name)
        if os.path.lexists(path):
            os.remove(path)
    return kept


def put_aside(directory: str) -> str:
    """
    Renames the directory of a job as Sisyphus does it (``.cleared.0001``), so that the job starts from the beginning.

    :return: its new name
    """
    target = cleared_name(directory)
    os.rename(directory, target)
    return target


def cleared_name(directory: str) -> str:
    """The name under which the directory of a job is put aside next."""
    count = 1
    while os.path.lexists(f"{directory}.cleared.{count:04d}"):
        count += 1
    return f"{directory}.cleared.{count:04d}"


def _runs(directory: str, kind: str) -> list[Run]:
    names = os.listdir(directory) if os.path.isdir(directory) else []
    matches = [re.fullmatch(rf"{kind}\.(\w+)\.(\d+)", name) for name in sorted(names)]
    return [Run(match[1], int(match[2])) for match in matches if match]


def _submitted(path: str) -> list[list[int]]:
    """Which runs were submitted together, by Sisyphus' list of them."""
    submitted = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                numbers, _ = ast.literal_eval(line)
                submitted.append([int(number) for number in numbers])
            except (ValueError, SyntaxError, TypeError):
                continue  # a line that was cut, as by a full disk
    return submitted
