"""
What the manager of the embedded engine costs: a start with everything done, short tasks, scorings, and waiting.

Limits: 3,000 finished jobs start in 6 CPU s, 15,000 in 30; waiting takes 0.05 of a core with the live table on; ready
short tasks and scorings stay below 2 GB in all. CPU seconds depend on the machine: the limits are for one on which the
loop of ``benchmarks/yardstick.py``, the first line, takes half a second.

Run ``python benchmarks/manager.py``; ``--trainings N``, ``--waiting N``, ``--short N``, ``--scorings N``,
``--words N`` and ``--seconds S`` give sizes.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import random
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

import psutil

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.yardstick import yardstick  # noqa: E402 - only now it can be found

CONFIG = """
import os, time
from sisyphus import Job, Task, tk


class ShortJob(Job):
    def __init__(self, number):
        self.number = number
        self.out = self.output_var("number")

    def tasks(self):
        yield Task("run", resume="run", mini_task=True)

    def run(self):
        self.out.set(self.number)


class RunningJob(Job):
    def __init__(self, number):
        self.out = self.output_path("out")

    def tasks(self):
        yield Task("run", resume="run", rqmt={"cpu": 1, "mem": 0.1})

    def info(self):
        from jobs.training_progress import read_progress
        return read_progress("models", "learning_rates", "log", 500).text()

    def completed_fraction(self):
        from jobs.training_progress import read_progress
        return read_progress("models", "learning_rates", "log", 500).fraction

    def run(self):
        time.sleep(600)


class WaitingJob(Job):
    def __init__(self, before, number):
        self.out = self.output_path("out")


def short(number):
    for index in range(number):
        tk.register_output(f"short/{index}", ShortJob(index).out)


def scorings(number):
    from jobs.pronunciation_scoring import PronunciationScoringJob
    for index in range(number):
        hypotheses = tk.Path("hypotheses.jsonl", hash_overwrite=f"hypotheses {index}")
        tk.register_output(f"scores/{index}", PronunciationScoringJob(hypotheses, tk.Path("words.tsv")).out_per)


def waiting(number):
    running = [RunningJob(index) for index in range(2)]
    for index in range(number):
        tk.register_output(f"waiting/{index}", WaitingJob(running[index % 2].out, index).out)


def graph(number):
    from benchmarks.graph import make_graph
    make_graph(number)


def finish(number):
    from localsis.job import created_jobs
    graph(number)
    for job in created_jobs.values():
        for name, path in job._sis_outputs.items():
            file = path.get_path()
            os.makedirs(file if name in job._sis_directories else os.path.dirname(file), exist_ok=True)
            if name not in job._sis_directories:
                open(file, "w").close()
                if name.endswith(".index"):
                    for ending in (".meta", ".data-00000-of-00001"):
                        open(file.removesuffix(".index") + ending, "w").close()
        for name in ("finished", "finished.run.1"):
            open(job._sis_path(name), "w").close()
"""


class Cost(NamedTuple):
    """
    What a command took.

    :ivar seconds: on the clock
    :ivar cpu: seconds of CPU time, with all processes that it waited for
    :ivar memory: MB of all its processes together, at most
    :ivar processes: how many it had at most
    """

    seconds: float
    cpu: float
    memory: float
    processes: int


@contextlib.contextmanager
def setup() -> Iterator[pathlib.Path]:
    """A setup in a directory of its own, with this project's code."""
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        for part in ("recipe", "jobs", "localsis", "benchmarks", "settings.py", "sis"):
            (place / part).symlink_to(ROOT / part)
        (place / "configs").mkdir()
        (place / "configs" / "cost.py").write_text(CONFIG, encoding="utf-8")
        for data in ("train.hdf", "dev.hdf", "test.hdf", "lexicon.tsv"):
            (place / data).touch()
        yield place


