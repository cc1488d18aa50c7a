"""Language model: the probability of each label after those before it (Mikolov et al. 2010, with LSTMs)."""

from __future__ import annotations

from recipe import nn


class LstmLanguageModel(nn.Module):
    """
    LSTM layers over the labels (Sundermeyer et al. 2012).

    Reads the input ``data``: the labels, with the end label last. What the model sees in a step is the label before; in
    the first step the end label.

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
        super().__init__()
        assert source.sparse_dim is not None
        self.source, self.end_label, self.dropout = source, end_label, dropout
        self.labels: nn.Dim = source.sparse_dim
        self.embedding = nn.Embedding(self.labels, embedding_dim)
        dims = [embedding_dim] + [lstm_dim] * num_layers
        self.layers = nn.ModuleList(nn.LstmCell(in_dim, out_dim) for in_dim, out_dim in zip(dims, dims[1:]))
        self.output = nn.Linear(lstm_dim, self.labels)

    def step(self, label: nn.Tensor, states: list[nn.LstmState]) -> tuple[nn.Tensor, list[nn.LstmState]]:
        """
        :param label: the label before, [batch]
        :param states: of the layers
        :return: logits of the next label [batch, labels], and the new states
        """
        x = nn.dropout(self.embedding(label), self.dropout)
        new_states = []
        for layer, state in zip(self.layers, states):
            x, new_state = layer(x, state)
            x = nn.dropout(x, self.dropout)
            new_states.append(new_state)
        return self.output(x), new_states

    def initial_states(self) -> list[nn.LstmState]:
        """Those of the layers before the first label."""
        return [layer.initial_state() for layer in self.layers]

    def forward(self) -> nn.Tensor:
        """
        Marks the loss ``cross_entropy``; its exponential is the perplexity.

        :return: logits [batch, time, labels]
        """
        labels = nn.get_extern_data(self.source)
        loop = nn.Loop()
        loop.state.label = nn.constant(self.end_label, [nn.batch_dim], sparse_dim=self.labels)
        loop.state.layers = self.initial_states()
        with loop:
            logits, loop.state.layers = self.step(loop.state.label, loop.state.layers)
            loop.state.label = loop.unstack(labels)
            logits = loop.stack(logits)
        nn.cross_entropy(logits, labels).mark_as_loss("cross_entropy")
        return logits
