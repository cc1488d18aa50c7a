"""A decoder that attends to the encoder while it writes labels (Bahdanau et al. 2015)."""

from __future__ import annotations

from typing import Any

from recipe import nn

from .attention import StatefulAttention
from .label_decoder import DecoderState, LabelDecoder


class AttentionLstmDecoder(LabelDecoder):
    """
    An LSTM over labels, with attention to the encoder.

    In each step it reads the label before and the context before (input feeding, Luong et al. 2015), attends, and
    scores all labels. One definition serves training (targets given) and search (``search`` given).

    :param encoder_dim: features of the encoder's frames
    :param labels: the dim of the labels, among them ``end_label``
    :param end_label: index of the label that ends a sequence; it also stands for the label before the first one
    :param embedding_dim: of the label vectors
    :param lstm_dim: of the LSTM
    :param key_dim: of :class:`recipe.nn.DotAttention`, which is the attention if no other one is given
    :param readout_dim: of the layer before the scores
    :param dropout: on the label vectors and on the readout
    :param input_feeding: whether the context goes into the next step of the LSTM
    :param attention: from an LSTM output and the encoder to a context of ``encoder_dim``: a module as
        :class:`recipe.nn.AdditiveAttention`, or one with a state, see :mod:`recipe.models.attention`
    :raises NetworkError: unless one of ``key_dim`` and ``attention`` is given
    """

    def __init__(
        self,
        encoder_dim: nn.Dim,
        labels: nn.Dim,
        *,
        end_label: int,
        embedding_dim: nn.Dim,
        lstm_dim: nn.Dim,
        key_dim: nn.Dim | None = None,
        readout_dim: nn.Dim,
        dropout: float = 0.0,
        input_feeding: bool = True,
        attention: nn.Module | None = None,
    ):
        super().__init__(labels, end_label)
        self.encoder_dim, self.dropout, self.input_feeding = encoder_dim, dropout, input_feeding
        self.embedding = nn.Embedding(labels, embedding_dim)
        self.cell = nn.LstmCell(embedding_dim + encoder_dim if input_feeding else embedding_dim, lstm_dim)
        if (key_dim is None) == (attention is None):
            raise nn.NetworkError("a decoder has one attention: either key_dim, for that by dot products, or attention")
        self.attention = nn.DotAttention(lstm_dim, encoder_dim, key_dim) if key_dim is not None else attention
        self.readout = nn.Linear(lstm_dim + encoder_dim, readout_dim)
        self.output = nn.Linear(readout_dim, labels)

    def initial_state(self, encoder: nn.Tensor) -> DecoderState:
        """
        Zeros, and what the attention starts from.

        :param encoder: [batch, time, encoder_dim]
        """
        state: dict[str, Any] = {"cell": self.cell.initial_state()}
        if self.input_feeding:
            state["context"] = nn.zeros([nn.batch_dim, self.encoder_dim])
        if isinstance(self.attention, StatefulAttention):
            state["attention"] = self.attention.initial_state(encoder)
        return state

    def step(self, label: nn.Tensor, state: DecoderState, encoder: nn.Tensor) -> tuple[nn.Tensor, DecoderState]:
        """
        :param label: the label before, [batch]
        :param state: of the LSTM and of the attention, and with input feeding the context before
        :param encoder: [batch, time, encoder_dim]
        :return: logits [batch, labels], and the new state
        """
        x = nn.dropout(self.embedding(label), self.dropout)
        if self.input_feeding:
            x = nn.concat(x, state["context"])
        h, cell = self.cell(x, state["cell"])
        new_state = {"cell": cell}
        if isinstance(self.attention, StatefulAttention):
            context, new_state["attention"] = self.attention(h, encoder, state["attention"])
        else:
            context = self.attention(h, encoder)
        if self.input_feeding:
            new_state["context"] = context
        hidden = nn.tanh(self.readout([h, context]))
        return self.output(nn.dropout(hidden, self.dropout)), new_state
