"""
Sizes of the LibriSpeech systems: of models, trainings, searches, and what jobs ask for.

:data:`FULL` is for a cluster; :data:`MINIATURE` goes the same way through all jobs on two cores, in minutes, on a
corpus that is too small to learn from.
"""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Conformer:
    """Encoder: each two convolutions with a stride, then layers; :class:`recipe.models.conformer.ConformerEncoder`."""

    dim: int = 512
    hidden: int = 2048
    heads: int = 8
    layers: int = 12
    filter_size: int = 31
    dropout: float = 0.1


@dataclasses.dataclass(frozen=True)
class Recogniser:
    """
    A recogniser: its units, encoder and training.

    :ivar units: size of the SentencePiece vocabulary
    :ivar strides: of the convolutions at the start; their product is how many frames of 10 ms become one
    :ivar peak_rate: the highest learning rate
    :ivar batch_frames: of 10 ms, padding included, in one step of one GPU
    :ivar hours: of one GPU, for the time request; with more GPUs less
    """

    units: int
    strides: tuple[int, ...]
    peak_rate: float
    batch_frames: int
    hours: float


@dataclasses.dataclass(frozen=True)
class LanguageModelTraining:
    """How a language model is trained: see :class:`Recogniser`; ``batch_labels`` are labels in one step."""

    peak_rate: float
    batch_labels: int
    epochs: int
    hours: float


@dataclasses.dataclass(frozen=True)
class Request:
    """What a job asks for: hours, GB, cores."""

    time: float
    mem: float
    cpu: int = 4


@dataclasses.dataclass(frozen=True)
class Sizes:
    """
    All of it.

    :ivar name: what outputs and aliases begin with
    :ivar device: of trainings and searches
    :ivar mel: bands of the features
    :ivar train_parts: directories of the training data
    :ivar partition_epoch: RETURNN's epochs in one pass over the training data; each has a checkpoint
    :ivar text_blocks: blocks that the text for language models is cut into; in each of RETURNN's epochs, each GPU has
        at least one
    :ivar text_partition: RETURNN's epochs in one pass over that text
    :ivar epochs: of RETURNN, for a recogniser
    :ivar recognised_epochs: whose checkpoints are recognised while the training goes on
    :ivar averaged: how many last checkpoints the final recognition averages
    :ivar decoder_layers: of the attention system's Transformer decoder, which has the encoder's dims
    :ivar transducer: dims of label vectors, prediction network and joint network
    :ivar lstm: dims of label vectors and LSTMs, and number of layers, of the LSTM language model
    :ivar transformer: dim, hidden dim, heads and number of layers of the Transformer language model
    :ivar beam: of searches with a decoder
    :ivar mask_steps: steps of training from which half and all of SpecAugment's masks are in use
    :ivar max_labels: the most labels that a decoder writes
    :ivar grid: what is tuned on dev-other for fusion
    :ivar rescoring_scales: and for rescoring
    :ivar speeds: of the recordings in training
    :ivar training_memory: GB of the machine, for one GPU
    :ivar reading_workers: processes that read recordings and compute features, for one GPU
    """

    name: str
    device: str
    train_parts: tuple[str, ...]
    mel: int
    conformer: Conformer
    ctc: Recogniser
    attention: Recogniser
    transducer_training: Recogniser
    decoder_layers: int
    transducer: tuple[int, int, int]
    lstm: tuple[int, int, int]
    transformer: tuple[int, int, int, int]
    lstm_training: LanguageModelTraining
    transformer_training: LanguageModelTraining
    partition_epoch: int
    text_blocks: int
    text_partition: int
    epochs: int
    recognised_epochs: tuple[int, ...]
    averaged: int
    mask_steps: tuple[int, int]
    max_labels: int
    beam: int
    joint_scale: float
    grid: dict[str, list[float]]
    rescoring_scales: list[float]
    speeds: tuple[float, ...]
    search: Request
    preparation: Request
    training_memory: float
    reading_workers: int
    search_batch_frames: int
    training_options: dict[str, Any] = dataclasses.field(default_factory=dict)


