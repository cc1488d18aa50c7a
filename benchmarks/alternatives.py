"""
The letters-to-phones model of ``configs/g2p.py`` against the same model in PyTorch (``torch_g2p.py``), on a CPU.

    .venv/bin/python -m pip install torch
    .venv/bin/python benchmarks/alternatives.py demo

Training steps first: same parameters, same batches of 200 words, Adam, clipping, the dropout of the config. Then beam
search with the parameters that the training ended with. Before that, the losses of the first two steps without dropout
and the scores of the first search are compared, so that both are known to be the same model.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
from typing import Any

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import localsis  # noqa: E402

localsis.install()

import numpy  # noqa: E402

from benchmarks.g2p_batches import BEAM_SIZES, LEARNING_RATE, MAX_STEPS, SIZES, cmudict_batches, write_batches  # noqa: E402
from benchmarks.paired import Contender, alternate, check_same, report  # noqa: E402
from configs.g2p import model  # noqa: E402
from configs.g2p_graph import THREADS, inputs_of  # noqa: E402
from recipe import nn  # noqa: E402

OPTIONS = {
    "optimizer": {"class": "adam", "epsilon": 1e-8},
    "learning_rate": LEARNING_RATE,
    "gradient_clip_global_norm": 2.0,
    **THREADS,
}
BATCHES = 30
OURS = "this setup"


class Comparison:
    """
    One size of the model, and a directory for the files that the contenders read.

    :param size: "demo" or "full"
    :param directory: where to write
    :param torch_python: the Python that has PyTorch
    """

    def __init__(self, size: str, directory: pathlib.Path, torch_python: str):
        self.size, self.directory, self.torch_python = size, directory, torch_python
        self.parameters = directory / "parameters.npz"
        self.batches = directory / "batches.npz"
        numpy.savez(self.parameters, **nn.Network(model(inputs_of(), **SIZES[size])).random_parameters())
        write_batches(self.batches, cmudict_batches(BATCHES))

    def config(self, task: str, dropout: float) -> pathlib.Path:
        """Writes our config."""
        sizes: dict[str, Any] = {**SIZES[self.size], "dropout": dropout}
        kwargs = {"search": nn.BeamSearch(BEAM_SIZES[self.size]), "max_seq_len": MAX_STEPS} if task == "search" else {}
        network = nn.Network(model(inputs_of(), **sizes), **kwargs)
        path = self.directory / f"{task}.{dropout}.config"
        path.write_text(network.config_text("cpu", config=OPTIONS), encoding="utf-8")
        return path

    def ours(self, task: str, dropout: float, *, save: pathlib.Path | None = None) -> Contender:
        """Ours in RETURNN."""
        config = self.config(task, dropout)
        files = [str(path) for path in (self.parameters, self.batches, *([save] if save else []))]
        return Contender(
            OURS, [sys.executable, str(PROJECT / "benchmarks" / "returnn_session.py"), str(config), task, *files]
        )

    def torch(self, task: str, dropout: float, threads: int) -> Contender:
        """PyTorch; its threads wait without spinning, which on a loaded machine is many times as fast."""
        arguments = [self.size, task, str(dropout), str(threads), str(self.parameters), str(self.batches)]
        command = [self.torch_python, str(PROJECT / "benchmarks" / "torch_g2p.py"), *arguments]
        return Contender(f"PyTorch, threads: {threads}", command, {"OMP_WAIT_POLICY": "passive"})

    def check(self) -> None:
        """Whether both compute the same losses."""
        contenders = [self.ours("train", 0.0), self.torch("train", 0.0, 2)]
        results = alternate(contenders, 0, batches=BATCHES)
        check_same(results, 2, tolerance=1e-4)
        print("losses of two training steps:", *[f"{step.value:.5f}" for step in results[OURS]], "in both")
        _close(contenders)

    def train(self, steps: int, further_steps: int) -> None:
        """Compares training, then trains ours further; its parameters are used from then on."""
        dropout = SIZES[self.size]["dropout"]
        trained = self.directory / "trained.npz"
        ours = self.ours("train", dropout, save=trained)
        contenders = [ours, *[self.torch("train", dropout, threads) for threads in (2, 1)]]
        report(alternate(contenders, steps, batches=BATCHES), OURS)
        for number in range(further_steps):
            ours.step(number % BATCHES)
        _close(contenders)
        self.parameters = trained

    def search(self, steps: int) -> None:
        """Compares beam search."""
        contenders = [self.ours("search", 0.0), *[self.torch("search", 0.0, threads) for threads in (2, 1)]]
        results = alternate(contenders, steps, batches=BATCHES)
        check_same(results, 1, tolerance=1e-3)
        report(results, OURS)
        _close(contenders)


def _close(contenders: list[Contender]) -> None:
    for contender in contenders:
        contender.close()


def main() -> None:
    """Compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=sorted(SIZES))
    parser.add_argument("--steps", type=int, default=20, help="of training; a third of them of search")
    parser.add_argument("--further-steps", type=int, default=100, help="of training before the search")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python that has PyTorch")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        comparison = Comparison(arguments.size, pathlib.Path(directory), arguments.torch_python)
        comparison.check()
        print(f"training, {arguments.size}, batches of 200 words")
        comparison.train(arguments.steps, arguments.further_steps)
        print(f"search, {arguments.size}, beam {BEAM_SIZES[arguments.size]}, batches of 200 words")
        comparison.search(max(3, arguments.steps // 3))


if __name__ == "__main__":
    main()
