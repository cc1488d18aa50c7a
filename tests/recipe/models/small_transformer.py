"""A small Transformer, with the inputs of the small attention model, and small language models."""

from __future__ import annotations

from recipe import nn
from recipe.models.language_model import LstmLanguageModel, TransformerLanguageModel
from recipe.models.sequence_to_sequence import SequenceToSequence
from recipe.models.transformer import TransformerDecoder, TransformerEncoder

from .small_model import END, NUM_LETTERS, NUM_PHONES


def small_transformer(*, num_layers: int = 2, dropout: float = 0.2) -> SequenceToSequence:
    """Two heads of four features each."""
    letters = nn.Dim(NUM_LETTERS, name="letters")
    phones = nn.Dim(NUM_PHONES, name="phones", labels=["$", *"ABCDEFGH"])
    dim, hidden_dim, heads = nn.Dim(8, name="model"), nn.Dim(10, name="hidden"), nn.Dim(2, name="heads")
    return SequenceToSequence(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="word")], sparse_dim=letters),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, name="pronunciation")], sparse_dim=phones),
        TransformerEncoder(letters, dim, hidden_dim, heads, num_layers=num_layers, dropout=dropout),
        TransformerDecoder(phones, dim, hidden_dim, heads, end_label=END, num_layers=num_layers, dropout=dropout),
    )


def small_language_model(*, dropout: float = 0.2, num_layers: int = 2) -> LstmLanguageModel:
    """Over the phones."""
    labels = nn.Dim(NUM_PHONES, name="phones", labels=["$", *"ABCDEFGH"])
    return LstmLanguageModel(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="time")], sparse_dim=labels),
        end_label=END,
        embedding_dim=nn.Dim(3, name="phone_vector"),
        lstm_dim=nn.Dim(5, name="lstm"),
        num_layers=num_layers,
        dropout=dropout,
    )


def small_transformer_language_model(*, dropout: float = 0.2, num_layers: int = 2) -> TransformerLanguageModel:
    """Two heads of four features each."""
    labels = nn.Dim(NUM_PHONES, name="phones", labels=["$", *"ABCDEFGH"])
    return TransformerLanguageModel(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="time")], sparse_dim=labels),
        nn.Dim(8, name="model"),
        nn.Dim(10, name="hidden"),
        nn.Dim(2, name="heads"),
        end_label=END,
        num_layers=num_layers,
        dropout=dropout,
    )
