"""
Both engines and the same model by hand, on a CPU: letters to phones, training and search, all in turns in one call.

    .venv/bin/python benchmarks/engines.py
    .venv/bin/python benchmarks/engines.py --only train --steps 60

The contenders are the net dict on TensorFlow, the written PyTorch, and PyTorch by hand (``torch_g2p.py``: ``LSTMCell``
in a loop, encoder over packed sequences); PyTorch with one thread and with two. All get the same parameters and
batches. First the losses without dropout and the scores of the search are compared. ``start`` is the time from the
start of ``python -m returnn`` to the first training step, and ``run`` a whole training of 100 steps in RETURNN, from
data in HDF.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import localsis  # noqa: E402

localsis.install()

import numpy  # noqa: E402

from benchmarks.g2p_batches import LEARNING_RATE, MAX_STEPS, SIZES, cmudict_batches, write_batches  # noqa: E402
from benchmarks.paired import Contender, Step, alternate, check_same, medians, ratios  # noqa: E402
from benchmarks.returnn_runs import RunOfReturnn, write_data  # noqa: E402
from configs.g2p import model  # noqa: E402
from configs.g2p_graph import BATCHES as BATCH_SIZES  # noqa: E402
from configs.g2p_graph import THREADS, inputs_of  # noqa: E402
from jobs.engine_options import options_before  # noqa: E402
from recipe import nn  # noqa: E402

OPTIONS: dict[str, Any] = {
    "optimizer": {"class": "adam", "epsilon": 1e-8},
    "learning_rate": LEARNING_RATE,
    "gradient_clip_global_norm": 2.0,
}
BATCHES = 30
TENSORFLOW = "TensorFlow"


def written(threads: int) -> str:
    """The name of the contender that this setup writes."""
    return f"PyTorch, written, threads: {threads}"


def by_hand(threads: int) -> str:
    """The name of the contender that is written by hand."""
    return f"PyTorch by hand, threads: {threads}"


class Contenders:
    """
    Those of one size of the model, and a directory for the files that they read.

    :param size: one of :data:`SIZES`
    :param directory: where to write
    :param words: in a batch
    :param threads: of PyTorch, for each a contender
    """

    def __init__(self, size: str, directory: pathlib.Path, *, words: int = 200, threads: Sequence[int] = (1, 2)):
        self.size, self.directory, self.words, self.threads = size, directory, words, threads
        self.parameters, self.batches = directory / "parameters.npz", directory / "batches.npz"
        numpy.savez(self.parameters, **nn.Network(model(inputs_of(), **SIZES[size])).random_parameters())
        write_batches(self.batches, cmudict_batches(BATCHES, words=words))

    def config(self, engine: str, name: str, dropout: float, beam: int = 0, **options: Any) -> pathlib.Path:
        """Writes a config for an engine; its name is that of the file."""
        kwargs: dict[str, Any] = {"search": nn.BeamSearch(beam), "max_seq_len": MAX_STEPS} if beam else {}
        network = nn.Network(model(inputs_of(), **{**SIZES[self.size], "dropout": dropout}), **kwargs)
        options = {**OPTIONS, **(THREADS if engine == "tensorflow" else {}), **options}
        path = self.directory / f"{engine}.{name}.{dropout}.{beam}.config"
        path.write_text(network.config_text("cpu", engine=engine, config=options), encoding="utf-8")
        return path

    def tensorflow(self, task: str, dropout: float, beam: int = 0, *, save: Sequence[pathlib.Path] = ()) -> Contender:
        """The net dict, with the threads of ``configs/g2p.py``."""
        return self._returnn(TENSORFLOW, "returnn_session.py", "tensorflow", task, dropout, beam, save, {})

    def written(self, task: str, dropout: float, beam: int = 0, *, threads: int) -> Contender:
        """The written PyTorch."""
        environment = _threads(threads)
        return self._returnn(written(threads), "torch_session.py", "torch", task, dropout, beam, (), environment)

    def by_hand(self, task: str, dropout: float, beam: int = 0, *, threads: int) -> Contender:
        """PyTorch by hand."""
        arguments = [self.size, task, str(dropout), str(threads), str(self.parameters), str(self.batches)]
        command = [
            sys.executable,
            str(PROJECT / "benchmarks" / "torch_g2p.py"),
            *arguments,
            *([str(beam)] if beam else []),
        ]
        return Contender(by_hand(threads), command, _threads(threads))

    def all(self, task: str, dropout: float, beam: int = 0, *, save: Sequence[pathlib.Path] = ()) -> list[Contender]:
        """Each of them."""
        return [
            self.tensorflow(task, dropout, beam, save=save),
            *(make(task, dropout, beam, threads=n) for n in self.threads for make in (self.written, self.by_hand)),
        ]

    def _returnn(
        self,
        name: str,
        program: str,
        engine: str,
        task: str,
        dropout: float,
        beam: int,
        save: Sequence[pathlib.Path],
        environment: dict[str, str],
    ) -> Contender:
        files = [self.config(engine, task, dropout, beam), task, self.parameters, self.batches, *save]
        command = [sys.executable, str(PROJECT / "benchmarks" / program), *map(str, files)]
        return Contender(name, command, environment)


def _threads(count: int) -> dict[str, str]:
    """Threads of PyTorch, which wait without spinning: on a loaded machine that is many times as fast."""
    return {"OMP_NUM_THREADS": str(count), "OMP_WAIT_POLICY": "passive"}


def compare_training(contenders: Contenders, steps: int, further_steps: int) -> None:
    """Losses without dropout, then steps with it; what TensorFlow ended with, after more steps, is searched with."""
    dropout = SIZES[contenders.size]["dropout"]
    if dropout:
        some = contenders.all("train", 0.0)
        check_same(alternate(some, 0, batches=BATCHES), 2, tolerance=1e-4)
        _close(some)
    trained = contenders.directory / "trained.npz"
    make = contenders.all if steps else (lambda *given, **saved: [contenders.tensorflow(*given, **saved)])
    some = make("train", dropout, save=[trained])
    if steps:
        results = alternate(some, steps, batches=BATCHES)
        if not dropout:
            check_same(results, 2, tolerance=1e-4)
        print(f"\ntraining, {contenders.size}, batches of {contenders.words} words, losses equal without dropout")
        report(results, "goal: CPU time / TensorFlow <= 0.65; time / by hand <= 1.0")
    for number in range(further_steps):
        some[0].step(number % BATCHES)
    _close(some)
    contenders.parameters = trained


def compare_search(contenders: Contenders, beam: int, steps: int) -> None:
    """Beam search."""
    some = contenders.all("search", 0.0, beam)
    results = alternate(some, steps, batches=BATCHES)
    check_same(results, 1, tolerance=1e-3)
    print(f"\nsearch, {contenders.size}, beam {beam}, batches of {contenders.words} words, scores equal")
    report(results, "goal: time / TensorFlow <= 0.71, time / by hand <= 0.67")
    _close(some)


def report(results: dict[str, list[Step]], goal: str) -> None:
    """
    Medians, and ratios of pairs of neighbouring steps: of the written PyTorch to each other contender, with as many
    threads, and of TensorFlow to each.
    """
    print(f"({goal})")
    print(f"{'':32s}{'ms':>8s}{'CPU ms':>9s}   written / this: time, CPU time   TensorFlow / this: time, CPU time")
    for name, steps in results.items():
        line = f"{name:32s}" + "".join(f"{1e3 * value:9.1f}" for value in medians(steps))
        line += _ratio(results[written(2) if name in (written(2), by_hand(2)) else written(1)], steps)
        print(line + "   " + _ratio(results[TENSORFLOW], steps))


def _ratio(steps: list[Step], others: list[Step]) -> str:
    return "".join(f"{value:15.3f}" for value in ratios(steps, others))


def compare_runs(contenders: Contenders, rounds: int, what: str, steps: int) -> None:
    """From the start of ``python -m returnn`` to the first step, or to the end of a training."""
    data = write_data(contenders.directory / "data.hdf", contenders.batches, steps=steps, words=contenders.words)
    dropout = SIZES[contenders.size]["dropout"]
    options = {engine: {**options_before(engine, "cpu"), **data, **BATCH_SIZES} for engine in ("tensorflow", "torch")}
    configs = {name: contenders.config(name, f"run_{what}", dropout, **given) for name, given in options.items()}
    print(f"\n{what}: python -m returnn, {'to the first step' if what == 'start' else f'{steps} steps, one epoch'}")
    for _ in range(rounds):
        for engine, config in configs.items():
            environment = _threads(1) if engine == "torch" else {}
            run = RunOfReturnn(config, contenders.directory / engine, environment)
            print(f"{engine:12s}", run.to_first_step() if what == "start" else run.to_the_end())


def _close(contenders: Sequence[Contender]) -> None:
    for contender in contenders:
        contender.close()


def main() -> None:
    """Compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=sorted(SIZES), default="demo")
    parser.add_argument("--steps", type=int, default=40, help="of training; half of them of search")
    parser.add_argument("--further-steps", type=int, default=100, help="of training before the search")
    parser.add_argument("--only", choices=["train", "search", "start", "run"], action="append")
    parser.add_argument("--rounds", type=int, default=3, help="of starts and of runs")
    parser.add_argument("--run-steps", type=int, default=100, help="of a run")
    parser.add_argument("--words", type=int, default=200, help="in a batch")
    parser.add_argument("--beam", type=int, action="append", help="default: 4, then 12")
    parser.add_argument("--threads", type=int, action="append", choices=[1, 2], help="of PyTorch; default: 1 and 2")
    arguments = parser.parse_args()
    tasks = arguments.only or ["train", "search", "start", "run"]
    with tempfile.TemporaryDirectory() as directory:
        threads = sorted({1, *(arguments.threads or (2,))})
        contenders = Contenders(arguments.size, pathlib.Path(directory), words=arguments.words, threads=threads)
        if "train" in tasks or "search" in tasks:
            compare_training(contenders, arguments.steps if "train" in tasks else 0, arguments.further_steps)
        if "search" in tasks:
            for beam in arguments.beam or (4, 12):
                compare_search(contenders, beam, arguments.steps // 2 + 1)
        for what in ("start", "run"):
            if what in tasks:
                compare_runs(contenders, arguments.rounds, what, arguments.run_steps)


if __name__ == "__main__":
    main()
