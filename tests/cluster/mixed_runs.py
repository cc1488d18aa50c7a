"""
One training by the embedded engine, Sisyphus and Slurm by turns, on two hosts, disturbed: see README.md.

``python -m tests.cluster.mixed_runs DIRECTORY --runs 20`` on a machine with ``sbatch`` and Sisyphus, as root.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.jobs.hosts import Host
from tests.jobs.kill_runs import torch_values
from tests.jobs.setup_directory import make_setup, processes_with, training_directory

from .disturbed_chain import QUICK, say

NUM_EPOCHS = 10
CONFIG = f"configs/tiny.training({NUM_EPOCHS}, 'torch')"
TAKEOVER = 6.0
STEPS = 4
PATIENCE = 60.0

ENGINES = ("embedded", "embedded on far", "Sisyphus", "Sisyphus on far", "Slurm", "Slurm, pending")


def wait(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Waits until it holds; says whether it did in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def state_of(pid: int) -> tuple[str, int]:
    """The state of a process, as "R", "S", "T" (stopped) or "Z", and the PID of its parent; "" if it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, IndexError):
        return "", 0
    return fields[0], int(fields[1])


def programs(setup: pathlib.Path) -> list[int]:
    """The processes of RETURNN, without those that they started (which read data)."""
    place = str(setup) + os.sep
    found = [pid for pid in processes_with("returnn_program.py") if pid in processes_with(place)]
    return [pid for pid in found if state_of(pid)[0] not in ("", "Z") and state_of(pid)[1] not in found]


def tasks(setup: pathlib.Path) -> list[int]:
    """The workers of the training that run, those of all engines."""
    words = [f"TrainingJob.{path.name.partition('.')[2]}" for path in [training_directory(setup)] if path]
    of_job = [pid for word in words for pid in processes_with(word) if pid in processes_with("worker")]
    return [pid for pid in of_job if _belongs(pid, setup) and state_of(pid)[0] not in ("", "Z")]


def _belongs(pid: int, setup: pathlib.Path) -> bool:
    try:
        return str(setup) in os.readlink(f"/proc/{pid}/cwd") or str(setup) in processes_text(pid)
    except OSError:
        return False


def processes_text(pid: int) -> str:
    """The command of a process."""
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")


class Sampler:
    """
    Looks all the time how many RETURNNs run.

    :ivar overlaps: when two ran at a time that were not stopped: seconds, and whether one had just been woken up
    """

    def __init__(self, setup: pathlib.Path):
        self.setup = setup
        self.overlaps: list[tuple[float, bool]] = []
        self.seen: set[int] = set()
        self.woken = float("-inf")
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        since: float | None = None
        while not self._ending.wait(0.03):
            now = time.monotonic()
            pids = [pid for pid in programs(self.setup) if state_of(pid)[0] != "T"]
            self.seen.update(pids)
            if len(pids) > 1 and since is None:
                since = now
            elif len(pids) < 2 and since is not None:
                self.overlaps.append((now - since, since - self.woken < 2.0))
                since = None

    def stop(self) -> None:
        """Ends."""
        self._ending.set()
        self._thread.join()


