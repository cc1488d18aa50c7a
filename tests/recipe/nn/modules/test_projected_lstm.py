"""LSTMs with a projection: the same in NumPy, in RETURNN, and in a plain loop over one sequence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy
import pytest

from recipe import nn

from ..programs.checks import check, programs
from ..programs.inputs import FEATURES, LABELS, LONGEST_LAST, label, v_, x_, z_
from ..programs.plain_layers import Parameters, Vectors, linear, log_softmax, sigmoid
from ..programs.plain_search import Choose
from ..programs.program import Program
from .test_gru import WITH_EMPTY, gru

DIM, OUT = nn.Dim(3, "memory"), nn.Dim(2, "projection")
State = Sequence[numpy.ndarray]


def step(p: Parameters, name: str, x: numpy.ndarray, state: State) -> tuple[numpy.ndarray, State]:
    """The formulas of the docstring: h, and the new state."""
    h, c = state
    j, i, f, o = numpy.split(x @ p[f"{name}/W"] + h @ p[f"{name}/W_re"] + p[f"{name}/b"], 4)
    c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(j)
    h = (sigmoid(o) * numpy.tanh(c)) @ p[f"{name}/W_proj"]
    return h, (h, c)


def over(p: Parameters, name: str, frames: Vectors, state: State | None = None) -> tuple[list[numpy.ndarray], State]:
    """All h, and the last state."""
    state = state if state is not None else [numpy.zeros(size) for size in p[f"{name}/W_proj"].shape[::-1]]
    steps = []
    for frame in frames:
        h, state = step(p, name, frame, state)
        steps.append(h)
    return steps, state


class OverASequence(nn.Module):
    """Forward, and backward from the state that the other one ended with."""

    def __init__(self) -> None:
        super().__init__()
        self.fw = nn.ProjectedLstm(FEATURES, DIM, OUT)
        self.bw = nn.ProjectedLstm(OUT, DIM, OUT, direction=-1)

    def forward(self) -> dict[str, nn.Tensor]:
        y, state = self.fw(x_())
        z, last = self.bw(y, state)
        nn.reduce_sum(z * z).mark_as_loss("square")
        return {"y": y, "h": state.h, "c": state.c, "z": z, "last_h": last.h, "last_c": last.c}


def over_a_sequence_reference(x: numpy.ndarray, p: Parameters) -> Any:
    y, state = over(p, "fw", x)
    z, last = over(p, "bw", y[::-1], state)
    outputs = {"y": y, "h": state[0], "c": state[1], "z": z[::-1], "last_h": last[0], "last_c": last[1]}
    return {**outputs, "square": [(frame**2).sum() for frame in z[::-1]]}


class WithoutInitialState(nn.Module):
    """A state that the cell says how to start."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.ProjectedLstmCell(FEATURES, DIM, OUT)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            h, loop.state.cell = self.cell(loop.unstack(x_()), loop.state.cell)
            return loop.stack(h)


class LayersWithoutInitialState(nn.Module):
    """States of an outer loop that layers over another sequence say how to start."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.lstm = nn.Gru(FEATURES, DIM), nn.ProjectedLstm(FEATURES, DIM, DIM)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            frames = z_() * loop.unstack(x_())
            _, loop.state.h = self.gru(frames, loop.state.h)
            _, loop.state.lstm = self.lstm(frames, loop.state.lstm)
            return loop.stack(loop.state.h + loop.state.lstm.c)


def layers_without_initial_state_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    h = numpy.zeros(DIM.size)
    state: Any = (h, h)
    steps = []
    for frame in x:
        h = gru(p, "gru", z * frame, h)[1]
        state = over(p, "lstm", z * frame, state)[1]
        steps.append(h + state[1])
    return steps


class Hierarchical(nn.Module):
    """A layer over another sequence in each step, whose start and input depend on the state around it."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = nn.ProjectedLstmCell(FEATURES, DIM, OUT)
        self.inner = nn.ProjectedLstm(FEATURES + OUT, DIM, OUT)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.outer = self.outer.initial_state()
        with loop:
            _, last = self.inner(nn.concat(z_(), loop.state.outer.h), loop.state.outer)
            h, loop.state.outer = self.outer(loop.unstack(x_()), last)
            nn.reduce_sum(h).mark_as_loss("sum")
            return loop.stack(last.c)


def hierarchical_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    state: State = (numpy.zeros(OUT.size), numpy.zeros(DIM.size))
    steps, sums = [], []
    for frame in x:
        _, last = over(p, "inner", [numpy.concatenate([other, state[0]]) for other in z], state)
        steps.append(last[1])
        h, state = step(p, "outer", frame, last)
        sums.append(h.sum())
    return {"output": steps, "sum": sums}


class Search(nn.Module):
    """A decoder with a cell."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(OUT, LABELS)
        self.cell = nn.ProjectedLstmCell(FEATURES, DIM, OUT)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter, loop.state.cell = label(1), self.cell.initial_state()
        with loop:
            h, loop.state.cell = self.cell(self.embedding(loop.state.letter) + v_(), loop.state.cell)
            loop.state.letter = nn.choice(self.output(h))
            loop.end(loop.state.letter == 0, include_eos=True)
            return {"letters": loop.stack(loop.state.letter), "c": loop.stack(loop.state.cell.c)}


def search_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, memory = [1], []
    state: State = (numpy.zeros(OUT.size), numpy.zeros(DIM.size))
    for _ in range(4):
        h, state = step(p, "cell", p["embedding/W"][letters[-1]] + v, state)
        memory.append(state[1])
        letters.append(choose(log_softmax(linear(p, "output", h))))
        if letters[-1] == 0:
            break
    return {"letters": letters[1:], "c": memory}


@programs(
    [
        Program("over_a_sequence", OverASequence(), over_a_sequence_reference, batch=LONGEST_LAST),
        Program("with_empty_sequences", OverASequence(), over_a_sequence_reference, batch=WITH_EMPTY),
        Program("without_initial_state", WithoutInitialState(), lambda x, p: over(p, "cell", x)[0], padding=math.nan),
        Program("layers_without_initial_state", LayersWithoutInitialState(), layers_without_initial_state_reference),
        Program("hierarchical", Hierarchical(), hierarchical_reference),
        Program("search", Search(), search_reference, beam_size=3),
    ]
)
def test_projected_lstm(program: Program, engine: str) -> None:
    check(program, engine)


def test_parameters() -> None:
    shapes = {name: value.shape for name, value in nn.Network(WithoutInitialState()).parameters.items()}
    assert shapes == {"cell/W": (4, 12), "cell/W_re": (2, 12), "cell/b": (12,), "cell/W_proj": (3, 2)}


def test_wrong_use() -> None:
    cell = nn.ProjectedLstmCell(FEATURES, DIM, OUT)
    with pytest.raises(nn.NetworkError, match="direction is 1 .* or -1"):
        nn.ProjectedLstm(FEATURES, DIM, OUT, direction=0)
    with pytest.raises(nn.NetworkError, match="ProjectedLstmCell wants its state, h and c, not tensor"):
        nn.Network(lambda: cell(v_(), v_()))
    with pytest.raises(nn.NetworkError, match="state h of ProjectedLstmCell must be .*or use nn.ProjectedLstm for the"):
        nn.Network(lambda: cell(x_(), cell.initial_state()))
    with pytest.raises(nn.NetworkError, match="state c of ProjectedLstm must be .*memory=3.*but it is"):
        nn.Network(lambda: nn.ProjectedLstm(FEATURES, DIM, OUT)(x_(), [cell.initial_state().h] * 2))
