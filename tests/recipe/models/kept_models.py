"""Models that own each kind of parameter; ``tests/golden/version_1309500`` has checkpoints of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from recipe import nn

from ..nn.inputs import CLASSES, FEATURES, FEEDS, FRAMES, LABELS
from .small_model import small_feeds, small_model
from .small_transformer import small_transformer


class KeptModel(nn.Module):
    """Convolutions, LSTMs in each direction, attention in a loop, layer norm and a parameter of the model's own."""

    def __init__(self) -> None:
        super().__init__()
        filters, hidden = nn.Dim(6, name="filters"), nn.Dim(4, name="hidden")
        self.convolutions = nn.Sequential(nn.Conv1d(FEATURES, filters, 3), nn.DepthwiseConv1d(filters, 3))
        self.norm = nn.LayerNorm(filters)
        self.forwards = nn.Lstm(filters, hidden)
        self.backwards = nn.Lstm(filters, hidden, direction=-1)
        self.before = nn.CausalSelfAttention(filters, hidden, hidden)
        self.attention = nn.AdditiveAttention(hidden, filters, hidden)
        self.cells = nn.ModuleList([nn.LstmCell(filters + 3 * hidden, hidden), nn.LstmCell(hidden, hidden)])
        self.recurrent = nn.Linear(2 * hidden, hidden)
        self.gain = nn.Parameter([hidden], initial=1.0, weight_decay=0.01)
        self.output = nn.Linear(hidden, LABELS)

    def forward(self) -> None:
        """Marks the loss."""
        x = self.norm(self.convolutions(nn.get_extern_data(FRAMES)))
        around = nn.concat(self.forwards(x)[0], self.backwards(x)[0], self.before(x))
        loop = nn.Loop()
        loop.state.first, loop.state.second = self.cells[0].initial_state(), self.cells[1].initial_state()
        loop.state.y = nn.zeros([nn.batch_dim, self.recurrent.out_dim])
        with loop:
            step = loop.unstack(around)
            attended = self.attention(loop.state.second.h, x)
            h, loop.state.first = self.cells[0](nn.concat(step, attended), loop.state.first)
            h, loop.state.second = self.cells[1](h, loop.state.second)
            loop.state.y = nn.tanh(self.recurrent(nn.concat(h, loop.state.y)))
            ys = loop.stack(loop.state.y * self.gain)
        nn.cross_entropy(self.output(ys), nn.get_extern_data(CLASSES)).mark_as_loss("cross_entropy")


def kept_attention() -> nn.Module:
    """An encoder of bidirectional LSTMs, and an LSTM that attends to it; without dropout."""
    model = small_model(dropout=0.0)
    model.encoder.dropout = 0.0
    return model


def kept_transformer() -> nn.Module:
    """Without dropout."""
    return small_transformer(dropout=0.0)


KEPT: dict[str, Callable[[], nn.Module]] = {
    "attention": kept_attention,
    "transformer": kept_transformer,
    "convolution": KeptModel,
}
"""By the name of their directories."""

RESUMED = ("attention", "convolution")
"""Those whose training goes on: of these the state of the optimizer is kept, too."""

SEARCHED = ("attention", "transformer")
"""Those that are searched with, by beams of this size:"""

BEAM_SIZE = 4


def kept_feeds() -> dict[str, Mapping[str, tuple[numpy.ndarray, numpy.ndarray]]]:
    """Three sequences for each model."""
    labels: dict[str, Any] = small_feeds()
    return {
        "attention": labels,
        "transformer": labels,
        "convolution": {name: FEEDS[name] for name in ("data", "classes")},
    }
