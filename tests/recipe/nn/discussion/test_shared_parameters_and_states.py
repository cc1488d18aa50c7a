"""What two calls of a module share, read from the call: parameters always, states as they are handed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn import Loop, LstmCell, Module, State

from ..inputs import FEATURES, FEEDS, LENGTHS, frames
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-2")

CELL = ["lstm_cell/W", "lstm_cell/W_re", "lstm_cell/b"]
X = FEEDS["data"][0]


def python_loop(parameters: Mapping[str, numpy.ndarray], shared: bool) -> numpy.ndarray:
    """PyTorch's spelling in NumPy: the output of the second call in all steps, zero in the padding."""
    weight, recurrent, bias = (parameters[name] for name in CELL)

    def lstm(x: numpy.ndarray, state: tuple) -> tuple:
        h, c = state
        j, i, f, o = numpy.split(x @ weight + h @ recurrent + bias, 4, axis=-1)
        c = c / (1 + numpy.exp(-f)) + numpy.tanh(j) / (1 + numpy.exp(-i))
        h = numpy.tanh(c) / (1 + numpy.exp(-o))
        return h, (h, c)

    output = numpy.zeros(X.shape)
    for row, length in enumerate(LENGTHS):
        zero = numpy.zeros(FEATURES.size)
        layer1_state = layer2_state = lstm_state = (zero, zero)
        for t in range(length):
            if shared:
                layer1, lstm_state = lstm(X[row, t], lstm_state)
                layer2, lstm_state = lstm(layer1, lstm_state)
            else:
                layer1, layer1_state = lstm(X[row, t], layer1_state)
                layer2, layer2_state = lstm(layer1, layer2_state)
            output[row, t] = layer2
    return output


def attributes_of_the_loop_state(shared: bool) -> nn.Tensor:
    """The final spelling."""
    lstm = LstmCell(FEATURES)
    x = frames()
    loop = Loop()
    if shared:
        loop.state.lstm = lstm.initial_state()
    else:
        loop.state.layer1 = lstm.initial_state()
        loop.state.layer2 = lstm.initial_state()
    with loop:
        if shared:
            layer1, loop.state.lstm = lstm(loop.unstack(x), loop.state.lstm)
            layer2, loop.state.lstm = lstm(layer1, loop.state.lstm)
        else:
            layer1, loop.state.layer1 = lstm(loop.unstack(x), loop.state.layer1)
            layer2, loop.state.layer2 = lstm(layer1, loop.state.layer2)
        return loop.stack(layer2)


def attributes_without_initial_value(shared: bool) -> nn.Tensor:
    """As it stands in the discussion: the cell gives a state that has none its own initial one."""
    lstm = LstmCell(FEATURES)
    x = frames()
    with Loop() as loop:
        if shared:
            layer1, loop.state.lstm = lstm(loop.unstack(x), loop.state.lstm)
            layer2, loop.state.lstm = lstm(layer1, loop.state.lstm)
        else:
            layer1, loop.state.layer1 = lstm(loop.unstack(x), loop.state.layer1)
            layer2, loop.state.layer2 = lstm(layer1, loop.state.layer2)
        return loop.stack(layer2)


def state_objects(shared: bool) -> nn.Tensor:
    """``State`` of a nested structure, with get and assign."""
    lstm = LstmCell(FEATURES)
    x = frames()
    layer1_state = State(lstm.initial_state())
    layer2_state = layer1_state if shared else State(lstm.initial_state())
    with Loop() as loop:
        layer1, layer1_state_ = lstm(loop.unstack(x), layer1_state.get())
        layer1_state.assign(layer1_state_)
        layer2, layer2_state_ = lstm(layer1, layer2_state.get())
        layer2_state.assign(layer2_state_)
        return loop.stack(layer2)


def states_handed_over_as_they_are(shared: bool) -> nn.Tensor:
    """Without ``get``: a State stands for its value."""
    lstm = LstmCell(FEATURES)
    x = frames()
    layer1_state = State(lstm.initial_state())
    layer2_state = layer1_state if shared else State(lstm.initial_state())
    with Loop() as loop:
        layer1, layer1_state_ = lstm(loop.unstack(x), layer1_state)
        layer1_state.assign(layer1_state_)
        layer2, layer2_state_ = lstm(layer1, layer2_state)
        layer2_state.assign(layer2_state_)
        return loop.stack(layer2)


SPELLINGS = [
    attributes_of_the_loop_state,
    attributes_without_initial_value,
    state_objects,
    states_handed_over_as_they_are,
]


