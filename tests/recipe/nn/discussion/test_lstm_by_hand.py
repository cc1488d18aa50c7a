"""The discussion's LSTM of one step, made of ``Linear``, ``split``, ``sigmoid`` and ``tanh``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy
import pytest

from recipe import nn
from recipe.nn import Linear, Loop, Module, State, sigmoid, split, tanh

from ..agreement import check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, frames
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-1")

batch = nn.batch_dim
dim = nn.Dim(4, "dim")


class Lstm(Module):
    """Holds its state, as in the first design."""

    def __init__(self) -> None:
        super().__init__()
        self.h = State({batch, dim})
        self.c = State({batch, dim})
        self.ff_linear = Linear(dim * 4)
        self.rec_linear = Linear(dim * 4)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """One step: [batch, features] to [batch, dim]."""
        x_ = self.ff_linear(x)
        h_ = self.rec_linear(self.h.get())
        x_in, g_in, g_forget, g_out = split(x_ + h_, 4)
        c = self.c.get() * sigmoid(g_forget) + tanh(x_in) * sigmoid(g_in)
        self.c.assign(c)
        h = tanh(c) * sigmoid(g_out)
        self.h.assign(h)
        return h


def test_in_a_loop() -> None:
    lstm = Lstm()

    def model() -> dict[str, nn.Tensor]:
        with Loop() as loop:
            x_ = loop.unstack(frames())
            y_ = lstm(x_)
            y = loop.stack(y_)
        return {"y": y, "h": lstm.h.get(), "c": lstm.c.get()}

    check_trained(model)


def test_equal_to_the_cell_and_to_the_layer() -> None:
    """By hand, as ``LstmCell`` in a loop, and as ``Lstm`` on the whole sequence: the same values and last states."""
    by_hand, cell, layer = Lstm(), nn.LstmCell(FEATURES, dim), nn.Lstm(FEATURES, dim)

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        loop = Loop()
        loop.state.cell = cell.initial_state()
        with loop:
            x_ = loop.unstack(x)
            h, loop.state.cell = cell(x_, loop.state.cell)
            steps = {"hand": loop.stack(by_hand(x_)), "cell": loop.stack(h)}
        steps["layer"], last = layer(x)
        states = {"hand": by_hand.c.get(), "cell": loop.state.cell.c, "layer": last.c}
        return {**steps, **{f"{name}_c": state for name, state in states.items()}}

    network = nn.Network(model)
    run = check_agreement(network, FEEDS, parameters=of_one_lstm(network))
    outputs = run.in_numpy.outputs
    for name in ("cell", "layer"):
        for one, other in zip(outputs["hand"].sequences(), outputs[name].sequences()):
            numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
        numpy.testing.assert_allclose(outputs["hand_c"].value, outputs[f"{name}_c"].value, rtol=1e-4, atol=1e-6)


def of_one_lstm(network: nn.Network) -> Mapping[str, numpy.ndarray]:
    """Random parameters, the same for all three."""
    parameters = random_parameters(network)
    parameters["lstm/rec_linear/b"] = numpy.zeros_like(parameters["lstm/rec_linear/b"])
    for name in ("lstm_cell", "lstm_2"):
        parameters[f"{name}/W"] = parameters["lstm/ff_linear/W"]
        parameters[f"{name}/W_re"] = parameters["lstm/rec_linear/W"]
        parameters[f"{name}/b"] = parameters["lstm/ff_linear/b"]
    return parameters


def test_called_twice_in_a_step() -> None:
    """Two calls share parameters and state, as two calls of a Python object would: several assignments per step."""
    lstm = Lstm()
    back = Linear(FEATURES)

    def model() -> dict[str, nn.Tensor]:
        with Loop() as loop:
            layer1 = lstm(loop.unstack(frames()))
            layer2 = lstm(back(layer1))
            output = loop.stack(layer2)
        return {"output": output, "c": lstm.c.get()}

    run = check_trained(model)
    assert len(run.in_returnn.parameters) == 6
