"""Encoders: from a sequence of inputs to a sequence of vectors."""

from __future__ import annotations

from recipe import nn


class BidirectionalLstmEncoder(nn.Module):
    """
    Layers of bidirectional LSTMs over embedded labels (Schuster and Paliwal 1997).

    :param labels: the dim of the input labels
    :param embedding_dim: of the label vectors
    :param lstm_dim: of each direction
    :param num_layers: how many
    :param dropout: on the embedding and on the output of each layer
    """

    def __init__(
        self, labels: nn.Dim, embedding_dim: nn.Dim, lstm_dim: nn.Dim, *, num_layers: int = 1, dropout: float = 0.0
    ):
        super().__init__()
        self.embedding = nn.Embedding(labels, embedding_dim)
        self.layers = nn.ModuleList()
        in_dim = embedding_dim
        for _ in range(num_layers):
            self.layers.append(nn.BidirectionalLstm(in_dim, lstm_dim))
            in_dim = 2 * lstm_dim
        self.out_dim = in_dim
        self.dropout = dropout

    def forward(self, labels: nn.Tensor) -> nn.Tensor:
        """
        :param labels: [batch, time]
        :return: [batch, time, out_dim]
        """
        x = nn.dropout(self.embedding(labels), self.dropout)
        for layer in self.layers:
            x = nn.dropout(layer(x), self.dropout)
        return x
