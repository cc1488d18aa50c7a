"""Structures of tensors: selected, stacked, and gone over part by part."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, LENGTHS, classes, frames, other_frames, vector
from ..programs.plain_layers import lstm

pytestmark = pytest.mark.xdist_group("returnn-1")


class KeepsItsState(nn.Module):
    """A cell whose state changes where the label is odd only, and starts anew after label 0."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LstmCell(FEATURES, FEATURES)

    def forward(self) -> dict[str, Any]:
        loop = nn.Loop()
        loop.state.lstm = self.cell.initial_state()
        loop.state.pair = nn.State((vector(), {"count": nn.zeros([nn.batch_dim])}))
        with loop:
            x, label = loop.unstack((frames(), classes()))
            _, new = self.cell(x, loop.state.lstm)
            loop.state.lstm = nn.where(label % 2 == 1, new, nn.where(label == 0, 0.0, loop.state.lstm))
            first, counts = loop.state.pair
            changed = (first + x, {"count": counts["count"] + 1.0})
            loop.state.pair = nn.where(label % 2 == 1, changed, loop.state.pair)
            steps = loop.stack({"lstm": loop.state.lstm, "pair": loop.state.pair, "two": [x, -x]})
            last = loop.last((loop.state.lstm, None, x))
        assert isinstance(steps["lstm"], nn.LstmState) and type(steps["two"]) is list and last[1] is None
        nn.reduce_sum(steps["lstm"].h).mark_as_loss("sum")
        return {"steps": steps, "last": last, "after": loop.last(loop.state.lstm)}


def test_states_that_change_in_some_steps() -> None:
    network = nn.Network(KeepsItsState())
    p = random_parameters(network)
    run = check_agreement(network, FEEDS, parameters=p, gradients=True, train=True).in_numpy.outputs
    for row, length in enumerate(LENGTHS):
        zeros = (numpy.zeros(5), numpy.zeros(5))
        state, first, count = zeros, FEEDS["vector"][row], 0
        for step in range(length):
            x, label = FEEDS["data"][0][row, step], FEEDS["classes"][0][row, step]
            if label % 2 == 1:
                _, state = lstm(p, "cell", x, state)
                first, count = first + x, count + 1
            elif label == 0:
                state = zeros
            for name, value in zip(("lstm/h", "lstm/c", "pair/0", "two/1"), (*state, first, -x)):
                numpy.testing.assert_allclose(run[f"steps/{name}"].value[row, step], value, rtol=1e-4, atol=1e-5)
            assert run["steps/pair/1/count"].value[row, step] == count
        for name, value in zip(("last/0/h", "last/0/c", "after/h", "last/2"), (*state, state[0], x)):
            numpy.testing.assert_allclose(run[name].value[row], value, rtol=1e-4, atol=1e-5)


def test_results_of_cond() -> None:
    """Of nested structures, in a loop, stacked as a whole."""

    def model() -> Any:
        with nn.Loop() as loop:
            x, y = loop.unstack([frames(), other_frames()])
            with nn.Cond(nn.reduce_sum(x) > 0.0) as cond:
                cond.true = {"a": x, "b": (y, nn.tanh(x))}
            with cond.false_branch():
                cond.false = {"a": y, "b": (x, nn.tanh(y))}
            return loop.stack(cond.result)

    run = check_agreement(model, FEEDS).in_numpy.outputs
    for row, length in enumerate(LENGTHS):
        for step in range(length):
            x, y = FEEDS["data"][0][row, step], FEEDS["other"][0][row, step]
            x, y = (x, y) if x.sum() > 0 else (y, x)
            for name, value in {"a": x, "b/0": y, "b/1": numpy.tanh(x)}.items():
                numpy.testing.assert_allclose(run[name].value[row, step], value, rtol=1e-5)


@pytest.mark.parametrize(
    "true,false",
    [
        (lambda: (vector(), vector()), lambda: nn.LstmState(vector(), vector())),
        (lambda: {"a": vector()}, lambda: {"b": vector()}),
        (lambda: (vector(), vector()), lambda: vector()),
        (lambda: (vector(),), lambda: (vector(), vector())),
    ],
)
def test_structures_that_differ(true: Any, false: Any) -> None:
    with pytest.raises(nn.NetworkError, match="both must be alike"):
        nn.Network(lambda: nn.where(nn.reduce_sum(vector()) > 0.0, true(), false()))


def test_of_one_state_object() -> None:
    """A State that holds a structure stands for it."""

    def model() -> Any:
        state = nn.State(nn.LstmState(vector(), vector()))
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            state.assign(nn.where(nn.reduce_sum(x) > 0.0, nn.LstmState(x, x), state))
            return loop.stack(state)

    run = check_agreement(model, FEEDS)
    assert [name for name, _ in run.network.outputs] == ["h", "c"]
