"""A small attention model, with the inputs that it reads."""

from __future__ import annotations

from typing import Any

from recipe import nn
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.sequence_to_sequence import SequenceToSequence

from ..nn.agreement import ragged_labels

NUM_LETTERS, NUM_PHONES = 7, 9
END = 0


def small_model(
    *, num_layers: int = 2, lstm_dim: int = 5, label_smoothing: float = 0.1, **kwargs: Any
) -> SequenceToSequence:
    """
    An attention model with small dims.

    :param kwargs: for the decoder
    """
    letters = nn.Dim(NUM_LETTERS, name="letters")
    phones = nn.Dim(NUM_PHONES, name="phones", labels=["$", *"ABCDEFGH"])
    encoder = BidirectionalLstmEncoder(
        letters, nn.Dim(4, name="letter_vector"), nn.Dim(6, name="encoder"), num_layers=num_layers, dropout=0.2
    )
    decoder = AttentionLstmDecoder(
        encoder.out_dim,
        phones,
        end_label=END,
        embedding_dim=nn.Dim(3, name="phone_vector"),
        lstm_dim=nn.Dim(lstm_dim, name="decoder"),
        key_dim=nn.Dim(4, name="key"),
        readout_dim=nn.Dim(6, name="readout"),
        **{"dropout": 0.2, **kwargs},
    )
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="word")], sparse_dim=letters)
    target = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, name="pronunciation")], sparse_dim=phones)
    return SequenceToSequence(source, target, encoder, decoder, label_smoothing=label_smoothing)


def small_feeds() -> dict[str, Any]:
    """Three words and their pronunciations, each with the end label last."""
    words = ragged_labels((5, 2, 3), NUM_LETTERS, seed=1)
    phones, lengths = ragged_labels((4, 6, 2), NUM_PHONES, seed=2, first=1)
    for row, length in zip(phones, lengths):
        row[length - 1] = END
    return {"data": words, "classes": (phones, lengths)}
