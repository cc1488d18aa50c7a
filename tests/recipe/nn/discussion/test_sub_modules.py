"""Modules with states that call others with states, in the same loop and in loops within it."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn import Linear, Loop, Module, State

from ..agreement import ragged_frames
from ..inputs import FEATURES, FEEDS, LENGTHS, frames
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-1")

batch = nn.batch_dim
INNER_TIME = nn.Dim(None, "inner_time")
INNER = nn.ExternData("inner", [batch, INNER_TIME, FEATURES])
INNER_FEEDS = {**FEEDS, "inner": ragged_frames((2, 3, 1), 5, seed=7)}
X, W = FEEDS["data"][0], INNER_FEEDS["inner"][0]


class MySubRec(Module):
    """Adds up what it is called with."""

    def __init__(self) -> None:
        super().__init__()
        self.h = State({batch, FEATURES})

    def forward(self, a: nn.Tensor) -> nn.Tensor:
        h = self.h.get() + a
        self.h.assign(h)
        return h


class MyRec(Module):
    """Calls it in a loop of its own, in the loop around, or both."""

    def __init__(self, calls: str) -> None:
        super().__init__()
        self.calls = calls
        self.sub = MySubRec()
        self.h = State({batch, FEATURES})

    def forward(self, x: nn.Tensor, inner: nn.Tensor) -> nn.Tensor:
        y = a = nn.tanh(self.h.get() * 0.5 + x)
        if "nested" in self.calls:
            with Loop() as loop:
                y = self.sub(a + loop.unstack(inner))
                y = loop.last(y)
        if "same" in self.calls:
            y = self.sub(a)
        self.h.assign(y)
        return y


@pytest.mark.parametrize("calls", ["nested", "same", "nested and same"])
def test_sub_module_in_a_nested_loop_and_in_the_same_loop(calls: str) -> None:
    """A state belongs to the innermost loop at the call, and is carried by those around; only ``Loop()`` opens one."""
    rec = MyRec(calls)

    def model() -> dict[str, nn.Tensor]:
        with Loop() as loop:
            y_ = rec(loop.unstack(frames()), nn.get_extern_data(INNER))
            y = loop.stack(y_)
        return {"y": y, "h": rec.h.get(), "sub": rec.sub.h.get()}

    outputs = check_trained(model, INNER_FEEDS).in_numpy.outputs
    for row, length in enumerate(LENGTHS):
        h, sub = numpy.zeros(5), numpy.zeros(5)
        for t in range(length):
            a = numpy.tanh(h * 0.5 + X[row, t])
            if "nested" in calls:
                for s in range(INNER_FEEDS["inner"][1][row]):
                    sub = sub + a + W[row, s]
            if "same" in calls:
                sub = sub + a
            h = sub
            numpy.testing.assert_allclose(outputs["y"].value[row, t], h, rtol=1e-4, atol=1e-5)
        numpy.testing.assert_allclose(outputs["sub"].value[row], sub, rtol=1e-4, atol=1e-5)


def test_nested_loop_without_a_length() -> None:
    """As it stands in the discussion the inner loop unstacks nothing and has no end: that is told."""
    sub = MySubRec()

    def model() -> nn.Tensor:
        with Loop() as outer:
            a = outer.unstack(frames())
            with Loop() as loop:
                y = loop.last(sub(a))
            return outer.stack(y)

    with pytest.raises(nn.NetworkError, match="this loop has no length"):
        nn.Network(model)


def test_module_that_opens_a_loop_called_in_a_loop() -> None:
    """A nested loop with an end of its own; the parameters are the same in all three places."""

    class Refine(Module):
        """Applies a layer again and again, until the result is small."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = Linear(FEATURES, FEATURES)

        def forward(self, x: nn.Tensor) -> nn.Tensor:
            loop = Loop(max_seq_len=3)
            loop.state.x = x
            with loop:
                loop.state.x = nn.tanh(self.layer(loop.state.x))
                loop.end(nn.reduce_sum(abs(loop.state.x)) < 1.5, include_eos=True)
            return loop.state.x

    refine = Refine()

    def model() -> dict[str, nn.Tensor]:
        first = refine(nn.reduce_mean(frames(), "T"))
        with Loop() as loop:
            y = loop.stack(refine(refine.layer(loop.unstack(frames())) + first))
        return {"first": first, "y": y}

    run = check_trained(model)
    assert sorted(run.in_returnn.parameters) == ["refine/layer/W", "refine/layer/b"]


def test_last_of_three_nested_loops() -> None:
    """A module with a state in the innermost of three loops: one variable in all of them."""
    sub = MySubRec()

    def model() -> dict[str, nn.Tensor]:
        inner = nn.get_extern_data(INNER)
        with Loop() as one:
            x = one.unstack(frames())
            with Loop() as two:
                w = two.unstack(inner)
                with Loop() as three:
                    y = three.last(sub(x * w + 0.1 * three.unstack(inner)))
                y = two.last(y)
            y = one.stack(y)
        return {"y": y, "sub": sub.h.get()}

    outputs = check_trained(model, INNER_FEEDS).in_numpy.outputs
    for row, length in enumerate(LENGTHS):
        total = numpy.zeros(5)
        inner_length = INNER_FEEDS["inner"][1][row]
        for t in range(length):
            for s in range(inner_length):
                for r in range(inner_length):
                    total = total + X[row, t] * W[row, s] + 0.1 * W[row, r]
            numpy.testing.assert_allclose(outputs["y"].value[row, t], total, rtol=1e-3, atol=1e-4)
