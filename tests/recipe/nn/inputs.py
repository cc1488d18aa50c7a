"""Inputs that the tests of this directory share: a ragged batch of three sequences."""

from __future__ import annotations

from typing import Any

from recipe import nn

from .agreement import ragged_frames, ragged_labels

LENGTHS = (4, 2, 3)
TIME = nn.Dim(None, "time")
FEATURES = nn.Dim(5, "features")
LABELS = nn.Dim(7, "labels")
FRAMES = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])
OTHER = nn.ExternData("other", [nn.batch_dim, TIME, FEATURES])
CLASSES = nn.ExternData("classes", [nn.batch_dim, TIME], sparse_dim=LABELS)
VECTOR = nn.ExternData("vector", [nn.batch_dim, FEATURES])

FEEDS: dict[str, Any] = {
    "data": ragged_frames(LENGTHS, 5, seed=1),
    "other": ragged_frames(LENGTHS, 5, seed=2),
    "classes": ragged_labels(LENGTHS, 7, seed=3),
    "vector": ragged_frames([1, 1, 1], 5, seed=4)[0][:, 0],
}


def frames() -> nn.Tensor:
    """Random vectors [batch, time, features]."""
    return nn.get_extern_data(FRAMES)


def other_frames() -> nn.Tensor:
    """Other random vectors [batch, time, features]."""
    return nn.get_extern_data(OTHER)


def classes() -> nn.Tensor:
    """Random labels [batch, time]."""
    return nn.get_extern_data(CLASSES)


def vector() -> nn.Tensor:
    """A random vector for each sequence, [batch, features]."""
    return nn.get_extern_data(VECTOR)
