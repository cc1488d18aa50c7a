"""Language models: the probability of each label after those before it, as decoders that ignore the encoder."""

from __future__ import annotations

from typing import Any

from recipe import nn

from .label_decoder import DecoderState, LabelDecoder
from .transformer import CausalSelfAttention, FeedForward


class LanguageModel(LabelDecoder):
    """
    Base of language models.

    As a network of its own it reads the input ``data``: the labels, with the end label last. What the model sees in a
    step is the label before; in the first step the end label. In a search it goes beside another decoder: see
    :class:`recipe.models.fusion.ShallowFusion`.

    :param source: declaration of the input: labels [batch, time]
    :param end_label: index of the label that ends a sequence
    """

    def __init__(self, source: nn.ExternData, end_label: int):
        if source.sparse_dim is None:
            raise nn.NetworkError(f"a language model reads labels: nn.ExternData(..., sparse_dim=...), not {source}")
        super().__init__(source.sparse_dim, end_label)
        self.source = source

    def forward(self) -> nn.Tensor:  # type: ignore[override]
        """
        The training: marks the loss ``cross_entropy``; its exponential is the perplexity.

        :return: logits [batch, time, labels]
        """
        labels = nn.get_extern_data(self.source)
        logits = super().forward(None, labels).logits
        nn.cross_entropy(logits, labels).mark_as_loss("cross_entropy")
        return logits


class LstmLanguageModel(LanguageModel):
    """
    LSTM layers over the labels (Mikolov et al. 2010; with LSTMs, Sundermeyer et al. 2012).

    :param source: declaration of the input: labels [batch, time]
    :param end_label: index of the label that ends a sequence
    :param embedding_dim: of the label vectors
    :param lstm_dim: of each LSTM
    :param num_layers: how many
    :param dropout: on the embedding and on the output of each layer
    """

    def __init__(
        self,
        source: nn.ExternData,
        *,
        end_label: int,
        embedding_dim: nn.Dim,
        lstm_dim: nn.Dim,
        num_layers: int = 1,
        dropout: float = 0.0,
    ):
        super().__init__(source, end_label)
        self.dropout = dropout
        self.embedding = nn.Embedding(self.labels, embedding_dim)
        dims = [embedding_dim] + [lstm_dim] * num_layers
        self.layers = nn.ModuleList(nn.LstmCell(in_dim, out_dim) for in_dim, out_dim in zip(dims, dims[1:]))
        self.output = nn.Linear(lstm_dim, self.labels)

    def initial_state(self, encoder: Any) -> DecoderState:
        """Zeros for all layers."""
        return {"layers": [layer.initial_state() for layer in self.layers]}

    def step(self, label: nn.Tensor, state: DecoderState, encoder: Any) -> tuple[nn.Tensor, DecoderState]:
        """
        :param label: the label before, [batch]
        :param state: of the layers
        :param encoder: ignored
        :return: logits of the next label [batch, labels], and the new state
        """
        x = nn.dropout(self.embedding(label), self.dropout)
        layers = []
        for layer, layer_state in zip(self.layers, state["layers"]):
            x, new_state = layer(x, layer_state)
            x = nn.dropout(x, self.dropout)
            layers.append(new_state)
        return self.output(x), {"layers": layers}


class TransformerLanguageModelLayer(nn.Module):
    """
    One step of causal self-attention and a feed-forward network, each normalized before and with a residual connection.

    :param dim: features of input and result
    :param hidden_dim: of the feed-forward network
    :param heads: the dim of the heads of the attention
    :param dropout: on what is added to the residual
    """

    def __init__(self, dim: nn.Dim, hidden_dim: nn.Dim, heads: nn.Dim, dropout: float):
        super().__init__()
        self.self_attention_norm, self.self_attention = nn.LayerNorm(dim), CausalSelfAttention(dim, heads)
        self.feed_forward_norm, self.feed_forward = nn.LayerNorm(dim), FeedForward(dim, hidden_dim, dropout)
        self.dropout = dropout

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """
        :param x: the frame of the step, [batch, dim]
        :return: [batch, dim]
        """
        x = x + nn.dropout(self.self_attention(self.self_attention_norm(x)), self.dropout)
        return x + nn.dropout(self.feed_forward(self.feed_forward_norm(x)), self.dropout)


class TransformerLanguageModel(LanguageModel):
    """
    Layers of causal self-attention over the labels (Irie et al. 2019, with positions).

    :param source: declaration of the input: labels [batch, time]
    :param dim: of the vectors
    :param hidden_dim: of the feed-forward networks
    :param heads: the dim of the heads of each attention
    :param end_label: index of the label that ends a sequence
    :param num_layers: how many
    :param dropout: on the embedding and on what is added to the residual
    """

    def __init__(
        self,
        source: nn.ExternData,
        dim: nn.Dim,
        hidden_dim: nn.Dim,
        heads: nn.Dim,
        *,
        end_label: int,
        num_layers: int = 6,
        dropout: float = 0.1,
    ):
        super().__init__(source, end_label)
        self.dim, self.dropout = dim, dropout
        self.embedding = nn.Embedding(self.labels, dim)
        self.layers = nn.ModuleList(
            TransformerLanguageModelLayer(dim, hidden_dim, heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(dim)
        self.output = nn.Linear(dim, self.labels)

    def step(self, label: nn.Tensor, state: DecoderState, encoder: Any) -> tuple[nn.Tensor, DecoderState]:
        """
        :param label: the label before, [batch]
        :param state: nothing: the frames before are what the loop has collected (:func:`recipe.nn.cum_concat`)
        :param encoder: ignored
        :return: logits of the next label [batch, labels], and the state
        """
        x = self.embedding(label) * self.dim.size**0.5
        x = nn.dropout(nn.positional_encoding(x), self.dropout)
        for layer in self.layers:
            x = layer(x)
        return self.output(self.norm(x)), state
