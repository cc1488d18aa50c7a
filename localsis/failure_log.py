"""Why a task failed: what matters of its log, on either engine, read from the directory of its job alone."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from .system_errors import explain, refusal_now

_MOST_LINES = 10
_TAIL = 200_000  # bytes that are read of a log
_OF_SISYPHUS = re.compile(r"\[\d{4}-\d\d-\d\d [\d:,]+\] ([A-Z]+): ?")
"""What each line of Sisyphus' own starts with in a log."""

_RUN_AGAIN = "RETRY OR CONTINUE TASK"
"""Sisyphus' headline between two runs in one log."""

_NO_RESULT = re.compile(r"[\w.]*(?:CalledProcessError)\b|Executed command failed")
"""What an error says that only names the command which failed: the reason stands before it."""

_KILLED = r"returned non-zero exit status 137\b|died with <Signals\.SIGKILL|^Return-Code: 137"


class Failure(NamedTuple):
    """
    A run of a task that ended with an error.

    :ivar task: the name of the task
    :ivar number: which run of it
    :ivar log: its log
    :ivar why: the reason, in as few lines as tell it
    """

    task: str
    number: int
    log: str
    why: str


def failures(directory: str) -> list[Failure]:
    """
    All runs of a job's tasks that have left the marker of an error.

    :param directory: of the job
    """
    return [
        Failure(task, number, log, reason(log, was_torn=_is_same_file(marker, log)))
        for task, number, marker in error_markers(directory)
        for log in [os.path.join(directory, f"log.{task}.{number}")]
    ]


def error_markers(directory: str) -> Iterator[tuple[str, int, str]]:
    """Task, number of its run, and path of each marker of an error."""
    for marker in sorted(glob.glob(os.path.join(glob.escape(directory), "error.*"))):
        match = re.fullmatch(r"error\.(\w+)\.(\d+)", os.path.basename(marker))
        if match:
            yield match[1], int(match[2]), marker


def reason(log: str, *, was_torn: bool = False) -> str:
    """
    What matters of a log.

    :param log: its path
    :param was_torn: whether the process ended without a chance to say why, as Sisyphus marks it
    """
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.path.getsize(log) - _TAIL))
            text = file.read().decode(errors="replace")
    except OSError as error:
        return f"its log cannot be read: {error.strerror}"
    found = reason_in(text, was_torn=was_torn)
    refusal = None if _start_of_message(text.splitlines()) is not None else refusal_now(os.path.dirname(log))
    return f"{refusal}\n{found}" if refusal else found  # the message itself may not have found room in the log


def reason_in(text: str, *, was_torn: bool = False) -> str:
    """The reason in the text of a log: see :func:`reason`."""
    parts = re.split(rf"#+\n{_RUN_AGAIN}\n#+\n", re.sub(r"\x1b\[[0-9;]*m", "", text))
    text = next((part for part in reversed(parts) if part.strip()), "")  # what only began told nothing
    lines = [line.rstrip() for line in text.splitlines()]
    missing = re.findall(r"Path not available: +(\S.*)", "\n".join(lines))
    if missing:
        return f"its input {missing[-1].strip()} is not there"
    message = _message(lines)
    if "Command got killed by SGE" in text or re.search(_KILLED, "\n".join(message[-4:])):
        return "it was killed for want of memory (137): ask for more (mem_rqmt), or give it less to do at once"
    if not message:
        told = [_OF_SISYPHUS.sub("", line) for line in lines if line and not _is_idle(line)][-_MOST_LINES:]
        if was_torn or not told:
            torn = "it ended without a word: killed by SIGKILL, maybe for want of memory, or with its machine"
            return "\n".join([torn, *(told and ["the last that it printed:"]), *told])
        message = told
    words = explain("\n".join(message))
    return "\n".join([*([words] if words else []), *message])


def _message(lines: list[str]) -> list[str]:
    """The message of the last exception or failed command; before it, what such a command printed itself."""
    start = _start_of_message(lines)
    if start is None:
        return []
    message: list[str] = []
    for line in lines[start:]:
        match = _OF_SISYPHUS.match(line)
        if match and match[1] != "ERROR" and message:
            break
        message.append(_OF_SISYPHUS.sub("", line))
    if _NO_RESULT.match(message[0]):
        end = max((at for at in range(start) if lines[at].startswith("Traceback")), default=start)
        printed = [line for line in lines[:end] if line and not _is_idle(line)]
        message = [*printed[-_MOST_LINES // 2 :], *message]
    message = [line for line in message if line][-_MOST_LINES:]
    return [re.sub(r"^(?:\w+\.)+(\w+):", r"\1:", line) for line in message]  # an exception without its module


def _start_of_message(lines: list[str]) -> int | None:
    """Where the message begins: the first line after the last traceback, or after Sisyphus' own words of a command."""
    for at in range(len(lines) - 1, -1, -1):
        if "Executed command failed" in lines[at]:
            return at
        if lines[at].startswith("Traceback (most recent call last)"):
            return next((below for below in range(at + 1, len(lines)) if lines[below][:1].strip()), None)
    return None


def _is_idle(line: str) -> bool:
    """Whether a line is what Sisyphus notes of each run."""
    match = _OF_SISYPHUS.match(line)
    return line.startswith(("Uname: ", "Load: ")) or (match is not None and match[1] in ("INFO", "DEBUG"))


def _is_same_file(one: str, other: str) -> bool:
    """Whether the marker is a link to the log: so Sisyphus marks what ended without its own doing."""
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)