@pytest.mark.parametrize("shared", [True, False], ids=["shared_state", "own_states"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_two_calls_of_one_lstm(spelling: Any, shared: bool) -> None:
    """Parameters and state shared, or parameters alone; each is what the same lines are in PyTorch."""
    run = check_trained(spelling, shared=shared)
    assert sorted(run.in_returnn.parameters) == CELL
    value = run.in_numpy.outputs["output"].value
    expected = python_loop(run.in_returnn.parameters, shared)
    for row, length in enumerate(LENGTHS):
        numpy.testing.assert_allclose(value[row, :length], expected[row, :length], rtol=1e-3, atol=1e-5)


def test_two_lstms() -> None:
    """Neither is shared."""

    def model() -> nn.Tensor:
        lstm1, lstm2 = LstmCell(FEATURES), LstmCell(4)
        loop = Loop()
        loop.state.layer1 = lstm1.initial_state()
        loop.state.layer2 = lstm2.initial_state()
        with loop:
            layer1, loop.state.layer1 = lstm1(loop.unstack(frames()), loop.state.layer1)
            layer2, loop.state.layer2 = lstm2(layer1, loop.state.layer2)
            return loop.stack(layer2)

    assert len(check_trained(model).in_returnn.parameters) == 6


def test_forgotten_loop_state() -> None:
    """The initial state fed in every step again: a warning, at that line."""

    def model() -> nn.Tensor:
        lstm = LstmCell(FEATURES)
        loop_state_layer = lstm.initial_state()
        with Loop() as loop:
            layer1, loop_state_layer = lstm(loop.unstack(frames()), loop_state_layer)
            return loop.stack(layer1)

    with pytest.warns(nn.NetworkWarning, match="same state in each step of the loop, so it remembers nothing"):
        nn.Network(model)


def test_call_without_a_state() -> None:
    """A cell has no default state: that would be the initial one in every step."""

    def model() -> nn.Tensor:
        lstm = LstmCell(FEATURES)
        with Loop() as loop:
            layer1 = lstm(loop.unstack(frames()))
            layer2 = lstm(layer1)
            return loop.stack(layer2)

    with pytest.raises(nn.NetworkError, match="LstmCell wants its state.*h, loop.state.cell = cell"):
        nn.Network(model)


def test_sequence_lstm_called_on_a_frame() -> None:
    def model() -> nn.Tensor:
        lstm = nn.Lstm(FEATURES)
        with Loop() as loop:
            y, _ = lstm(loop.unstack(frames()))
            return loop.stack(y)

    with pytest.raises(nn.NetworkError, match="nn.LstmCell"):
        nn.Network(model)


def test_attributes_of_a_state_object() -> None:
    """``state = State(); state.layer1 = ...`` became ``loop.state.layer1``, and is told."""

    def model() -> nn.Tensor:
        loop_state = State()
        loop_state.layer1 = LstmCell(FEATURES).initial_state()  # type: ignore[attr-defined]
        return frames()

    with pytest.raises(nn.NetworkError, match="loop.state.layer1 = ..."):
        nn.Network(model)


def test_default_initial_state_on_a_sequence() -> None:
    """On whole sequences a state may be left out, and two calls share no state: a call has no side effect."""

    def model() -> dict[str, nn.Tensor]:
        lstm = nn.Lstm(FEATURES)
        x = frames()
        layer1, _ = lstm(x)
        layer2, last = lstm(layer1)
        explicit, _ = lstm(layer1, lstm.initial_state())
        on, _ = lstm(layer1, last)
        return {"layer2": layer2, "explicit": explicit, "on": on}

    run = check_trained(model)
    outputs = run.in_numpy.outputs
    numpy.testing.assert_array_equal(outputs["layer2"].value, outputs["explicit"].value)
    assert (outputs["layer2"].value[:, 0] != outputs["on"].value[:, 0]).all()
    assert len(run.in_returnn.parameters) == 3


class UniversalTransformer(Module):
    """One causal attention layer and one cell, called n times in each step; each call has its own history and state."""

    def __init__(self, num_layers: int) -> None:
        super().__init__()
        self.attention = nn.CausalSelfAttention(FEATURES, 4, FEATURES)
        self.cell = LstmCell(FEATURES, FEATURES)
        self.num_layers = num_layers

    def initial_state(self) -> list:
        """One for each layer."""
        return [self.cell.initial_state() for _ in range(self.num_layers)]

    def forward(self, x: nn.Tensor, state: list) -> tuple[nn.Tensor, list]:
        """One step through all layers."""
        new_state = []
        for layer_state in state:
            x = x + self.attention(x)
            x, layer_state = self.cell(x, layer_state)
            new_state.append(layer_state)
        return x, new_state


def test_universal_transformer() -> None:
    """Parameters shared over the depth, states not; the states of all layers are one list, ``loop.state.layers``."""
    num_layers = 3

    class Model(Module):
        def __init__(self) -> None:
            super().__init__()
            self.stack = UniversalTransformer(num_layers)

        def forward(self) -> dict[str, nn.Tensor]:
            loop = Loop()
            loop.state.layers = self.stack.initial_state()
            with loop:
                y_, loop.state.layers = self.stack(loop.unstack(frames()), loop.state.layers)
                y = loop.stack(y_)
            x = frames()
            for _ in range(num_layers):
                x = x + self.stack.attention(x)
                loop = Loop()
                loop.state.cell = self.stack.cell.initial_state()
                with loop:
                    h, loop.state.cell = self.stack.cell(loop.unstack(x), loop.state.cell)
                    x = loop.stack(h)
            return {"step_by_step": y, "layer_by_layer": x}

    run = check_trained(Model(), rtol=1e-3)
    assert len(run.in_returnn.parameters) == 6
    outputs = run.in_numpy.outputs
    for one, other in zip(outputs["step_by_step"].sequences(), outputs["layer_by_layer"].sequences()):
        numpy.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_state_read_passed_and_changed() -> None:
    """The cases that are hard where states are hidden: read it, pass an own one, change it between steps."""

    def model() -> dict[str, nn.Tensor]:
        lstm, query = LstmCell(FEATURES), nn.Linear(FEATURES)
        x = frames()
        loop = Loop()
        loop.state.h = nn.tanh(query(nn.reduce_mean(x, "T")))
        loop.state.c = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            prev_h = loop.state.h * 0.5 + nn.tanh(loop.state.c)
            y, new = lstm(loop.unstack(x), (prev_h, loop.state.c))
            loop.state.h, loop.state.c = new.h, new.c - nn.reduce_mean(new.c)
            steps = loop.stack(y * loop.state.c)
        return {"steps": steps, "h": loop.state.h, "c": loop.state.c}

    check_trained(model)
