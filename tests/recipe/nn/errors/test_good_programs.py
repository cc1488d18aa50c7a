"""Good programs: nothing is said about them."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from recipe import nn

from ..golden_networks import NETWORKS
from ..inputs import FEATURES, LABELS, classes, frames, other_frames, vector
from .test_warnings import OwnCell
from .wrong_programs import HIDDEN, start, warnings_of


class GoodModel(nn.Module):
    """The right form of all of the above."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.own = nn.LstmCell(FEATURES, HIDDEN), OwnCell()
        self.linear = nn.Linear(HIDDEN, LABELS)

    def forward(self) -> nn.Tensor:
        x, y = frames(), other_frames()
        scale, count = 2.0, 0
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        loop.state.own = self.own.initial_state()
        with loop:
            x, y = loop.unstack(x), loop.unstack(y)
            h, loop.state.cell = self.cell(scale * x, loop.state.cell)
            for _ in range(2):
                h2, loop.state.own = self.own(y, loop.state.own)
                count += 1
            logits = self.linear(h + h2)
            nn.cross_entropy(logits, loop.unstack(classes())).mark_as_loss()
            logits = loop.stack(logits)
        return logits


def whole_sequence_attended_to() -> Any:
    """A sequence that is read as a whole in the body, whose name then is one of its frames."""
    keys = frames()
    with nn.Loop() as loop:
        weights = nn.softmax_over_spatial(nn.dot(nn.get_extern_data(keys_of_their_own()), vector()))
        keys = loop.unstack(keys)
        return loop.stack(keys * nn.reduce_max(weights, "T"))


def keys_of_their_own() -> nn.ExternData:
    """An input over an axis of its own."""
    return nn.ExternData("keys", [nn.batch_dim, nn.Dim(None, "keys"), FEATURES])


def sequence_lstm_in_a_loop() -> Any:
    """An LSTM over a whole inner sequence may start from zeros in each step."""
    lstm = nn.Lstm(FEATURES, HIDDEN)
    inner = nn.get_extern_data(keys_of_their_own())
    with nn.Loop() as loop:
        frame = loop.unstack(frames())
        y, state = lstm(inner + frame, lstm.initial_state())
        return loop.stack(state.h)


def state_of_a_loop_around_read_in_the_inner_loop() -> Any:
    outer = nn.Loop()
    outer.state.s = start()
    with outer:
        x = outer.unstack(frames())
        with nn.Loop() as inner:
            y = inner.last(inner.unstack(other_frames()) + outer.state.s)
        outer.state.s = x + y
        return outer.stack(outer.state.s)


def accumulation_before_the_loop() -> Any:
    total = vector()
    total = total + 1.0
    with nn.Loop() as loop:
        y = loop.unstack(frames()) + total
        return loop.stack(y)


@pytest.mark.parametrize(
    "model",
    [
        GoodModel,
        whole_sequence_attended_to,
        sequence_lstm_in_a_loop,
        state_of_a_loop_around_read_in_the_inner_loop,
        accumulation_before_the_loop,
    ],
)
def test_good_programs_are_not_warned_of(model: Any) -> None:
    assert not [str(warning.message) for warning in warnings_of(model)]


@pytest.mark.parametrize("name", NETWORKS)
def test_models_are_not_warned_of(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", nn.NetworkWarning)
        assert NETWORKS[name]().needed
