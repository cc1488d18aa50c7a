"""What matters of a log: of an exception, a command, a kill, on either engine."""

from __future__ import annotations

import os
import pathlib

import pytest

from localsis.failure_log import failures, reason, reason_in
from localsis.system_errors import explain, refusal_now

TRACEBACK = """Traceback (most recent call last):
  File "jobs/training.py", line 7, in run
    run_returnn(config)
    ~~~~~~~~~~~^^^^^^^^
"""

SISYPHUS = """[2026-11-29 01:03:10,965] \x1b[32mINFO: \x1b[0mStart Job: Job<work/jobs/x/XJob.abc> Task: run
Uname: uname_result(system='Linux')
Load: (5.1, 5.0, 3.7)
doing it
[2026-11-29 01:03:10,967] ERROR: \x1b[31mJob failed, traceback:\x1b[0m
""" + (TRACEBACK)

AFTER = "[2026-11-29 01:03:10,971] INFO: Max resources: Run time: 0:00:00 CPU: 0.0% RSS: 26MB VMS: 103MB\n"


def test_message_of_the_last_exception_alone() -> None:
    text = (
        f"{TRACEBACK}KeyError: 'first'\n\nDuring handling of it:\n\n{TRACEBACK}ValueError: second\nwith a second line\n"
    )
    assert reason_in(text) == "ValueError: second\nwith a second line"


def test_module_of_an_exception_says_nothing() -> None:
    text = f"{TRACEBACK}jobs.returnn_errors.ReturnnError: RETURNN ended with status 1: why\nIts whole log: /x/log\n"
    assert reason_in(text) == "ReturnnError: RETURNN ended with status 1: why\nIts whole log: /x/log"


def test_log_of_sisyphus() -> None:
    assert reason_in(f"{SISYPHUS}ValueError: what went wrong\n{AFTER}") == "ValueError: what went wrong"


def test_only_the_last_run_counts() -> None:
    banner = f"\n{'#' * 80}\nRETRY OR CONTINUE TASK\n{'#' * 80}\n\n"
    first, second = f"{SISYPHUS}ValueError: first\n", f"{SISYPHUS}ValueError: second\n"
    assert reason_in(first + banner + second) == "ValueError: second"
    assert reason_in(first + banner) == "ValueError: first", "one that only began told nothing"


def test_command_that_failed_is_told_with_what_it_printed() -> None:
    command = "subprocess.CalledProcessError: Command 'x' returned non-zero exit status 3.\n"
    assert reason_in(f"one\ntwo\nbad input\n{TRACEBACK}{command}").splitlines() == [
        "one",
        "two",
        "bad input",
        "CalledProcessError: Command 'x' returned non-zero exit status 3.",
    ]
    lines = ["Executed command failed:", "Cmd: x", "Args: (3, 'x')", "Return-Code: 3"]
    text = "bad input\n" + "".join(f"[2026-11-29 01:03:10,967] ERROR: {line}\n" for line in lines) + AFTER
    assert reason_in(text).splitlines() == ["bad input", *lines]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("OSError: [Errno 28] No space left on device: 'a'", "the disk is full"),
        ("OSError: [Errno 122] Disk quota exceeded: 'a'", "the quota of disk space"),
        ("OSError: [Errno 30] Read-only file system: 'a'", "mounted read-only"),
        ("OSError: [Errno 116] Stale file handle: 'a'", "the file system is lost"),
        ("OSError: [Errno 5] Input/output error", "the file system is lost"),
        ("OSError: [Errno 107] Transport endpoint is not connected: 'a'", "the file system is lost"),
        ("PermissionError: [Errno 13] Permission denied: 'a'", "access is denied"),
        ("MemoryError", "out of memory"),
    ],
)
def test_what_the_system_refuses_in_plain_words(message: str, words: str) -> None:
    first, *rest = reason_in(f"{TRACEBACK}{message}\n").splitlines()
    assert words in first and rest == [message]


def test_other_numbers_are_no_errors_of_the_system() -> None:
    assert explain("ValueError: 28 labels, 5 epochs, errno 280") is None


def test_kill_without_a_word() -> None:
    found = reason_in("[2026-11-29 01:03:10,965] INFO: Start Job\nepoch 3\n", was_torn=True)
    assert "killed by SIGKILL" in found and found.endswith("epoch 3")
    assert "killed by SIGKILL" in reason_in("")


def test_killed_for_want_of_memory() -> None:
    text = "[2026-11-29 01:03:10,967] ERROR: Command got killed by SGE (probably out of memory):\n"
    assert "want of memory (137)" in reason_in(text)


def test_input_that_is_not_there() -> None:
    text = (
        "[2026-11-29 01:03:10,967] INFO: Path available:     /a\n"
        "[2026-11-29 01:03:10,967] ERROR: Path not available: /b/epoch.003.index\n"
        f"{TRACEBACK}AssertionError: Job isn't runnable, probably some inputs are not ready\n"
    )
    assert reason_in(text) == "its input /b/epoch.003.index is not there"


def test_failures_of_a_job(tmp_path: pathlib.Path) -> None:
    (tmp_path / "log.part.2").write_text(f"{TRACEBACK}ValueError: two\n")
    (tmp_path / "error.part.2").touch()
    (tmp_path / "log.run.1").write_text("epoch 3\n")
    os.link(tmp_path / "log.run.1", tmp_path / "error.run.1")  # as Sisyphus marks what was killed
    (tmp_path / "log.run.1.error.01").write_text("of an earlier error")
    found = failures(str(tmp_path))
    assert [(one.task, one.number, one.log) for one in found] == [
        ("part", 2, str(tmp_path / "log.part.2")),
        ("run", 1, str(tmp_path / "log.run.1")),
    ]
    assert found[0].why == "ValueError: two" and "SIGKILL" in found[1].why


def test_log_that_found_no_room(tmp_path: pathlib.Path) -> None:
    """The message itself is lost then; /sys takes no files and stands for a full disk."""
    (tmp_path / "log.run.1").write_text("epoch 3\n")
    assert refusal_now(str(tmp_path)) is None and list(tmp_path.iterdir()) == [tmp_path / "log.run.1"]
    assert refusal_now("/sys") is not None
    assert reason(str(tmp_path / "log.run.1")) == "epoch 3"
    assert "cannot be read: No such file" in reason(str(tmp_path / "log.none.1"))
