"""Encoders of speech: from feature vectors to vectors."""

from __future__ import annotations

from recipe import nn


class SpeechLstmEncoder(nn.Module):
    """
    Layers of bidirectional LSTMs over features (Graves et al. 2013).

    :param features: the dim of the input
    :param lstm_dim: of each direction
    :param num_layers: how many
    :param input_dropout: on the features
    :param dropout: on the output of each layer
    """

    def __init__(
        self,
        features: nn.Dim,
        lstm_dim: nn.Dim,
        *,
        num_layers: int = 2,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.layers = nn.ModuleList()
        self.out_dim = features
        for _ in range(num_layers):
            self.layers.append(nn.BidirectionalLstm(self.out_dim, lstm_dim))
            self.out_dim = 2 * lstm_dim
        self.input_dropout, self.dropout = input_dropout, dropout

    def forward(self, features: nn.Tensor) -> nn.Tensor:
        """
        :param features: [batch, time, features]
        :return: [batch, time, out_dim]
        """
        x = nn.dropout(features, self.input_dropout)
        for layer in self.layers:
            x = nn.dropout(layer(x), self.dropout)
        return x
