"""What tests of checks share: a model, a search, and what is not there."""

from __future__ import annotations

import importlib.util
import pathlib

import pytest

from recipe import nn

from ....without_returnn import is_left_out, skip
from ..inputs import FEATURES, LABELS, classes, frames, vector


class Tagger(nn.Module):
    """A loop with a state, and a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Linear(FEATURES)
        self.scores = nn.Linear(LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            joined = nn.concat(loop.unstack(frames()), loop.state.h)
            loop.state.h = nn.tanh(self.cell(joined))
            logits = loop.stack(self.scores(loop.state.h))
        nn.cross_entropy(logits, classes()).mark_as_loss("ce")
        return nn.softmax(logits)


def searched() -> nn.Tensor:
    output, embedding = nn.Linear(LABELS), nn.Embedding(LABELS, FEATURES)
    loop = nn.Loop(max_seq_len=4)
    loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
    with loop:
        loop.state.label = nn.choice(output(embedding(loop.state.label) + vector()))
        loop.end(loop.state.label == 0)
        return loop.stack(loop.state.label)


def line_of(text: str, file: str) -> int:
    """The number of the first line of a file with that text."""
    lines = pathlib.Path(file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def needs_returnn() -> None:
    """Skips the rest where RETURNN is left out."""
    if is_left_out():
        skip()


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Packages are not installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *rest: None if name in packages else find(name, *rest))
