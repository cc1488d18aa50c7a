"""
What the LibriSpeech systems of the full size need: parameters, memory and operations of a step of training.

    OMP_NUM_THREADS=1 python benchmarks/librispeech_estimates.py

It needs PyTorch, no GPU and no corpus. Each training is run on the CPU for one sequence of random features of 4, 8 and
16 seconds, with bfloat16 where a GPU would have it. What PyTorch keeps for the gradients is counted, byte by byte
(``torch.autograd.graph.saved_tensors_hooks``), and so are the operations of matrix products and convolutions
(``torch.utils.flop_counter``). Both are a + b t + c t^2 of the length t; a is there once in a batch (parameters in
bfloat16), the rest for each of its sequences, of which there are as many of one length as ``batch_frames`` says.

- memory: that of a batch, once more a third for what is only there for a moment, and 16 bytes a parameter (float32
  values, gradients, Adam's two moments)
- steps/s: operations of the batch / (peak of the GPU in bfloat16 times the part that is reached)
"""

from __future__ import annotations

import argparse
import math
import pathlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import localsis  # noqa: E402

localsis.install()

import numpy  # noqa: E402
import torch  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from benchmarks.torch_session import TorchSession  # noqa: E402
from configs.librispeech_models import Models  # noqa: E402
from configs.librispeech_sizes import FULL  # noqa: E402
from recipe import nn  # noqa: E402

FRAMES_PER_SECOND = 100
LABELS_PER_SECOND = {1_000: 5.0, 5_000: 3.7, 10_000: 3.5}
"""By the size of the vocabulary: LibriSpeech has 2.7 words a second, and 1.85, 1.37 and 1.3 subwords a word."""
MEAN_SECONDS, LONGEST_SECONDS = 12.3, 24.5
TEMPORARY = 1.33
BYTES_PER_PARAMETER = 16


class Cost(NamedTuple):
    """
    Of one sequence.

    :ivar kept: bytes for the gradients
    :ivar operations: floating point, forward and backward
    """

    kept: float
    operations: float


class Training(NamedTuple):
    """
    A training of the config.

    :ivar units: in a second: labels of a recogniser; of a language model, sequences are told in labels
    :ivar batch: size of a batch, in frames or labels
    """

    name: str
    network: nn.Network
    units: int
    batch: int
    is_text: bool = False


def trainings() -> list[Training]:
    """All of the config."""
    models, found = Models(FULL), []
    for name, size in (("ctc", FULL.ctc), ("attention", FULL.attention), ("transducer", FULL.transducer_training)):
        model = getattr(models, name)(labels_of(size.units))
        found.append(Training(name, nn.Network(model), size.units, size.batch_frames))
    units = FULL.attention.units
    for name, model in models.language_models(labels_of(units)).items():
        options = FULL.lstm_training if name == "lstm" else FULL.transformer_training
        found.append(Training(f"{name} language model", nn.Network(model), units, options.batch_labels, is_text=True))
    return found


def labels_of(units: int) -> nn.Dim:
    """Labels with made-up names."""
    return nn.Dim(units, f"subwords_{units}", labels=["</s>", *(f"s{number}" for number in range(1, units))])


def feeds_of(training: Training, length: float) -> dict[str, tuple[numpy.ndarray, ...]]:
    """One random sequence, as long as this: seconds, or labels of a text."""
    random = numpy.random.default_rng(1)

    def labels(count: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        return random.integers(1, training.units, (1, count)).astype("int32"), numpy.array([count], "int32")

    if training.is_text:
        return {"data": labels(int(length))}
    frames = int(length * FRAMES_PER_SECOND)
    features = random.standard_normal((1, frames, FULL.mel)).astype("float32")
    return {
        "data": (features, numpy.array([frames], "int32")),
        "classes": labels(int(length * LABELS_PER_SECOND[training.units])),
    }


def cost(session: TorchSession, feeds: dict[str, tuple[numpy.ndarray, ...]]) -> Cost:
    """What a step of training of one sequence keeps and computes."""
    parameters = {parameter.untyped_storage().data_ptr() for parameter in session.model.parameters()}
    kept: dict[int, tuple[torch.UntypedStorage, int]] = {}

    def pack(x: torch.Tensor) -> torch.Tensor:
        storage = x.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage, storage.nbytes()  # which is held, so that no other one gets its place
        return x

    counter = FlopCounterMode(display=False)
    with counter, torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x), torch.autocast("cpu", torch.bfloat16):
        session.train(feeds)
    return Cost(sum(size for _, size in kept.values()), counter.get_total_flops())


def of_batch(lengths: Sequence[float], values: Sequence[float], length: float, count: float) -> float:
    """
    What so many sequences of another length need.

    :param lengths: at which it was measured
    :param values: of one sequence of each
    """
    square, linear, constant = numpy.polyfit(lengths, values, 2)
    return float(constant + count * (linear * length + square * length**2))


def main() -> None:
    """Measures, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peak", type=float, default=312.0, help="of the GPU in bfloat16, TFLOP/s (A100: 312)")
    parser.add_argument("--reached", type=float, default=0.2, help="the part of it that is reached")
    parser.add_argument("--only", help="of one training")
    arguments = parser.parse_args()
    rate = arguments.peak * arguments.reached * 1e12
    print(
        f"{'training':28s}{'million':>9s}{'length':>8s}{'seqs':>6s}{'kept':>8s}{'memory':>8s}{'TFLOP':>8s}{'steps/s':>9s}"
    )
    for training in trainings():
        if arguments.only not in (None, training.name):
            continue
        count = sum(math.prod(parameter.shape) for parameter in training.network.parameters.values())
        session = TorchSession(
            training.network.config_text(engine="torch", config={"optimizer": {"class": "sgd"}}), "train"
        )
        lengths = (24.0, 48.0, 96.0) if training.is_text else (4.0, 8.0, 16.0)
        costs = [cost(session, feeds_of(training, length)) for length in lengths]
        size = training.batch if training.is_text else training.batch / FRAMES_PER_SECOND
        for length in (40.0, 100.0) if training.is_text else (MEAN_SECONDS, LONGEST_SECONDS):
            kept = of_batch(lengths, [one.kept for one in costs], length, size / length)
            operations = of_batch(lengths, [one.operations for one in costs], length, size / length)
            memory = kept * TEMPORARY + BYTES_PER_PARAMETER * count
            print(
                f"{training.name:28s}{count / 1e6:9.1f}{length:8.1f}{size / length:6.0f}{kept / 2**30:8.1f}"
                f"{memory / 2**30:8.1f}{operations / 1e12:8.1f}{rate / operations:9.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
