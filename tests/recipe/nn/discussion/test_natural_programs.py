"""Programs that a user writes without thinking, and that fail or are silently wrong where a loop is thin wrapping."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn import Linear, Loop, LstmCell, Module

from ..agreement import check_agreement, ragged_frames
from ..inputs import FEATURES, FEEDS, LABELS, LENGTHS, classes, frames, vector
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-2")

batch = nn.batch_dim
X = FEEDS["data"][0]


def test_layers_in_a_plain_list() -> None:
    """Parameters of modules in a Python list are found, and named by their position."""

    class Model(Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [Linear(FEATURES), Linear(3)]
            self.cells = {"slow": LstmCell(3)}

        def forward(self) -> nn.Tensor:
            loop = Loop()
            loop.state.slow = self.cells["slow"].initial_state()
            with loop:
                x = loop.unstack(frames())
                for layer in self.layers:
                    x = nn.tanh(layer(x))
                y, loop.state.slow = self.cells["slow"](x, loop.state.slow)
                return loop.stack(y)

    check_trained(Model())
    assert {name.rpartition("/")[0] for name in nn.Network(Model()).parameters} == {
        "layers/0",
        "layers/1",
        "cells/slow",
    }


def test_loop_over_labels() -> None:
    """A label axis is an axis like any other: the distribution function of a softmax."""

    def model() -> nn.Tensor:
        prob = nn.softmax(Linear(LABELS)(frames()))
        loop = Loop()
        loop.state.total = nn.zeros([batch, frames().spatial_dim])
        with loop:
            loop.state.total = loop.state.total + loop.unstack(prob, axis=LABELS)
            total = loop.stack(loop.state.total)
        return total

    value = check_trained(model).in_numpy.outputs["output"]
    last = value.value.take(-1, axis=value.dims.index(LABELS))
    numpy.testing.assert_allclose(last, numpy.ones_like(last), rtol=1e-5)


def test_no_sequence_has_a_frame() -> None:
    """A batch of empty sequences alone: no step at all, states are as they were. RETURNN refuses to stack nothing."""

    def model() -> dict[str, nn.Tensor]:
        loop = Loop()
        loop.state.h = vector()
        with loop:
            loop.state.h = nn.tanh(loop.state.h + loop.unstack(frames()))
            y = loop.stack(loop.state.h)
        return {"y": y, "h": loop.state.h}

    feeds = {**FEEDS, "data": (numpy.zeros((3, 0, 5), "float32"), numpy.zeros(3, "int32"))}
    outputs = nn.run_numpy(nn.Network(model), feeds).outputs
    numpy.testing.assert_array_equal(outputs["h"].value, FEEDS["vector"])
    assert outputs["y"].value.shape == (3, 0, FEATURES.size)


def test_batch_of_one_frame() -> None:
    def model() -> nn.Tensor:
        loop = Loop()
        loop.state.h = nn.ones([batch, FEATURES])
        with loop:
            loop.state.h = nn.tanh(Linear(FEATURES)(loop.state.h) + loop.unstack(frames()))
            return loop.stack(loop.state.h)

    check_trained(model, {**FEEDS, "data": ragged_frames([1], 5)}, rtol=1e-4)


class Losses(Module):
    """One loss in a loop on unstacked targets, one outside, each with a factor, and one that is only reported."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent = Linear(FEATURES, FEATURES)
        self.readout = Linear(FEATURES, LABELS)

    def forward(self, inside: float, outside: float) -> nn.Tensor:
        loop = Loop()
        loop.state.h = nn.zeros([batch, FEATURES])
        with loop:
            loop.state.h = nn.tanh(self.recurrent(loop.state.h) + loop.unstack(frames()))
            logits = self.readout(loop.state.h)
            targets = loop.unstack(classes())
            if inside:
                nn.cross_entropy(logits, targets).mark_as_loss("inside", scale=inside)
            nn.frame_error(logits, targets).mark_as_loss("error", as_error=True)
            h = loop.stack(loop.state.h)
        if outside:
            (h * h).mark_as_loss("outside", scale=outside)
        return h


def gradients(inside: float, outside: float) -> dict[str, Any]:
    """Those of the total loss; 0 where it does not depend on a parameter."""
    model = Losses()
    run = check_agreement(model, FEEDS, train=True, gradients=True, inside=inside, outside=outside)
    return {name: value if value is not None else 0.0 for name, value in run.in_returnn.gradients.items()}


def test_scales_of_several_losses() -> None:
    """The total loss is the sum with these factors, inside and outside of loops; errors do not count in it."""
    both, one, other = gradients(0.5, 0.1), gradients(1.0, 0.0), gradients(0.0, 1.0)
    for name, value in both.items():
        expected = 0.5 * one[name] + 0.1 * other[name]
        numpy.testing.assert_allclose(value, expected, rtol=1e-3, atol=1e-5, err_msg=name)


def test_causal_convolution_is_that_of_the_sequence() -> None:
    """A window over the last frames in a loop, and the frames moved by hand on the whole sequence."""
    size = 3

    class Model(Module):
        def __init__(self) -> None:
            super().__init__()
            self.window = nn.Window(FEATURES, size)
            self.kernel = Linear(size * FEATURES, 4)

        def forward(self) -> nn.Tensor:
            x = frames()
            with Loop() as loop:
                joined, loop.state.window = self.window(loop.unstack(x), loop.state.window)
                return loop.stack(self.kernel(joined))

    run = check_trained(Model())
    p = run.in_returnn.parameters
    for row, length in enumerate(LENGTHS):
        padded = numpy.concatenate([numpy.zeros((size - 1, 5)), X[row, :length]])
        joined = numpy.concatenate([padded[i : i + length] for i in range(size)], axis=-1)
        expected = joined @ p["model/kernel/W"] + p["model/kernel/b"]
        numpy.testing.assert_allclose(
            run.in_numpy.outputs["output"].value[row, :length], expected, rtol=1e-3, atol=1e-5
        )