def start(place: pathlib.Path, config: str, output: int) -> subprocess.Popen[bytes]:
    """Starts the manager on one of the configs."""
    return subprocess.Popen(
        [sys.executable, "sis", "manager", f"configs/cost.{config}"],
        cwd=place,
        env={**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


def run(place: pathlib.Path, config: str) -> Cost:
    """
    Runs the manager on one of the configs.

    :raises SystemExit: if it fails
    """
    begin, memory, processes = time.perf_counter(), 0.0, 0
    process = start(place, config, subprocess.DEVNULL)
    manager = psutil.Process(process.pid)
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        with contextlib.suppress(psutil.Error):
            alive = [manager, *manager.children(recursive=True)]
            memory = max(memory, sum(map(_resident, alive)) / 1e6)
            processes = max(processes, len(alive))
        time.sleep(0.1)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    if process.returncode:
        raise SystemExit(f"the manager failed on {config}")
    return Cost(time.perf_counter() - begin, ended[2].ru_utime + ended[2].ru_stime, memory, processes)


def _resident(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        return float(process.memory_info().rss)
    return 0.0


def share_of_waiting(number: int, seconds: float) -> float:
    """
    The share of a core that the manager takes in a terminal, while two tasks run and others wait for them.

    :param number: how many wait
    :param seconds: how long that is looked at
    """
    with setup() as place:
        _write_training(place, epochs=500)
        terminal, output = pty.openpty()
        fcntl.ioctl(output, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        threading.Thread(target=_read_all, args=(terminal,), daemon=True).start()
        process = start(place, f"waiting({number})", output)
        try:
            while len(list(place.glob("work/configs/cost/RunningJob.*/usage.run.1"))) < 2:
                if process.poll() is not None:
                    raise SystemExit("the manager ended")
                time.sleep(0.1)
            time.sleep(min(5.0, seconds))  # for what it does once
            before = _cpu(process.pid)
            time.sleep(seconds)
            return (_cpu(process.pid) - before) / seconds
        finally:
            process.terminate()
            process.wait()


def _read_all(terminal: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _write_training(place: pathlib.Path, epochs: int) -> None:
    """The files of a training, as RETURNN writes them."""
    (place / "models").mkdir()
    for epoch in range(1, epochs):
        for ending in (".index", ".meta", ".data-00000-of-00001"):
            (place / "models" / f"epoch.{epoch:03d}{ending}").touch()
    entries = "".join(
        f"{epoch}: EpochData(learningRate=0.001, error={{\n':meta:epoch_train_time_secs': 60,\n"
        f"'dev_error': 0.5,\n'dev_score': {1 + 1 / epoch},\n'train_score': 1.0,\n}}),\n"
        for epoch in range(1, epochs)
    )
    (place / "learning_rates").write_text(f"{{\n{entries}}}\n", encoding="utf-8")
    (place / "log").write_text(
        f"ep {epochs} train, step 3, exp. remaining 0:01:00, complete 50.00%\n", encoding="utf-8"
    )


def write_scorings(place: pathlib.Path, words: int) -> None:
    """
    A lexicon, and hypotheses for its words as a search with a beam of 4 gives them, a third of them wrong.

    :param words: how many
    """
    chosen = random.Random(1)
    phones = [f"P{number}" for number in range(39)]
    with (
        open(place / "words.tsv", "w", encoding="utf-8") as lexicon,
        open(place / "hypotheses.jsonl", "w", encoding="utf-8") as hypotheses,
    ):
        for number in range(words):
            right = chosen.choices(phones, k=chosen.randint(3, 10))
            lexicon.write(f"word{number}\t{' '.join(right)}\n")
            found = [right, *([*right[:-1], phone] for phone in chosen.sample(phones, 3))]
            best = found[1:] + found[:1] if number % 3 == 0 else found
            entries = [{"labels": labels, "score": -0.5 * rank} for rank, labels in enumerate(best)]
            hypotheses.write(json.dumps({"seq_tag": f"word{number}", "hypotheses": entries}) + "\n")


def _print_tasks(what: str, cost: Cost) -> None:
    print(
        f"{what:45} {cost.cpu:8.2f} CPU s, {cost.seconds:.1f} s; {cost.memory:.0f} MB, limit 2000; "
        f"at most {cost.processes} processes"
    )


def main() -> None:
    """Prints each figure next to its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trainings", type=int, default=1000, help="a third of the number of finished jobs")
    parser.add_argument("--short", type=int, default=1000, help="number of short tasks")
    parser.add_argument("--scorings", type=int, default=1000, help="number of scorings of pronunciations")
    parser.add_argument("--words", type=int, default=6000, help="number of words of each scoring")
    parser.add_argument("--waiting", type=int, default=3000, help="number of jobs that wait")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the manager waits")
    sizes = parser.parse_args()
    print(f"a loop in plain Python                        {yardstick():8.2f} CPU s")
    with setup() as place:
        run(place, f"finish({sizes.trainings})")
        cost = run(place, f"graph({sizes.trainings})")
        jobs = 3 * sizes.trainings
        print(f"start with {jobs:6} finished jobs            {cost.cpu:8.2f} CPU s, limit {jobs * 0.002:.1f}", end="")
        print(f"; {cost.memory:.0f} MB")
    share = share_of_waiting(sizes.waiting, sizes.seconds)
    print(f"waiting with {sizes.waiting:6} jobs and the live table  {share:8.3f} of a core, limit 0.05")
    with setup() as place:
        _print_tasks(f"{sizes.short:6} short tasks", run(place, f"short({sizes.short})"))
    with setup() as place:
        write_scorings(place, sizes.words)
        _print_tasks(f"{sizes.scorings:6} scorings of {sizes.words} words", run(place, f"scorings({sizes.scorings})"))


if __name__ == "__main__":
    main()
