"""
Trainings on Sisyphus and Slurm that fail for good, and go on by ``./sis retry``: see README.md.

``python -m tests.cluster.failed_runs DIRECTORY`` on a machine with ``sbatch`` and Sisyphus, as root (it mounts a disk).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

from tests.jobs.setup_directory import make_setup, run_manager, training_directory, wait_for

from .disturbed_chain import QUICK, say, slurm_job
from .mixed_runs import kill, parameters, programs, slurm, tasks

NUM_EPOCHS = 8
CONFIG = f"configs/tiny.training({NUM_EPOCHS}, 'torch')"
BEFORE = 3
"""Epochs that are complete when it fails."""

PATIENCE = 900.0
ENVIRONMENT = {
    **os.environ,
    **{f"SIS_{name}": repr(value) for name, value in QUICK.items()},
    "SIS_ENGINE": "sisyphus",
    "SIS_PYTHON": sys.executable,
}


def sis(setup: pathlib.Path, *arguments: str) -> tuple[int, str]:
    """Runs ``./sis`` on Sisyphus; its exit status and all that it prints."""
    done = subprocess.run(
        [sys.executable, "sis", *arguments],
        cwd=setup,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    text = done.stdout + done.stderr
    with open(setup / "commands.log", "a", encoding="utf-8") as log:
        log.write(f"$ ./sis {' '.join(arguments)}\n{text}\n[status {done.returncode}]\n\n")
    return done.returncode, text


def start(setup: pathlib.Path) -> subprocess.Popen[str]:
    """``./sis manager`` on Sisyphus."""
    with open(setup / "manager.log", "a", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "sis", "manager", CONFIG],
            cwd=setup,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )


def complete(setup: pathlib.Path) -> int:
    """How many epochs are."""
    job = training_directory(setup)
    names = [path.name for path in (job / "output" / "models").glob("epoch.???.pt")] if job else []
    return max((int(name.split(".")[1]) for name in names), default=0)


def until_given_up(setup: pathlib.Path, disturb: Callable[[], None]) -> str:
    """
    Starts the manager, and disturbs the training after some epochs and then whenever it is there again.

    :return: what the manager printed, which ended by itself
    """
    manager = start(setup)
    try:
        wait_for(lambda: complete(setup) >= BEFORE or manager.poll() is not None, PATIENCE)
        while manager.poll() is None:
            if programs(setup):
                disturb()
                wait_for(lambda: not programs(setup) or manager.poll() is not None, PATIENCE)
            wait_for(lambda: bool(programs(setup)) or manager.poll() is not None, PATIENCE)
    finally:
        manager.kill()
        manager.wait()
    return (setup / "manager.log").read_text()


def cancelled(setup: pathlib.Path) -> str:
    """``scancel`` again and again."""
    return until_given_up(setup, lambda: slurm("scancel", slurm_job("TrainingJob")))


def task_killed(setup: pathlib.Path) -> str:
    """SIGKILL of Sisyphus' worker again and again."""

    def disturb() -> None:
        for pid in tasks(setup):
            kill(pid, signal.SIGKILL)

    return until_given_up(setup, disturb)


def returnn_killed(setup: pathlib.Path) -> str:
    """SIGKILL of RETURNN again and again, as for want of memory."""

    def disturb() -> None:
        for pid in programs(setup):
            kill(pid, signal.SIGKILL)

    return until_given_up(setup, disturb)


def out_of_time(setup: pathlib.Path) -> str:
    """RETURNN hangs until the time limit ends it, once; then ``scancel`` again and again."""
    hung = []

    def disturb() -> None:
        if hung:
            slurm("scancel", slurm_job("TrainingJob"))
            return
        job = slurm_job("TrainingJob")
        hung.append(job)
        slurm("scontrol", "update", f"JobId={job}", "TimeLimit=1")
        for pid in programs(setup):
            kill(pid, signal.SIGSTOP)

    return until_given_up(setup, disturb)


def disk_full(setup: pathlib.Path) -> str:
    """The disk of the work directory is full after some epochs."""
    (setup / "work").mkdir()
    with _small_disk(setup / "work"):
        manager = start(setup)
        wait_for(lambda: complete(setup) >= BEFORE or manager.poll() is not None, PATIENCE)
        filler = setup / "work" / "filler"
        with contextlib.suppress(OSError), open(filler, "wb") as file:
            while True:
                file.write(b"x" * 512)
                file.flush()
        manager.wait(timeout=PATIENCE)
        text = (setup / "manager.log").read_text()
        check(setup, text, "the disk is full", mend=filler.unlink)
    return ""


@contextlib.contextmanager
def _small_disk(place: pathlib.Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


CASES: dict[str, tuple[Callable[[pathlib.Path], str], str]] = {
    "cancelled": (cancelled, "was interrupted again and again"),
    "task_killed": (task_killed, "was interrupted again and again"),
    "returnn_killed": (returnn_killed, "memory"),
    "out_of_time": (out_of_time, "was interrupted again and again"),
    "disk_full": (disk_full, ""),
}


def check(
    setup: pathlib.Path, told: str, reason: str, *, mend: Callable[[], None] = lambda: None, expected: object = None
) -> None:
    """
    The next manager says why, ``./sis retry`` clears it, and the training goes on from the last checkpoint.

    :param told: what the manager printed when it happened
    :param reason: words that it and the next one must say
    :param mend: what is done before the retry
    """
    before = complete(setup)
    job = training_directory(setup)
    assert job is not None
    name = f"{job.parent.name}/{job.name}".rpartition("/")[2]
    problems = []
    if reason not in told or "./sis retry" not in told:
        problems.append(f"the manager does not say {reason!r} or what to do")
    status, again = sis(setup, "manager", CONFIG)
    if status != 1 or reason not in again or "./sis retry" not in again:
        problems.append(f"the next manager (status {status}) does not say {reason!r} or what to do")
    mend()
    status, cleared = sis(setup, "retry", name)
    if status or f"checkpoint of epoch {before}" not in cleared:
        problems.append(f"retry (status {status}): {cleared}")
    started = len(_started(job))
    status, last = sis(setup, "manager", CONFIG)
    if status:
        problems.append(f"the last manager: status {status}")
    if _started(job)[started:] != list(range(before + 1, NUM_EPOCHS + 1)):
        problems.append(f"epochs after the retry: {_started(job)[started:]}, before it {before} were complete")
    if parameters(setup) != UNDISTURBED:
        problems.append("parameters DIFFERENT")
    FOUND.extend(f"{setup.name}: {problem}" for problem in problems)
    say(f"{setup.name}: {before} epochs were complete; {'; '.join(problems) or 'told, gone on, the same parameters'}")


def _started(job: pathlib.Path) -> list[int]:
    text = (job / "output" / "returnn.log").read_text(errors="replace")
    return [int(epoch) for epoch in re.findall(r"start epoch (\d+) ", text)]


UNDISTURBED: dict[str, object] = {}
FOUND: list[str] = []


def main() -> int:
    """Runs them; exit status 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="a new one")
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True)
    setup = make_setup(arguments.directory / "undisturbed")
    run_manager(setup, CONFIG)
    UNDISTURBED.update(parameters(setup))
    assert len(UNDISTURBED) == NUM_EPOCHS
    for name in arguments.cases:
        case, reason = CASES[name]
        setup = make_setup(arguments.directory / name)
        told = case(setup)
        if told:
            check(setup, told, reason)
    say(f"{len(arguments.cases)} cases, {len(FOUND)} problems")
    return 1 if FOUND else 0


if __name__ == "__main__":
    sys.exit(main())
