"""A small transducer with a CTC model of the same encoder, and the inputs that they read."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn
from recipe.models.ctc import with_blank
from recipe.models.speech_encoder import SpeechLstmEncoder
from recipe.models.topology import Topology
from recipe.models.transducer import TransducerDecoder, TransducerModel

from ..nn.agreement import ragged_frames

FEATURES = 3
PHONES = ("A", "B", "C", "D")
BLANK = len(PHONES)
CTC_PATHS = ([0, 0, 4, 1, 1], [4, 2, 2, 4], [3, 3], [4])
"""Alignments of CTC, over frames."""


def small_transducer(topology: Topology, *, dropout: float = 0.2, label_smoothing: float = 0.0) -> TransducerModel:
    """A transducer with small dims."""
    features = nn.Dim(FEATURES, name="features")
    labels = with_blank(nn.Dim(len(PHONES), name="phones", labels=PHONES))
    encoder = SpeechLstmEncoder(features, nn.Dim(4, name="encoder"), num_layers=1, dropout=dropout)
    decoder = TransducerDecoder(
        encoder.out_dim,
        labels,
        topology=topology,
        embedding_dim=nn.Dim(5, name="label_vector"),
        slow_dim=nn.Dim(6, name="slow"),
        fast_dim=nn.Dim(7, name="fast"),
        dropout=dropout,
    )
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="time"), features])
    alignment = nn.ExternData("alignment", [nn.batch_dim, nn.Dim(None, name="steps")], sparse_dim=labels)
    return TransducerModel(source, alignment, encoder, decoder, label_smoothing=label_smoothing)


def transducer_feeds(topology: Topology) -> dict[str, Any]:
    """Frames, and their alignments in this topology."""
    alignments = [topology.from_ctc(path, BLANK) for path in CTC_PATHS]
    lengths = numpy.array([len(row) for row in alignments], "int32")
    labels = numpy.zeros((len(alignments), lengths.max()), "int32")
    for row, alignment in zip(labels, alignments):
        row[: len(alignment)] = alignment
    return {"data": ragged_frames([len(path) for path in CTC_PATHS], FEATURES), "alignment": (labels, lengths)}