class Run:
    """
    One training from its beginning to its end.

    :param setup: its setup
    :param seed: of all that is random
    """

    def __init__(self, setup: pathlib.Path, seed: int):
        self.setup, self.random = setup, random.Random(seed)
        self.far = Host("far")
        self.sampler = Sampler(setup)
        self.told: list[str] = []
        self.asleep: list[int] = []
        self.manager: subprocess.Popen[str] | None = None

    def run(self) -> None:
        """Starts it, disturbs it, and has it finished."""
        for _ in range(STEPS):
            if self.is_finished():
                break
            engine = self.random.choice(ENGINES)
            self.start(engine)
            wait(lambda: bool(programs(self.setup)) or self.is_finished(), 25.0 if "pending" not in engine else 8.0)
            time.sleep(self.random.uniform(0.0, 6.0))
            self.disturb(engine)
        self.wake()
        slurm("scontrol", "update", "PartitionName=main", "State=UP")
        for _ in range(5):
            self.start("embedded")
            assert self.manager is not None
            if self.manager.wait(timeout=600) == 0:
                break
        else:
            raise RuntimeError(f"the training in {self.setup} did not end")
        wait(lambda: not tasks(self.setup), 2 * TAKEOVER)

    def close(self) -> None:
        """Ends all that is left of it."""
        self.wake()
        self.end_manager(signal.SIGKILL)
        slurm("scancel", "--user=root")
        for pid in [*tasks(self.setup), *programs(self.setup)]:
            kill(pid, signal.SIGKILL)
        self.far.power_off()
        self.sampler.stop()

    def is_finished(self) -> bool:
        """Whether the training is done."""
        job = training_directory(self.setup)
        return job is not None and (job / "finished.run.1").exists()

    def start(self, engine: str) -> None:
        """Starts ``./sis manager`` with an engine, in place of the one that runs."""
        self.end_manager(signal.SIGKILL)
        self.told.append(engine)
        quick = {f"SIS_{name}": repr(value) for name, value in QUICK.items()}
        environment = {**os.environ, **quick, "SIS_HOLDER_TAKEOVER_SECONDS": str(TAKEOVER)}
        environment.update(SIS_PYTHON=sys.executable, SIS_ENGINE="embedded" if "embedded" in engine else "sisyphus")
        if "Slurm" not in engine:
            environment["PATH"] = os.pathsep.join(
                place for place in os.environ["PATH"].split(os.pathsep) if not os.path.exists(f"{place}/sbatch")
            )
        else:
            slurm("scontrol", "update", "PartitionName=main", f"State={'DOWN' if 'pending' in engine else 'UP'}")
        with open(self.setup / "manager.log", "a", encoding="utf-8") as log:
            log.write(f"--- {time.strftime('%H:%M:%S')} {engine}\n")
            log.flush()
            options: dict[str, Any] = {"cwd": self.setup, "env": environment, "stdin": subprocess.DEVNULL}
            options.update(stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
            command = [sys.executable, "sis", "manager", CONFIG]
            there = self.far.start if "far" in engine else subprocess.Popen
            self.manager = there(command, **options)

    def end_manager(self, number: int) -> None:
        """Ends the manager that runs, but nothing that it started."""
        if self.manager is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.manager.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.manager.wait(timeout=20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.manager.pid, signal.SIGKILL)
            self.manager.wait()
        self.manager = None

    def wake(self) -> None:
        """Wakes up all that was put to sleep."""
        if self.asleep:
            self.sampler.woken = time.monotonic()
        for pid in self.asleep:
            kill(pid, signal.SIGCONT)
        self.asleep.clear()

    def disturb(self, engine: str) -> None:
        """One disturbance."""
        kinds = ["manager killed", "task killed", "RETURNN killed", "asleep", "task stopped", "late worker", "removed"]
        kinds += ["manager interrupted", "manager killed", "asleep"]
        kinds += ["power off"] * 3 if "far" in engine else []
        kinds += ["scancel"] * 3 if engine == "Slurm" else []
        kind = "manager killed" if engine == "Slurm, pending" else self.random.choice(kinds)
        self.told.append(f"({kind})")
        job = training_directory(self.setup)
        if kind == "manager killed":
            self.end_manager(signal.SIGKILL)
        elif kind == "manager interrupted":
            self.end_manager(signal.SIGINT)
        elif kind in ("task killed", "RETURNN killed"):
            for pid in tasks(self.setup) if kind == "task killed" else programs(self.setup):
                kill(pid, signal.SIGKILL)
        elif kind in ("asleep", "task stopped"):
            self.end_manager(signal.SIGKILL)
            self.asleep = tasks(self.setup) + (programs(self.setup) if kind == "asleep" else [])
            for pid in self.asleep:
                kill(pid, signal.SIGSTOP)
            threading.Timer(self.random.uniform(0.5, 3.0) * TAKEOVER, self.wake).start()
        elif kind == "late worker" and job is not None:
            self.late_worker("embedded" if self.random.random() < 0.5 else "sisyphus", job)
        elif kind == "removed" and job is not None:
            with contextlib.suppress(OSError):
                job.rename(self.setup / "aside")
            shutil.rmtree(self.setup / "aside", ignore_errors=True)
        elif kind == "power off":
            self.far.power_off()
            self.end_manager(signal.SIGKILL)
            self.far = Host("far")
        elif kind == "scancel":
            slurm("scancel", "--user=root")
        time.sleep(self.random.choice([0.0, self.random.uniform(0.0, 8.0)]))

    def late_worker(self, engine: str, job: pathlib.Path) -> None:
        """A worker as a queue starts it, whatever runs already."""
        command = [sys.executable, "-m", "localsis"]
        if engine == "sisyphus":
            command = [str(pathlib.Path(sys.executable).with_name("sis"))]
        environment = {**os.environ, "SIS_HOLDER_TAKEOVER_SECONDS": str(TAKEOVER)}
        environment.update({f"SIS_{name}": repr(value) for name, value in QUICK.items()})
        with open(self.setup / "late.log", "a", encoding="utf-8") as log:
            subprocess.Popen(
                [*command, "worker", os.path.relpath(job, self.setup), "run", "1"],
                cwd=self.setup,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def kill(pid: int, number: int) -> None:
    """Sends a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def slurm(*command: str) -> None:
    """A command of Slurm, which may find nothing to do."""
    subprocess.run(command, check=False, capture_output=True)


def parameters(setup: pathlib.Path) -> dict[str, Any]:
    """The values of all checkpoints, bit by bit."""
    job = training_directory(setup)
    assert job is not None
    return {path.name: torch_values(path) for path in sorted((job / "output/models").glob("epoch.???.pt"))}


def main() -> int:
    """Runs them; exit status 1 if there were two RETURNNs at a time or a parameter differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="a new one")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True)
    say("undisturbed")
    undisturbed = Run(make_setup(arguments.directory / "undisturbed"), 0)
    undisturbed.start("embedded")
    assert undisturbed.manager is not None and undisturbed.manager.wait(timeout=600) == 0
    undisturbed.close()
    expected, wrong = parameters(undisturbed.setup), 0
    assert len(expected) == NUM_EPOCHS
    for seed in range(arguments.seed, arguments.seed + arguments.runs):
        run = Run(make_setup(arguments.directory / f"run_{seed}"), seed)
        try:
            run.run()
        finally:
            run.close()
        same = parameters(run.setup) == expected
        two = [f"{seconds:.2f} s{' after a wake-up' if woken else ''}" for seconds, woken in run.sampler.overlaps]
        bad = not same or any(not woken or seconds > 1.0 for seconds, woken in run.sampler.overlaps)
        wrong += bad
        count = len(run.sampler.seen)
        say(f"{seed}: {' '.join(run.told)}: {count} RETURNNs, two at a time: {', '.join(two) or 'never'}")
        say(f"{seed}: parameters {'the same' if same else 'DIFFERENT'}{', WRONG' if bad else ''}")
    say(f"{arguments.runs} runs, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
