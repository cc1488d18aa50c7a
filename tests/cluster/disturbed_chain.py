"""
The tiny chain on Sisyphus and Slurm, disturbed in all ways that clusters know: see README.md.

``python -m tests.cluster.disturbed_chain --restart-node COMMAND`` on a machine with ``sbatch`` and Sisyphus.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from tests.jobs.kill_runs import differences
from tests.jobs.setup_directory import make_setup, processes_with, run_manager, training_directory, wait_for

NUM_EPOCHS = 8

QUICK = {
    "WAIT_PERIOD_JOB_FS_SYNC": 0,
    "WAIT_PERIOD_JOB_CLEANUP": 0,
    "WAIT_PERIOD_CACHE": 0,
    "WAIT_PERIOD_BETWEEN_CHECKS": 0.5,
    "WAIT_PERIOD_MTIME_OF_INPUTS": 0,
    "WAIT_PERIOD_QSTAT_PARSING": 1,
    "PLOGGING_INTERVAL": 1,
    "PLOGGING_UPDATE_FILE_PERIOD": 1,
}
"""Settings of Sisyphus for a file system without delays, as environment variables ``SIS_NAME``."""

PATIENCE = 600.0


def start(setup: pathlib.Path) -> subprocess.Popen[str]:
    """``./sis manager`` on Sisyphus."""
    quick = {f"SIS_{name}": repr(value) for name, value in QUICK.items()}
    with open(setup / "sisyphus.log", "a", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "sis", "manager", f"configs/tiny.cluster({NUM_EPOCHS})"],
            cwd=setup,
            env={**os.environ, **quick, "SIS_ENGINE": "sisyphus", "SIS_PYTHON": sys.executable},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )


def slurm_job(name: str) -> str:
    """
    The id of the running Slurm job of a job of this setup.

    :param name: part of its name, as "TrainingJob"
    """
    found: list[str] = []

    def is_running() -> bool:
        lines = subprocess.run(
            ["squeue", "--noheader", "--states=RUNNING", "--format=%A %j"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        found[:] = [line.split()[0] for line in lines if name in line]
        return bool(found)

    wait_for(is_running, PATIENCE)
    return found[0]


def programs(setup: pathlib.Path) -> list[int]:
    """The processes of RETURNN."""
    of_setup = processes_with(str(setup / "work") + os.sep)
    return [pid for pid in of_setup if pid in processes_with("returnn_program.py")]


def is_at_epoch(setup: pathlib.Path, epoch: int) -> Callable[[], bool]:
    """Whether the epoch before is complete, and RETURNN is there to be disturbed."""

    def condition() -> bool:
        training = training_directory(setup)
        meta = f"output/models/epoch.{epoch - 1:03d}.meta"
        return training is not None and (training / meta).exists() and bool(programs(setup))

    return condition


def disturb(setup: pathlib.Path, restart_node: str) -> None:
    """One disturbance after the other, each in its epoch."""
    wait_for(is_at_epoch(setup, 2), PATIENCE)
    job = slurm_job("TrainingJob")
    say(f"epoch 2: scancel {job}")
    subprocess.run(["scancel", job], check=True)

    wait_for(lambda: slurm_job("TrainingJob") != job and is_at_epoch(setup, 3)(), PATIENCE)
    say("epoch 3: RETURNN is killed by SIGKILL, as for want of memory")
    victims = programs(setup)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)

    if restart_node:
        wait_for(lambda: is_at_epoch(setup, 4)() and not set(victims) & set(programs(setup)), PATIENCE)
        say(f"epoch 4: {restart_node}")
        subprocess.run(restart_node, shell=True, check=True)

    wait_for(is_at_epoch(setup, 6), PATIENCE)
    job = slurm_job("TrainingJob")
    say(f"epoch 6: RETURNN is stopped, and job {job} may take one minute: the time limit ends it")
    subprocess.run(["scontrol", "update", f"JobId={job}", "TimeLimit=1"], check=True)
    for pid in programs(setup):
        os.kill(pid, signal.SIGSTOP)

    wait_for(lambda: any((setup / "work" / "jobs" / "search").glob("SearchJob.*/output/returnn.log")), PATIENCE)
    job = slurm_job("SearchJob")
    say(f"search: scancel {job}")
    subprocess.run(["scancel", job], check=True)


def say(text: str) -> None:
    """One line with the time."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


def main() -> int:
    """Runs it; exit status 1 if a result differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="a new one, on a file system that all nodes see")
    parser.add_argument("--restart-node", default="", help="a command that restarts the node of the running job")
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True)
    undisturbed = make_setup(arguments.directory / "undisturbed")
    run_manager(undisturbed, f"configs/tiny.adam({NUM_EPOCHS})")
    say("undisturbed run on the embedded engine: done")
    setup = make_setup(arguments.directory / "disturbed")
    manager = start(setup)
    disturb(setup, arguments.restart_node)
    status = manager.wait(timeout=PATIENCE)
    say(f"manager ended with status {status}")
    different = differences(setup, undisturbed)
    training = training_directory(setup)
    assert training is not None
    print((training / "submit_log.run").read_text(), end="")
    say(f"differences: {', '.join(different) or 'none'}")
    return 1 if different or status else 0


if __name__ == "__main__":
    sys.exit(main())
