"""
Kills of the tiny chain by SIGKILL, and what is left in the end.

``python -m tests.jobs.kill_runs 40`` kills it at 40 random moments, five in each run of the chain, and compares scores
and contents of files with those of an undisturbed run. ``--optimizers adam_on_torch`` trains by PyTorch.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, NamedTuple

from jobs.learning_rates import read_learning_rates

from .setup_directory import make_setup, processes_with, run_manager, start_manager, training_directory

VICTIMS = ("manager", "task", "returnn", "all")
EVENTS = ("training", "epoch", "scores", "checkpoint", "state", "rates", "search", "hypotheses")
CONFIGS = {"gradientdescent": "py", "adam": "adam", "adam_on_torch": "torch"}
"""The functions of ``configs/tiny.py`` by the optimizer."""

KILLS_PER_RUN = 5
PATIENCE = 300.0


class Moment(NamedTuple):
    """
    When what is killed.

    :ivar victim: "manager", "task" (the worker of the engine), "returnn" or "all"
    :ivar event: what is waited for, see :data:`EVENTS`
    :ivar epoch: of the event
    :ivar delay: seconds from then
    """

    victim: str
    event: str
    epoch: int = 1
    delay: float = 0.0

    def __str__(self) -> str:
        epoch = f" {self.epoch}" if self.event not in ("training", "search", "hypotheses") else ""
        return f"{self.victim} {self.delay:.2f} s after {self.event}{epoch}"


def has_happened(moment: Moment, setup: pathlib.Path) -> bool:
    """Whether the event of a moment has come: for files, that they are being written right now or are there."""
    if moment.event in ("search", "hypotheses"):
        name = {"search": "output/returnn.log", "hypotheses": "work/search_output.*"}[moment.event]
        return any((setup / "work" / "jobs" / "search").glob(f"SearchJob.*/{name}"))
    training = training_directory(setup)
    if training is None or moment.event == "training":
        return training is not None
    if moment.event == "epoch":
        log = training / "output" / "returnn.log"
        return log.exists() and f"start epoch {moment.epoch} " in log.read_text(errors="replace")
    if moment.event == "scores":
        rates = training / "output" / "learning_rates"
        if not rates.exists():
            return False
        keys = ("'train_score'", "'train_loss_cross_entropy'")  # on TensorFlow, on PyTorch
        return sum(map(rates.read_text().count, keys)) >= moment.epoch
    names = {path.name for path in (training / "output" / "models").glob(f"epoch.{moment.epoch:03d}.*")}
    if moment.event == "rates":
        return any(name.endswith(".meta") or name == f"epoch.{moment.epoch:03d}.pt" for name in names)
    return any(name.endswith((".part", ".tmp_write")) for name in names) or any(
        ".data" in name or name.endswith(".opt.pt") for name in names if moment.event == "checkpoint"
    )


def victims(moment: Moment, setup: pathlib.Path, manager: int) -> list[int]:
    """The processes to kill."""
    of_jobs = processes_with(str(setup / "work") + os.sep)
    programs = [pid for pid in of_jobs if pid in processes_with("returnn_program.py")]
    tasks = [pid for pid in of_jobs if pid not in programs]
    return {"manager": [manager], "task": tasks, "returnn": programs, "all": [manager, *tasks]}[moment.victim]


def run_with_kills(setup: pathlib.Path, moments: list[Moment], config: str) -> list[str]:
    """
    Runs the chain to its end; starts the manager again where that is killed or gives up.

    :return: what was killed, a line for each
    """
    manager, killed = start_manager(setup, config), []
    try:
        for moment in moments:
            end = time.monotonic() + PATIENCE
            while not has_happened(moment, setup) and manager.poll() is None and time.monotonic() < end:
                time.sleep(0.002)
            time.sleep(moment.delay)
            while not (pids := victims(moment, setup, manager.pid)) and manager.poll() is None:
                time.sleep(0.002)
            if _kill(pids):
                killed.append(str(moment))
            if moment.victim in ("manager", "all") or manager.poll() is not None:
                manager.wait()
                manager = start_manager(setup, config)
    finally:
        _wait(manager)
    if manager.returncode != 0:
        run_manager(setup, config)
    return killed


def _kill(pids: list[int]) -> bool:
    """Kills processes; says whether any was still there."""
    done = False
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            done = True
    return done


def _wait(manager: subprocess.Popen[str]) -> None:
    try:
        manager.wait(timeout=2 * PATIENCE)
    except subprocess.TimeoutExpired:
        manager.terminate()
        manager.wait()


def results(setup: pathlib.Path) -> dict[str, Any]:
    """All that must be the same: scores, hypotheses, parameters of each epoch, data; not times and logs."""
    training = training_directory(setup)
    assert training is not None
    found: dict[str, Any] = {name: (setup / "output" / name).read_bytes() for name in ("hypotheses.jsonl", "per")}
    found["report.txt"] = (setup / "output" / "report.txt").read_bytes()
    for path in sorted((training / "output" / "models").glob("epoch.*")):
        if ".data" in path.name or path.suffix == ".index":
            found[path.name] = path.read_bytes()
        elif path.suffix == ".pt":
            found[path.name] = torch_values(path)
        assert not path.name.endswith((".part", ".tmp_write")) and "tempstate" not in path.name, path
    for path in sorted((setup / "work").glob("jobs/lexicon/*/output/*")):
        found[f"{path.parent.parent.name}/{path.name}"] = path.read_bytes()
    for epoch, data in read_learning_rates(str(training / "output" / "learning_rates")).items():
        scores = {key: value for key, value in data.scores.items() if not key.endswith("_time_secs")}
        found[f"learning rate and scores of epoch {epoch}"] = (data.learning_rate, scores)
    return found


def torch_values(path: pathlib.Path) -> Any:
    """The values in a file of PyTorch, bit by bit; its bytes also say which Python objects were one."""
    import torch

    def plain(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return str(value.dtype), tuple(value.shape), value.numpy().tobytes()
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

    return plain(torch.load(path))


def differences(setup: pathlib.Path, undisturbed: pathlib.Path) -> list[str]:
    """The names of results that differ."""
    left, right = results(setup), results(undisturbed)
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def random_moments(generator: random.Random, num_epochs: int) -> list[Moment]:
    """Some moments in the order in which they come."""
    drawn = [
        Moment(
            generator.choice(VICTIMS),
            generator.choice(EVENTS),
            generator.randint(1, num_epochs),
            generator.choice([0.0, generator.random() * 0.1, generator.random() * 15]),
        )
        for _ in range(KILLS_PER_RUN)
    ]
    return sorted(drawn, key=lambda moment: (moment.event in ("search", "hypotheses"), moment.epoch))


def main() -> int:
    """Runs and kills; exit status 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, help="how many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--optimizers", nargs="+", choices=list(CONFIGS), default=["gradientdescent", "adam"])
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    place = pathlib.Path(tempfile.mkdtemp(prefix="kill_runs."))
    configs = [f"configs/tiny.{CONFIGS[name]}({arguments.epochs})" for name in arguments.optimizers]
    undisturbed = []
    for index, config in enumerate(configs):
        undisturbed.append(make_setup(place / f"undisturbed_{index}"))
        run_manager(undisturbed[-1], config)
    count, wrong = 0, 0
    for run in itertools.count():
        if count >= arguments.kills:
            break
        setup = make_setup(place / f"run_{run}")
        moments = random_moments(generator, arguments.epochs)[: arguments.kills - count]
        which = run % len(configs)
        lines = run_with_kills(setup, moments, configs[which])
        count += len(lines)
        different = differences(setup, undisturbed[which])
        wrong += bool(different)
        print(f"{configs[which]}: {'; '.join(lines)}: {', '.join(different) or 'all the same'}", flush=True)
        if not different:
            shutil.rmtree(setup)
    print(f"{count} kills, {wrong} runs with differences; what differs stays in {place}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
