"""Assignments under conditions and masks: if and else, and ``if mask`` with the old value otherwise."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn import Cond, Linear, Loop, LstmCell, MaskedComputation, Module, State

from ..inputs import FEATURES, FEEDS, LENGTHS, classes, frames, vector
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-1")

batch = nn.batch_dim
X = FEEDS["data"][0]


def test_python_variable_in_both_branches() -> None:
    """``y`` set in both branches is just the name of the second value: an error that says what to write."""

    def model() -> nn.Tensor:
        with Cond(nn.reduce_sum(vector()) > 0.0) as cond:
            y = nn.constant(1.0, [batch])
        with cond.false_branch():
            y = nn.constant(2.0, [batch])
        return y * 1.0

    with pytest.raises(nn.NetworkError, match="a value of one branch of Cond.*cond.result"):
        nn.Network(model)


def test_result_of_both_branches() -> None:
    """The same with what both branches set as their result."""

    def model() -> nn.Tensor:
        with Cond(nn.reduce_sum(vector()) > 0.0) as cond:
            cond.true = nn.constant(1.0, [batch])
        with cond.false_branch():
            cond.false = nn.constant(2.0, [batch])
        return cond.result

    value = check_trained(model).in_numpy.outputs["output"].value
    numpy.testing.assert_array_equal(value, numpy.where(FEEDS["vector"].sum(axis=-1) > 0, 1.0, 2.0))


def test_state_assigned_in_a_branch() -> None:
    """``State.assign`` is allowed in any context: a State, in a branch, in a loop, and after it."""

    def model() -> dict[str, nn.Tensor]:
        linear = Linear(FEATURES)
        h = State({batch, FEATURES}, initial=0)
        with Loop() as loop:
            x = loop.unstack(frames())
            with Cond(nn.reduce_sum(x) > 0.0) as cond:
                h.assign(nn.tanh(linear(x) + h.get()))
            with cond.false_branch():
                h.assign(h.get() * 0.5)
            y = loop.stack(h.get())
        return {"y": y, "h": h.get()}

    run = check_trained(model)
    p = run.in_returnn.parameters
    for row, length in enumerate(LENGTHS):
        h = numpy.zeros(5)
        for t in range(length):
            if X[row, t].sum() > 0:
                h = numpy.tanh(X[row, t] @ p["linear/W"] + p["linear/b"] + h)
            else:
                h = h * 0.5
            numpy.testing.assert_allclose(run.in_numpy.outputs["y"].value[row, t], h, rtol=1e-4, atol=1e-5)


def test_branch_that_gives_back_the_state_itself() -> None:
    """A branch may give what it was given, as ``else: pass`` would."""

    def model() -> dict[str, nn.Tensor]:
        cell = LstmCell(FEATURES)
        loop = Loop()
        loop.state.cell = cell.initial_state()
        with loop:
            x = loop.unstack(frames())
            with Cond(nn.cast(loop.unstack(classes()), "int32") % 2 == 0) as cond:
                cond.true = cell(x, loop.state.cell)[1]
            with cond.false_branch():
                cond.false = loop.state.cell
            loop.state.cell = cond.result
            y = loop.stack(loop.state.cell.h)
        return {"y": y, "c": loop.state.cell.c}

    check_trained(model)


class SlowRnn(Module):
    """Has a hidden state of its own, so that assigning under a mask cannot be forbidden."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = Linear(FEATURES)
        self.h = State({batch, FEATURES}, initial=0)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """One step."""
        self.h.assign(nn.tanh(self.linear([x, self.h.get()])))
        return self.h.get()


@pytest.mark.parametrize("form", ["mask", "cond", "where"])
def test_module_with_a_state_under_a_mask(form: str) -> None:
    """``if mask: slow = slow_rnn(x)`` and otherwise everything as before: by mask, by Cond, and by ``where``."""
    slow_rnn = SlowRnn()

    def model() -> dict[str, nn.Tensor]:
        with Loop() as loop:
            x = loop.unstack(frames())
            mask = nn.cast(loop.unstack(classes()), "int32") % 2 == 0
            if form == "mask":
                with MaskedComputation(mask=mask):
                    slow = slow_rnn(x)
            elif form == "cond":
                with Cond(mask):
                    slow_rnn(x)
                slow = slow_rnn.h.get()
            else:
                before = slow_rnn.h.get()
                slow = nn.where(mask, slow_rnn(x), before)
                slow_rnn.h.assign(slow)
            y = loop.stack(slow)
        return {"y": y, "h": slow_rnn.h.get()}

    run = check_trained(model)
    p, labels = run.in_returnn.parameters, FEEDS["classes"][0]
    for row, length in enumerate(LENGTHS):
        h = numpy.zeros(5)
        for t in range(length):
            if labels[row, t] % 2 == 0:
                x = numpy.concatenate([X[row, t], h])
                h = numpy.tanh(x @ p["slow_rnn/linear/W"] + p["slow_rnn/linear/b"])
            numpy.testing.assert_allclose(run.in_numpy.outputs["y"].value[row, t], h, rtol=1e-4, atol=1e-5)


def test_contexts_in_contexts() -> None:
    """Loop, Cond, MaskedComputation and Loop again; one state read and assigned in all of them, in order."""

    def model() -> dict[str, nn.Tensor]:
        h = State({batch, FEATURES}, initial=1)
        other = nn.tanh(frames())
        with Loop() as loop:
            x = loop.unstack(frames())
            h.assign(h.get() * 0.5 + x)
            with Cond(nn.reduce_sum(x) > 0.0) as cond:
                with MaskedComputation(mask=loop.unstack(classes()) > 2):
                    with Loop() as inner:
                        h.assign(h.get() * 0.5 + inner.unstack(other))
                h.assign(h.get() + 1.0)
            with cond.false_branch():
                h.assign(-h.get())
            y = loop.stack(h.get())
        return {"y": y, "h": h.get()}

    outputs = check_trained(model).in_numpy.outputs
    labels = FEEDS["classes"][0]
    for row, length in enumerate(LENGTHS):
        h = numpy.ones(5)
        for t in range(length):
            h = h * 0.5 + X[row, t]
            if X[row, t].sum() > 0:
                if labels[row, t] > 2:
                    for s in range(length):
                        h = h * 0.5 + numpy.tanh(X[row, s])
                h = h + 1
            else:
                h = -h
            numpy.testing.assert_allclose(outputs["y"].value[row, t], h, rtol=1e-4, atol=1e-5)


def test_state_with_an_empty_part() -> None:
    """None in a structure stands for no state, as that of a layer that has none."""

    def model() -> nn.Tensor:
        cell = LstmCell(FEATURES)
        loop = Loop()
        loop.state.layers = [cell.initial_state(), None, {"sum": nn.zeros([batch, FEATURES]), "nothing": None}]
        with loop:
            lstm_state, nothing, more = loop.state.layers
            y, lstm_state = cell(loop.unstack(frames()), lstm_state)
            more = {"sum": more["sum"] + y, "nothing": more["nothing"]}
            assert nothing is None and more["nothing"] is None
            loop.state.layers = [lstm_state, nothing, more]
            return loop.stack(more["sum"])

    check_trained(model)
