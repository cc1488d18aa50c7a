"""
A step of our written config against one of the config that an expert wrote by hand, on a CPU: training and search.

    .venv/bin/python benchmarks/step_time.py

The model is that of ``handwritten/attention.config``, with the sizes of the letters-to-phones demo and two encoder
layers. The hand-written config takes TensorFlow's LSTM in place of RETURNN's native one, as an expert does on a CPU.
Both get the same parameters; losses and scores are compared. The limit is a ratio of 1.02 for ours.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import localsis  # noqa: E402

localsis.install()

import numpy  # noqa: E402

from benchmarks.g2p_batches import LEARNING_RATE, SIZES, cmudict_batches, write_batches  # noqa: E402
from benchmarks.paired import Contender, alternate, check_same, report  # noqa: E402
from configs.g2p import model  # noqa: E402
from configs.g2p_graph import THREADS, inputs_of  # noqa: E402
from recipe import nn  # noqa: E402

BATCHES = 20
WORDS = {"train": 200, "search": 20}
"""In a batch; few in the search, which is not trained and so always takes as many steps as it may."""
OPTIONS = {"optimizer": {"class": "adam", "epsilon": 1e-8}, "learning_rate": LEARNING_RATE, **THREADS}
OURS, BY_HAND = "this setup", "by hand"


def sizes_of(size: str, dropout: float) -> dict[str, Any]:
    """Those of the model: of two encoder layers, as the hand-written config has."""
    return {**SIZES[size], "num_layers": 2, "dropout": dropout}


def our_config(task: str, sizes: dict[str, Any]) -> str:
    """What is written for the model. Plain sums as scores: RETURNN's ``choice`` divides them in another way."""
    search = nn.BeamSearch(12, length_normalization=0)
    kwargs: dict[str, Any] = {"search": search, "max_seq_len": 100} if task == "search" else {}
    network = nn.Network(model(inputs_of(), **sizes), **kwargs)
    return network.config_text("cpu", config=OPTIONS)


def handwritten_config(parameters: Mapping[str, numpy.ndarray], dropout: float) -> str:
    """The hand-written file with the sizes of these parameters."""
    text = (PROJECT / "benchmarks" / "handwritten" / "attention.config").read_text(encoding="utf-8")
    text = text.replace('"unit": "nativelstm2"', '"unit": "standardlstm", "unit_opts": {"forget_bias": 0.0}')
    text = text.replace('"dropout": 0.2', f'"dropout": {dropout}')
    text = text.replace('"class": "choice",', '"class": "choice", "length_normalization": False,')
    letters, embedding_dim = parameters["encoder/embedding/W"].shape
    phones = len(parameters["decoder/embedding/W"])
    lstm_dim, key_dim = parameters["decoder/attention/query/W"].shape
    sizes = {"letters": letters, "phones": phones, "letter_vector": embedding_dim, "phone_vector": embedding_dim}
    sizes |= {"lstm": lstm_dim, "decoder": lstm_dim, "key": key_dim, "readout": lstm_dim}
    for name, size in sizes.items():
        text, count = re.subn(rf"^{name}_dim = Dim\(\d+", f"{name}_dim = Dim({size}", text, flags=re.MULTILINE)
        assert count == 1, name
    return text + "\n" + "".join(f"{key} = {value!r}\n" for key, value in OPTIONS.items())


def handwritten_parameters(parameters: Mapping[str, numpy.ndarray]) -> dict[str, numpy.ndarray]:
    """Our parameters by the names of the hand-written config; LSTMs in TensorFlow's layout."""
    names = {"encoder/embedding/W": "embedding/W", "decoder/attention/key/W": "key/W"}
    names |= {"decoder/embedding/W": "output/rec/embedding/W", "decoder/attention/query/W": "output/rec/query/W"}
    for part, layer in (("readout", "readout"), ("output", "logits")):
        names |= {f"decoder/{part}/{name}": f"output/rec/{layer}/{name}" for name in ("W", "b")}
    result = {names[name]: value for name, value in parameters.items() if name in names}
    lstms = {f"encoder/layers/{i}/{way}": f"enc{i}_{way}/rec" for i in range(2) for way in ("fw", "bw")}
    for path, layer in {**lstms, "decoder/cell": "output/rec/lstm/rec"}.items():
        kernel = numpy.concatenate([parameters[f"{path}/W"], parameters[f"{path}/W_re"]])
        result[f"{layer}/lstm_cell/kernel"] = _input_gate_first(kernel)
        result[f"{layer}/lstm_cell/bias"] = _input_gate_first(parameters[f"{path}/b"])
    return result


def _input_gate_first(gates: numpy.ndarray) -> numpy.ndarray:
    cell, in_gate, forget_gate, out_gate = numpy.split(gates, 4, axis=-1)
    return numpy.concatenate([in_gate, cell, forget_gate, out_gate], axis=-1)


class Pair:
    """
    Ours and the hand-written one for a task, and the files that they read.

    :param task: "train" or "search"
    :param size: one of :data:`SIZES`
    :param directory: where to write
    """

    def __init__(self, task: str, size: str, directory: pathlib.Path):
        self.task, self.size, self.directory = task, size, directory
        parameters = nn.Network(model(inputs_of(), **sizes_of(size, 0.0))).random_parameters()
        self.parameters = {OURS: parameters, BY_HAND: handwritten_parameters(parameters)}
        for name, values in self.parameters.items():
            numpy.savez(directory / f"{name}.npz", **values)
        write_batches(directory / "batches.npz", cmudict_batches(BATCHES, words=WORDS[task]))

    def run(self, steps: int, dropout: float) -> dict:
        """Lets both take steps."""
        own = our_config(self.task, sizes_of(self.size, dropout))
        texts = {OURS: own, BY_HAND: handwritten_config(self.parameters[OURS], dropout)}
        contenders = []
        for name, text in texts.items():
            config = self.directory / f"{name}.config"
            config.write_text(text, encoding="utf-8")
            files = [str(self.directory / file) for file in (f"{name}.npz", "batches.npz")]
            program = str(PROJECT / "benchmarks" / "returnn_session.py")
            contenders.append(Contender(name, [sys.executable, program, str(config), self.task, *files]))
        results = alternate(contenders, steps, batches=BATCHES)
        for contender in contenders:
            contender.close()
        return results


def main() -> None:
    """Compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=sorted(SIZES), default="demo")
    parser.add_argument("--steps", type=int, default=40, help="of training; half of them of search")
    arguments = parser.parse_args()
    for task in ("train", "search"):
        with tempfile.TemporaryDirectory() as directory:
            pair = Pair(task, arguments.size, pathlib.Path(directory))
            dropout = SIZES[arguments.size]["dropout"]
            if dropout:
                check_same(pair.run(0, dropout=0.0), 2, tolerance=1e-4)
            results = pair.run(arguments.steps if task == "train" else arguments.steps // 2 + 1, dropout)
            if not dropout:
                check_same(results, 2, tolerance=1e-4)
            print(f"{task}, batches of {WORDS[task]} words")
            report(results, OURS)


if __name__ == "__main__":
    main()
