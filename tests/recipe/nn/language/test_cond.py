"""Cond: if and else, for each sequence (rules L4 and L5)."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, classes, frames, other_frames, vector

pytestmark = pytest.mark.xdist_group("returnn-1")
DATA, CLASSES = FEEDS["data"][0], FEEDS["classes"][0]


class Branches(nn.Module):
    """A cell in one branch, a linear map in the other, a state assigned in both, and one in the second alone."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LstmCell(FEATURES, 4)
        self.linear = nn.Linear(FEATURES, 4)

    def forward(self) -> dict[str, nn.Tensor]:
        """Results of all steps and final states."""
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        loop.state.both = nn.zeros([nn.batch_dim, FEATURES])
        loop.state.false = nn.ones([nn.batch_dim, FEATURES])
        with loop:
            x = loop.unstack(frames())
            with nn.Cond(loop.unstack(classes()) > 0) as cond:
                cond.true, loop.state.cell = self.cell(x, loop.state.cell)
                loop.state.both = loop.state.both + x
            with cond.false_branch():
                cond.false = nn.tanh(self.linear(x)) + loop.state.cell.h
                loop.state.false = loop.state.false * 0.5 + loop.state.both
                loop.state.both = -loop.state.both
            steps = loop.stack(cond.result)
        (steps * 1.0).mark_as_loss("loss")
        return {"steps": steps, "both": loop.state.both, "false": loop.state.false, "h": loop.state.cell.h}


def test_in_a_loop() -> None:
    run = check_agreement(Branches(), FEEDS, gradients=True, train=True)
    for row, length in enumerate(LENGTHS):
        both, false = numpy.zeros(5), numpy.ones(5)
        for step in range(length):
            if CLASSES[row, step] > 0:
                both = both + DATA[row, step]
            else:
                false = false * 0.5 + both
                both = -both
        numpy.testing.assert_allclose(run.in_numpy.outputs["both"].value[row], both, rtol=1e-5, atol=1e-6)
        numpy.testing.assert_allclose(run.in_numpy.outputs["false"].value[row], false, rtol=1e-5, atol=1e-6)
    untrained = [name for name, gradient in run.in_returnn.gradients.items() if not numpy.abs(gradient).max() > 0]
    assert not untrained


def test_without_else() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.a = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            x = loop.unstack(frames())
            with nn.Cond(nn.reduce_sum(x) > 0.0):
                loop.state.a = x
            return loop.stack(loop.state.a)

    check_agreement(model, FEEDS)


def test_a_scalar_condition_and_a_structure_as_result() -> None:
    def model() -> dict[str, nn.Tensor]:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            with nn.Cond(loop.iter_idx % 2 == 0) as cond:
                cond.true = {"x": x, "twice": 2.0 * x}
            with cond.false_branch():
                cond.false = {"x": -x, "twice": x}
            return {name: loop.stack(value) for name, value in cond.result.items()}

    run = check_agreement(model, FEEDS)
    numpy.testing.assert_allclose(run.in_numpy.outputs["x"].value[:, 1], -DATA[:, 1])


def test_outside_of_loops_with_loops_in_the_branches() -> None:
    def model() -> dict[str, nn.Tensor]:
        state = nn.State([nn.batch_dim, FEATURES], initial=0)
        with nn.Cond(nn.reduce_sum(vector()) > 0.0) as cond:
            with nn.Loop() as loop:
                state.assign(state.get() + loop.unstack(frames()))
                steps = loop.stack(state.get())
            cond.true = steps
        with cond.false_branch():
            with nn.Loop() as loop:
                state.assign(state.get() - loop.unstack(other_frames()))
            cond.false = other_frames()
        return {"steps": cond.result, "state": state.get()}

    run = check_agreement(model, FEEDS)
    for row, length in enumerate(LENGTHS):
        counts = FEEDS["vector"][row].sum() > 0
        expected = DATA[row, :length].sum(axis=0) if counts else -FEEDS["other"][0][row, :length].sum(axis=0)
        numpy.testing.assert_allclose(run.in_numpy.outputs["state"].value[row], expected, rtol=1e-4, atol=1e-5)


def test_nested_with_a_mask_and_an_end() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            x = loop.unstack(frames())
            label = loop.unstack(classes())
            with nn.Cond(label > 2) as cond:
                with nn.MaskedComputation(mask=label > 4):
                    loop.state.a = loop.state.a + x
                loop.end(nn.reduce_sum(x) > 1.0, include_eos=False)
            with cond.false_branch():
                with nn.Cond(label == 0) as inner:
                    inner.true = x
                with inner.false_branch():
                    inner.false = loop.state.a
                loop.state.a = inner.result
            steps = loop.stack(loop.state.a)
        return {"steps": steps, "a": loop.state.a}

    check_agreement(model, FEEDS)


def value_of_a_branch() -> Any:
    x = vector()
    with nn.Cond(nn.reduce_sum(x) > 0.0):
        y = x * 2.0
    return y + 1.0


def result_of_one_branch() -> Any:
    x = vector()
    with nn.Cond(nn.reduce_sum(x) > 0.0) as cond:
        cond.true = x
    return cond.result


def other_structures() -> Any:
    x = vector()
    with nn.Cond(nn.reduce_sum(x) > 0.0) as cond:
        cond.true = x
    with cond.false_branch():
        cond.false = (x, x)
    return cond.result


def state_of_one_branch() -> Any:
    x = vector()
    state = nn.State(name="s")
    with nn.Cond(nn.reduce_sum(x) > 0.0):
        state.assign(x)
    return state.get()


def number_as_condition() -> Any:
    with nn.Cond(nn.reduce_sum(vector())) as cond:
        cond.true = vector()
    return cond.result


def python_condition() -> Any:
    with nn.Cond(True) as cond:  # type: ignore[arg-type]
        cond.true = vector()
    return cond.result


def condition_of_frames() -> Any:
    with nn.Cond(nn.reduce_sum(frames(), FEATURES) > 0.0) as cond:
        cond.true = vector()
    return cond.result


def false_branch_too_late() -> Any:
    state = nn.State([nn.batch_dim, FEATURES], initial=0)
    x = vector()
    with nn.Cond(nn.reduce_sum(x) > 0.0) as cond:
        state.assign(x)
    state.assign(-x)
    with cond.false_branch():
        state.assign(x * 2.0)
    return state.get()


def no_batch_in_state() -> Any:
    state = nn.State([FEATURES], initial=0, name="average")
    with nn.Cond(nn.reduce_sum(vector()) > 0.0):
        state.assign(state.get() * 2.0)
    return state.get()


def true_set_outside() -> Any:
    cond = nn.Cond(nn.reduce_sum(vector()) > 0.0)
    cond.true = vector()
    return cond.result


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (value_of_a_branch, ["undefined where the other branch", "cond.result"]),
        (result_of_one_branch, ["cond.false was not set"]),
        (other_structures, ["both must be alike"]),
        (state_of_one_branch, ["state 's'"]),
        (number_as_condition, ["bool", "float32", "x != 0"]),
        (python_condition, ["use if"]),
        (condition_of_frames, ["[batch] or a scalar", "nn.where"]),
        (false_branch_too_late, ["right behind"]),
        (no_batch_in_state, ["'average'", "initial value"]),
        (true_set_outside, ["cond.true is set inside"]),
    ],
)
def test_wrong_use(model: Any, words: list[str]) -> None:
    with pytest.raises(nn.NetworkError) as error:
        nn.Network(model)
    for word in words:
        assert word in str(error.value)
    assert "test_cond.py" in str(error.value)