FULL = Sizes(
    name="librispeech",
    device="gpu",
    train_parts=("train-clean-100", "train-clean-360", "train-other-500"),
    mel=80,
    conformer=Conformer(),
    ctc=Recogniser(units=1_000, strides=(2, 2), peak_rate=1e-3, batch_frames=60_000, hours=48),
    attention=Recogniser(units=5_000, strides=(3, 2), peak_rate=1e-3, batch_frames=60_000, hours=48),
    transducer_training=Recogniser(units=1_000, strides=(3, 2), peak_rate=8e-4, batch_frames=24_000, hours=96),
    decoder_layers=6,
    transducer=(256, 640, 640),
    lstm=(512, 2048, 2),
    transformer=(768, 3072, 12, 12),
    lstm_training=LanguageModelTraining(peak_rate=1e-3, batch_labels=20_000, epochs=80, hours=72),
    transformer_training=LanguageModelTraining(peak_rate=5e-4, batch_labels=20_000, epochs=80, hours=72),
    partition_epoch=20,
    text_blocks=480,
    text_partition=20,
    epochs=500,
    recognised_epochs=(40, 100, 200, 300, 400, 500),
    averaged=10,
    mask_steps=(5_000, 15_000),
    max_labels=300,
    beam=12,
    joint_scale=0.3,
    grid={"language_model_scale": [0.2, 0.4, 0.6], "internal_scale": [0.0, 0.2]},
    rescoring_scales=[0.0, 0.2, 0.4, 0.6],
    speeds=(0.9, 1.0, 1.1),
    search=Request(time=8, mem=24),
    preparation=Request(time=12, mem=16, cpu=8),
    training_memory=20,
    reading_workers=6,
    search_batch_frames=30_000,
)
"""For GPUs with 40 GB; docs/librispeech.md says what it needs."""

MINIATURE = dataclasses.replace(
    FULL,
    name="librispeech_mini",
    device="cpu",
    mel=40,
    conformer=Conformer(dim=64, hidden=128, heads=4, layers=2, filter_size=7),
    ctc=Recogniser(units=100, strides=(2, 2), peak_rate=2e-3, batch_frames=5_000, hours=1),
    attention=Recogniser(units=150, strides=(3, 2), peak_rate=2e-3, batch_frames=5_000, hours=1),
    transducer_training=Recogniser(units=100, strides=(3, 2), peak_rate=2e-3, batch_frames=4_000, hours=1),
    decoder_layers=1,
    transducer=(16, 48, 48),
    lstm=(24, 64, 1),
    transformer=(32, 64, 2, 1),
    lstm_training=LanguageModelTraining(peak_rate=3e-3, batch_labels=1_000, epochs=6, hours=1),
    transformer_training=LanguageModelTraining(peak_rate=3e-3, batch_labels=1_000, epochs=6, hours=1),
    partition_epoch=2,
    text_blocks=2,
    text_partition=1,
    epochs=20,
    recognised_epochs=(12, 20),
    averaged=3,
    mask_steps=(400, 600),
    max_labels=60,
    beam=3,
    grid={"language_model_scale": [0.1, 0.3], "internal_scale": [0.0, 0.1]},
    rescoring_scales=[0.0, 0.3],
    search=Request(time=1, mem=2, cpu=1),
    preparation=Request(time=1, mem=2, cpu=1),
    training_memory=2,
    search_batch_frames=12_000,
)
"""For two cores and no GPU."""


def with_units(sizes: Sizes, units: int | None) -> Sizes:
    """The same sizes with vocabularies of so many subwords; None: as they are."""
    if units is None:
        return sizes
    names = ("ctc", "attention", "transducer_training")
    changed = {name: dataclasses.replace(getattr(sizes, name), units=units) for name in names}
    return dataclasses.replace(sizes, name=f"{sizes.name}_{units}", **changed)


def one_cycle(epochs: int, peak: float) -> list[float]:
    """
    Learning rates: up for 45 % of the epochs, down for 45 %, then near 0 (Smith and Topin 2019, as RWTH trains
    Conformers).

    :param epochs: how many
    :param peak: the highest one
    """
    points = [(0.0, peak / 10), (0.45, peak), (0.9, peak / 10), (1.0, peak / 100)]
    rates = []
    for epoch in range(epochs):
        part = epoch / max(1, epochs - 1)
        (start, low), (end, high) = next(pair for pair in zip(points, points[1:]) if part <= pair[1][0])
        rates.append(low + (high - low) * (part - start) / (end - start))
    return rates
