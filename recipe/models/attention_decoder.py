"""A decoder that attends to the encoder while it writes labels (Bahdanau et al. 2015)."""

from __future__ import annotations

from typing import NamedTuple

from recipe import nn


class Decoded(NamedTuple):
    """
    What a decoder gives: per step the scores of the labels (logits [batch, steps, labels]) and the labels taken.
    """

    logits: nn.Tensor
    labels: nn.Tensor


class AttentionLstmDecoder(nn.Module):
    """
    An LSTM over labels, with attention to the encoder.

    In each step it reads the label before and the context before (input feeding, Luong et al. 2015), attends, and
    scores all labels. One definition serves training (targets given) and search (``search`` given).

    :param encoder_dim: features of the encoder's frames
    :param labels: the dim of the labels, among them ``end_label``
    :param end_label: index of the label that ends a sequence; it also stands for the label before the first one
    :param embedding_dim: of the label vectors
    :param lstm_dim: of the LSTM
    :param key_dim: of the attention
    :param readout_dim: of the layer before the scores
    :param dropout: on the label vectors and on the readout
    :param input_feeding: whether the context goes into the next step of the LSTM
    """

    def __init__(
        self,
        encoder_dim: nn.Dim,
        labels: nn.Dim,
        *,
        end_label: int,
        embedding_dim: nn.Dim,
        lstm_dim: nn.Dim,
        key_dim: nn.Dim,
        readout_dim: nn.Dim,
        dropout: float = 0.0,
        input_feeding: bool = True,
    ):
        super().__init__()
        self.encoder_dim, self.labels, self.end_label = encoder_dim, labels, end_label
        self.dropout, self.input_feeding = dropout, input_feeding
        self.embedding = nn.Embedding(labels, embedding_dim)
        self.cell = nn.LstmCell(embedding_dim + encoder_dim if input_feeding else embedding_dim, lstm_dim)
        self.attention = nn.DotAttention(lstm_dim, encoder_dim, key_dim)
        self.readout = nn.Linear(lstm_dim + encoder_dim, readout_dim)
        self.output = nn.Linear(readout_dim, labels)

    def forward(
        self,
        encoder: nn.Tensor,
        targets: nn.Tensor | None = None,
        *,
        search: nn.BeamSearch | None = None,
        max_seq_len: int = 100,
    ) -> Decoded:
        """
        :param encoder: [batch, time, encoder_dim]
        :param targets: labels [batch, steps] with the end label last, in training
        :param search: how to search, where there are no targets
        :param max_seq_len: the most steps of a search
        :return: logits and labels [batch, steps, ...]; in a search without the end label
        """
        loop = nn.Loop(max_seq_len=max_seq_len if search is not None else None)
        loop.state.label = nn.constant(self.end_label, [nn.batch_dim], sparse_dim=self.labels)
        loop.state.cell = self.cell.initial_state()
        if self.input_feeding:
            loop.state.context = nn.zeros([nn.batch_dim, self.encoder_dim])
        with loop:
            x = nn.dropout(self.embedding(loop.state.label), self.dropout)
            if self.input_feeding:
                x = nn.concat(x, loop.state.context)
            h, loop.state.cell = self.cell(x, loop.state.cell)
            context = self.attention(h, encoder)
            if self.input_feeding:
                loop.state.context = context
            hidden = nn.tanh(self.readout([h, context]))
            logits = self.output(nn.dropout(hidden, self.dropout))
            target = loop.unstack(targets) if targets is not None else None
            loop.state.label = nn.choice(logits, target=target, search=search)
            if search is not None:
                loop.end(loop.state.label == self.end_label, include_eos=False)
            return Decoded(loop.stack(logits), loop.stack(loop.state.label))
