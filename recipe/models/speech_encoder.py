"""Encoders of speech: from feature vectors to vectors."""

from __future__ import annotations

from collections.abc import Sequence

from recipe import nn

from .spec_augment import SpecAugment


class SpeechEncoder(nn.Module):
    """
    Base of all encoders of speech: called with features [batch, time, features], they give vectors [batch, fewer
    frames, out_dim].

    :ivar out_dim: the dim of these vectors
    """

    out_dim: nn.Dim


class SpeechLstmEncoder(SpeechEncoder):
    """
    Layers of bidirectional LSTMs over features (Graves et al. 2013), with fewer frames from layer to layer.

    :param features: the dim of the input
    :param lstm_dim: of each direction
    :param num_layers: how many
    :param time_pooling: how many frames become one behind each layer, by their maximum; 1 behind those not listed
    :param augmentation: of the features in training
    :param input_dropout: on the features
    :param dropout: on the output of each layer
    """

    def __init__(
        self,
        features: nn.Dim,
        lstm_dim: nn.Dim,
        *,
        num_layers: int = 2,
        time_pooling: Sequence[int] = (),
        augmentation: SpecAugment | None = None,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.layers = nn.ModuleList()
        self.out_dim = features
        for _ in range(num_layers):
            self.layers.append(nn.BidirectionalLstm(self.out_dim, lstm_dim))
            self.out_dim = 2 * lstm_dim
        if len(time_pooling) > num_layers:
            raise ValueError(f"time_pooling {list(time_pooling)} is for more than the {num_layers} layers")
        self.time_pooling = (*time_pooling, *[1] * (num_layers - len(time_pooling)))
        self.augmentation = augmentation
        self.input_dropout, self.dropout = input_dropout, dropout

    def forward(self, features: nn.Tensor) -> nn.Tensor:
        """
        :param features: [batch, time, features]
        :return: [batch, fewer frames, out_dim]
        """
        x = features if self.augmentation is None else self.augmentation(features)
        x = nn.dropout(x, self.input_dropout)
        for layer, frames in zip(self.layers, self.time_pooling):
            x = nn.dropout(nn.pool(layer(x), frames), self.dropout)
        return x
