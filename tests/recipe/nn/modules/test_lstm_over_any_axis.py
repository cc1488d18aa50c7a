"""LSTMs over axes of fixed size, and for each place of further axes, against plain loops and in RETURNN."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, LENGTHS, TIME, frames, vector
from ..programs.plain_layers import lstm, lstm_sequence

pytestmark = pytest.mark.xdist_group("returnn-1")
PARTS, HIDDEN, SHORT = nn.Dim(2, "parts"), nn.Dim(3, "hidden"), nn.Dim(None, "short")
GRID = nn.ExternData("grid", [nn.batch_dim, TIME, SHORT, FEATURES])
SHORT_LENGTHS = (1, 3, 2)


def feeds() -> dict[str, Any]:
    """With a grid of vectors, and numbers that are none in its padding."""
    grid = numpy.random.default_rng(5).standard_normal((3, 4, 3, 5)).astype("float32")
    for row, (length, short) in enumerate(zip(LENGTHS, SHORT_LENGTHS)):
        grid[row, length:] = grid[row, :, short:] = numpy.nan
    return {**FEEDS, "grid": (grid, numpy.array(LENGTHS), numpy.array(SHORT_LENGTHS))}


class OverOtherAxes(nn.Module):
    """One LSTM over parts of a vector, parts of each frame, frames for each part, and rows and columns of a grid."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES, HIDDEN)

    def forward(self) -> dict[str, Any]:
        vectors = nn.split_dims(nn.concat(vector(), 2.0 * vector()), [PARTS, FEATURES])
        parts = nn.split_dims(nn.concat(frames(), 2.0 * frames()), [PARTS, FEATURES])
        grid = nn.get_extern_data(GRID)
        start = nn.reduce_sum(frames(), FEATURES) * nn.ones([nn.batch_dim, TIME, HIDDEN])
        results = {
            "vectors": self.lstm(vectors, axis=PARTS),
            "parts": self.lstm(parts, nn.LstmState(nn.tanh(start), start), axis=PARTS),
            "times": self.lstm(parts, axis=TIME),
            "rows": self.lstm(grid, axis=SHORT),
            "columns": self.lstm(grid, axis=TIME),
        }
        for name, (steps, state) in results.items():
            nn.reduce_sum(steps, [HIDDEN]).mark_as_loss(f"{name}_loss")
            nn.reduce_sum(state.c).mark_as_loss(f"{name}_last")
        return {name: {"steps": steps, "state": state} for name, (steps, state) in results.items()}


def test_over_other_axes() -> None:
    network = nn.Network(OverOtherAxes())
    parameters = random_parameters(network)
    run = check_agreement(network, feeds(), parameters=parameters, gradients=True, train=True).in_numpy

    def check(name: str, place: tuple[int, ...], x: numpy.ndarray, axis: int, state: Any = None) -> None:
        """The LSTM over some frames is what stands at a place of the dims that are left."""
        steps, (h, c) = lstm_sequence(parameters, "lstm", x, state)
        value = run.outputs[f"{name}/steps"].value
        value = numpy.moveaxis(value, axis, 0)[(slice(len(x)), *place)]
        numpy.testing.assert_allclose(value, steps, rtol=1e-4, atol=1e-5)
        numpy.testing.assert_allclose(run.outputs[f"{name}/state/h"].value[place], h, rtol=1e-4, atol=1e-5)
        numpy.testing.assert_allclose(run.outputs[f"{name}/state/c"].value[place], c, rtol=1e-4, atol=1e-5)

    dims = {name: [dim.name for dim in result.dims] for name, result in run.outputs.items()}
    assert dims["vectors/steps"] == ["batch", "parts", "hidden"]
    assert dims["parts/steps"] == dims["rows/steps"][:2] + ["parts", "hidden"]
    for row, (length, short) in enumerate(zip(LENGTHS, SHORT_LENGTHS)):
        v, x, grid = FEEDS["vector"][row], FEEDS["data"][0][row, :length], feeds()["grid"][0][row]
        check("vectors", (row,), numpy.stack([v, 2 * v]), 1)
        for step in range(length):
            start = numpy.full(3, x[step].sum())
            check("parts", (row, step), numpy.stack([x[step], 2 * x[step]]), 2, (numpy.tanh(start), start))
            check("rows", (row, step), grid[step, :short], 2)
        for part in (0, 1):
            check("times", (row, part), x * (part + 1), dims["times/steps"].index("time"))
        for column in range(short):
            check("columns", (row, column), grid[:length, column], dims["columns/steps"].index("time"))


class InLoops(nn.Module):
    """In each step over parts of a state; a cell for each place of more axes, in a loop and outside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.BidirectionalLstm(FEATURES, HIDDEN)
        self.back = nn.Linear(2 * HIDDEN, FEATURES)
        self.cell = nn.LstmCell(FEATURES, HIDDEN)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.q = vector()
        loop.state.cell = nn.LstmState(*[nn.zeros([nn.batch_dim, PARTS, HIDDEN])] * 2)
        with loop:
            q = loop.state.q * 0.5 + loop.unstack(frames())
            parts = nn.split_dims(nn.concat(q, -q), [PARTS, FEATURES])
            y = self.back(self.lstm(parts, axis=PARTS))
            loop.state.q = nn.tanh(nn.reduce_sum(y, PARTS))
            h, loop.state.cell = self.cell(y, loop.state.cell)
            steps = loop.stack(h)
        zeros = nn.zeros([nn.batch_dim, TIME, HIDDEN])
        alone, state = self.cell(frames(), nn.LstmState(zeros, zeros + 0.5))
        nn.reduce_sum(alone).mark_as_loss("sum")
        return {"steps": steps, "alone": alone, "c": state.c}


def test_in_loops_and_cells_of_more_axes() -> None:
    network = nn.Network(InLoops())
    p = random_parameters(network)
    run = check_agreement(network, FEEDS, parameters=p, gradients=True, train=True).in_numpy
    steps = run.outputs["steps"]
    for row, length in enumerate(LENGTHS):
        q, cells = FEEDS["vector"][row], [(numpy.zeros(3), numpy.zeros(3))] * 2
        for step in range(length):
            x = FEEDS["data"][0][row, step]
            q = q * 0.5 + x
            forward, _ = lstm_sequence(p, "lstm/fw", [q, -q])
            backward, _ = lstm_sequence(p, "lstm/bw", [-q, q])
            y = numpy.concatenate([forward, backward[::-1]], axis=-1) @ p["back/W"] + p["back/b"]
            q = numpy.tanh(y.sum(axis=0))
            cells = [lstm(p, "cell", frame, state)[1] for frame, state in zip(y, cells)]
            order = [dim.name for dim in steps.dims]
            value = numpy.moveaxis(steps.value[row], order.index("parts") - 1, 0)[:, step]
            numpy.testing.assert_allclose(value, [h for h, _ in cells], rtol=1e-4, atol=1e-5)
            h, (_, c) = lstm(p, "cell", x, (numpy.zeros(3), numpy.full(3, 0.5)))
            numpy.testing.assert_allclose(run.outputs["alone"].value[row, step], h, rtol=1e-4, atol=1e-5)
            numpy.testing.assert_allclose(run.outputs["c"].value[row, step], c, rtol=1e-4, atol=1e-5)
