"""What :mod:`benchmarks.gpu` compares: models of ``recipe.models``, the same by hand, and random data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy
import torch

from benchmarks import torch_g2p, torch_models
from benchmarks.g2p_batches import MAX_STEPS, SIZES
from configs.g2p import model as g2p_model
from configs.g2p_graph import inputs_of
from recipe import nn
from recipe.models.conformer import ConformerEncoder
from recipe.models.ctc import CtcModel
from recipe.models.sequence_to_sequence import SequenceToSequence
from recipe.models.transformer import TransformerDecoder, TransformerEncoder

Feeds = Mapping[str, tuple[numpy.ndarray, ...]]


class Sizes(NamedTuple):
    """
    How large the models and batches are.

    :ivar g2p: of letters to phones
    :ivar words: in a batch of it
    :ivar beam: of its search
    :ivar dim: of the other models; heads have an eighth of it
    :ivar conformer_layers: of the Conformer
    :ivar transformer_layers: of encoder and decoder of the Transformer
    :ivar frames: of the longest sequence for the Conformer
    :ivar sequences: in a batch of the Conformer; the Transformer has four times as many
    """

    g2p: dict[str, Any]
    words: int
    beam: int
    dim: int
    conformer_layers: int
    transformer_layers: int
    frames: int
    sequences: int


LARGE = Sizes(SIZES["full"], 200, 12, 512, 12, 6, 1600, 16)
SMALL = Sizes({"embedding_dim": 8, "lstm_dim": 16, "num_layers": 1, "dropout": 0.1}, 6, 4, 32, 1, 1, 60, 2)
LABELS, FEATURES = 1000, 80


class Case(NamedTuple):
    """
    One model, ours and by hand.

    :ivar name: for the report
    :ivar network: makes ours, with a rate of dropout
    :ivar by_hand: makes that by hand, with a rate of dropout
    :ivar load: copies our parameters to it
    :ivar feeds: a batch
    :ivar beam: of a search; 0 for training
    """

    name: str
    network: Callable[[float], nn.Network]
    by_hand: Callable[[float], torch.nn.Module]
    load: Callable[[Any, Mapping[str, numpy.ndarray]], None]
    feeds: Feeds
    beam: int = 0


def cases(sizes: Sizes) -> list[Case]:
    """All that is compared."""
    rng = numpy.random.default_rng(1)

    def labels(count: int, least: int, most: int, size: int) -> tuple[numpy.ndarray, numpy.ndarray]:
        lengths = numpy.sort(rng.integers(least, most + 1, count)).astype("int32")
        return rng.integers(1, size, (count, lengths.max())).astype("int32"), lengths

    inputs = inputs_of()
    counts = inputs.letters.size, inputs.phones.size
    words = {name: labels(sizes.words, 4, 14, size) for name, size in zip(("data", "classes"), counts)}

    def g2p(dropout: float, **kwargs: Any) -> nn.Network:
        return nn.Network(g2p_model(inputs, **{**sizes.g2p, "dropout": dropout}), **kwargs)

    def g2p_by_hand(dropout: float) -> torch.nn.Module:
        return torch_g2p.Model(*counts, **{**sizes.g2p, "dropout": dropout}, end_label=0)

    def g2p_search(_: float) -> nn.Network:
        return g2p(0.0, search=nn.BeamSearch(sizes.beam), max_seq_len=MAX_STEPS)

    frames = labels(sizes.sequences, sizes.frames // 3, sizes.frames, 2)[1]
    features = rng.standard_normal((len(frames), frames.max(), FEATURES)).astype("float32")
    spoken = labels(sizes.sequences, sizes.frames // 40 + 1, sizes.frames // 20 + 1, LABELS)
    written = {name: labels(4 * sizes.sequences, 20, 40, LABELS) for name in ("data", "classes")}
    wide, heads = 4 * sizes.dim, 8
    by_hand = (LABELS, sizes.dim, wide, heads)
    return [
        Case("letters to phones, training", g2p, g2p_by_hand, torch_g2p.load_parameters, words),
        Case("letters to phones, search", g2p_search, g2p_by_hand, torch_g2p.load_parameters, words, sizes.beam),
        Case(
            "Conformer with CTC, training",
            lambda dropout: conformer(sizes, dropout),
            lambda dropout: torch_models.ConformerCtc(FEATURES, *by_hand, sizes.conformer_layers, dropout),
            torch_models.load,
            {"data": (features, frames), "classes": spoken},
        ),
        Case(
            "Transformer, training",
            lambda dropout: transformer(sizes, dropout),
            lambda dropout: torch_models.Transformer(*by_hand, sizes.transformer_layers, dropout),
            torch_models.load,
            written,
        ),
    ]


def label_dim() -> nn.Dim:
    """The labels of the Conformer and the Transformer."""
    return nn.Dim(LABELS, "labels", labels=[str(number) for number in range(LABELS)])


def conformer(sizes: Sizes, dropout: float) -> nn.Network:
    """Ours of ``recipe.models``."""
    features, dim, hidden, heads = [nn.Dim(size) for size in (FEATURES, sizes.dim, 4 * sizes.dim, 8)]
    encoder = ConformerEncoder(
        features, dim, hidden, heads, num_layers=sizes.conformer_layers, strides=(2, 2), dropout=dropout
    )
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), features])
    target = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=label_dim())
    return nn.Network(CtcModel(source, target, encoder))


def transformer(sizes: Sizes, dropout: float) -> nn.Network:
    """Ours of ``recipe.models``."""
    labels, layers = label_dim(), sizes.transformer_layers
    dim, hidden, heads = [nn.Dim(size) for size in (sizes.dim, 4 * sizes.dim, 8)]
    encoder = TransformerEncoder(labels, dim, hidden, heads, num_layers=layers, dropout=dropout)
    decoder = TransformerDecoder(labels, dim, hidden, heads, end_label=0, num_layers=layers, dropout=dropout)
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=labels)
    target = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=labels)
    return nn.Network(SequenceToSequence(source, target, encoder, decoder))
