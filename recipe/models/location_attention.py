"""Attention that knows where it has been, for speech (Chorowski et al. 2015), and the decoder with it."""

from __future__ import annotations

from recipe import nn

from .label_decoder import Decoded


class LocationAttention(nn.Module):
    """
    Additive attention that also sees the sum of its weights so far, through a convolution over time::

        e_t = v . tanh(W_q query + W_k frames_t + (F * sum of the weights)_t + b),    weights = softmax(e)

    :param query_dim: features of the query
    :param frames_dim: features of the frames
    :param key_dim: of the hidden layer
    :param filter_size: how many frames of the weights one frame sees
    """

    def __init__(self, query_dim: nn.Dim, frames_dim: nn.Dim, key_dim: nn.Dim, *, filter_size: int = 15):
        super().__init__()
        self.channel = nn.Dim(1, "channel")
        self.query = nn.Linear(query_dim, key_dim, with_bias=False)
        self.key = nn.Linear(frames_dim, key_dim, with_bias=False)
        self.location = nn.Conv1d(self.channel, key_dim, filter_size)
        self.energy = nn.Linear(key_dim, self.channel, with_bias=False)

    def initial_state(self, frames: nn.Tensor) -> nn.Tensor:
        """No weight on any frame: zeros [batch, time]."""
        return nn.reduce_sum(frames) * 0.0

    def forward(self, query: nn.Tensor, frames: nn.Tensor, weights: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        """
        :param query: [batch, query_dim]
        :param frames: [batch, time, frames_dim]
        :param weights: the sum of those so far, [batch, time]
        :return: the context [batch, frames_dim], and the new sum of the weights
        """
        location = self.location(nn.expand(weights, [self.channel]))
        energy = nn.squeeze(self.energy(nn.tanh(self.key(frames) + location + self.query(query))), self.channel)
        new = nn.softmax_over_spatial(energy, frames.spatial_dim)
        return nn.dot(new, frames, reduce=frames.spatial_dim), weights + new


class LocationAttentionDecoder(nn.Module):
    """
    An LSTM over labels, with location-aware attention to the encoder and input feeding.

    :param encoder_dim: features of the encoder's frames
    :param labels: the dim of the labels, among them ``end_label``
    :param end_label: index of the label that ends a sequence; it also stands for the label before the first one
    :param embedding_dim: of the label vectors
    :param lstm_dim: of the LSTM
    :param key_dim: of the attention
    :param readout_dim: of the layer before the scores
    :param dropout: on the label vectors and on the readout
    :param filter_size: see :class:`LocationAttention`
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
        filter_size: int = 15,
    ):
        super().__init__()
        self.encoder_dim, self.labels, self.end_label, self.dropout = encoder_dim, labels, end_label, dropout
        self.embedding = nn.Embedding(labels, embedding_dim)
        self.cell = nn.LstmCell(embedding_dim + encoder_dim, lstm_dim)
        self.attention = LocationAttention(lstm_dim, encoder_dim, key_dim, filter_size=filter_size)
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
        loop.state.context = nn.zeros([nn.batch_dim, self.encoder_dim])
        loop.state.weights = self.attention.initial_state(encoder)
        with loop:
            x = nn.concat(nn.dropout(self.embedding(loop.state.label), self.dropout), loop.state.context)
            h, loop.state.cell = self.cell(x, loop.state.cell)
            context, loop.state.weights = self.attention(h, encoder, loop.state.weights)
            loop.state.context = context
            hidden = nn.tanh(self.readout([h, context]))
            logits = self.output(nn.dropout(hidden, self.dropout))
            target = loop.unstack(targets) if targets is not None else None
            loop.state.label = nn.choice(logits, target=target, search=search)
            if search is not None:
                loop.end(loop.state.label == self.end_label, include_eos=False)
            return Decoded(loop.stack(logits), loop.stack(loop.state.label))
