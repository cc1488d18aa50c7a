"""LstmCell in loops: the same in NumPy and RETURNN, however its state is carried."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, TIME, frames, other_frames, vector

pytestmark = pytest.mark.xdist_group("returnn-2")

DIM = nn.Dim(4, "lstm")
DEVICES = pytest.mark.parametrize("device", ["cpu", "gpu"])


class CellModel(nn.Module):
    """Has a cell; subclasses say how its state is carried."""

    def __init__(self, in_dim: nn.Dim = FEATURES, dim: nn.Dim = DIM):
        super().__init__()
        self.cell = nn.LstmCell(in_dim, dim)
        self.first = nn.Linear(FEATURES, dim)


class OnlyOutput(CellModel):
    """State carried as it is, from zero: RETURNN may run the whole sequence at once."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        with loop:
            h, loop.state.cell = self.cell(loop.unstack(frames()), loop.state.cell)
            y = loop.stack(h)
        return {"y": y, "h": loop.state.cell.h}


class Plain(CellModel):
    """The same, and what the state is after it."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        with loop:
            h, loop.state.cell = self.cell(loop.unstack(frames()), loop.state.cell)
            y = loop.stack(h)
        return {"y": y, "h": loop.state.cell.h, "c": loop.state.cell.c}


class FromEncoder(CellModel):
    """State that starts with a value of the encoder."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.cell = nn.LstmState(h=nn.tanh(self.first(vector())), c=self.first(vector()))
        with loop:
            h, loop.state.cell = self.cell(loop.unstack(frames()), loop.state.cell)
            y = loop.stack(h)
        return {"y": y, "h": loop.state.cell.h, "c": loop.state.cell.c}


class Feedback(CellModel):
    """The output goes into the next step's input, so that the cell stays in the loop."""

    def __init__(self) -> None:
        super().__init__(FEATURES + DIM, DIM)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        with loop:
            x = nn.concat(loop.unstack(frames()), loop.state.cell.c)
            h, loop.state.cell = self.cell(x, loop.state.cell)
            y = loop.stack(h)
        return {"y": y, "c": loop.state.cell.c}


class Modified(CellModel):
    """State halved between steps."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        with loop:
            h, state = self.cell(loop.unstack(frames()), loop.state.cell)
            loop.state.cell = nn.LstmState(h=state.h * 0.5, c=state.c)
            y = loop.stack(h)
        return {"y": y, "h": loop.state.cell.h, "c": loop.state.cell.c}


class Masked(CellModel):
    """State kept where a condition on the input does not hold."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        with loop:
            x = loop.unstack(frames())
            old = loop.state.cell
            _, new = self.cell(x, old)
            active = nn.reduce_sum(x) > 0.0
            loop.state.cell = nn.LstmState(h=nn.where(active, new.h, old.h), c=nn.where(active, new.c, old.c))
            y = loop.stack(loop.state.cell.h)
        return {"y": y, "h": loop.state.cell.h, "c": loop.state.cell.c}


class Swapped(CellModel):
    """Two states of one cell that change places in each step."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = self.cell.initial_state()
        loop.state.b = nn.LstmState(h=self.first(vector()), c=self.first(vector()))
        with loop:
            x = loop.unstack(frames())
            h, new_a = self.cell(x, loop.state.a)
            _, new_b = self.cell(loop.unstack(other_frames()), loop.state.b)
            loop.state.a, loop.state.b = new_b, new_a
            y = loop.stack(h)
        return {"y": y, "a": loop.state.a.h, "b": loop.state.b.c}


class SharedState(CellModel):
    """One cell called twice per step on one state."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        with loop:
            h1, loop.state.cell = self.cell(loop.unstack(frames()), loop.state.cell)
            h2, loop.state.cell = self.cell(loop.unstack(other_frames()), loop.state.cell)
            y = loop.stack(nn.concat(h1, h2))
        return {"y": y, "h": loop.state.cell.h, "c": loop.state.cell.c}


class SharedParameters(CellModel):
    """One cell on two states."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = self.cell.initial_state()
        loop.state.b = self.cell.initial_state()
        with loop:
            h1, loop.state.a = self.cell(loop.unstack(frames()), loop.state.a)
            h2, loop.state.b = self.cell(loop.unstack(other_frames()), loop.state.b)
            y = loop.stack(nn.concat(h1, h2))
        return {"y": y, "a": loop.state.a.c, "b": loop.state.b.c}


class OnlyLast(CellModel):
    """A loop for its final state alone."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        with loop:
            _, loop.state.cell = self.cell(loop.unstack(frames()), loop.state.cell)
        return {"h": loop.state.cell.h, "c": loop.state.cell.c}


class NoInitialState(CellModel):
    """The memory alone is kept; h starts anew in each step, on purpose."""

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        zero = nn.zeros([nn.batch_dim, DIM])
        loop.state.c = zero
        with loop:
            h, state = self.cell(loop.unstack(frames()), nn.LstmState(h=zero, c=loop.state.c))
            loop.state.c = state.c
            y = loop.stack(h)
        return {"y": y, "c": loop.state.c}


class Restarted(CellModel):
    """Each step starts from the same state."""

    def forward(self) -> dict[str, nn.Tensor]:
        first = nn.LstmState(h=self.first(vector()), c=self.first(vector()))
        with nn.Loop() as loop:
            h, state = self.cell(loop.unstack(frames()), first)
            return {"h": loop.stack(h), "c": loop.stack(state.c)}


class RestartedFromZero(CellModel):
    """Each step starts from zero."""

    def forward(self) -> dict[str, nn.Tensor]:
        first = self.cell.initial_state()
        with nn.Loop() as loop:
            h, _ = self.cell(loop.unstack(frames()), first)
            return {"h": loop.stack(h), "x": self.first(frames())}


class OutsideOfLoops(CellModel):
    """One step without any loop."""

    def forward(self) -> dict[str, nn.Tensor]:
        h, state = self.cell(vector(), self.cell.initial_state())
        h2, state2 = self.cell(vector(), state)
        return {"h": h, "h2": h2, "c2": state2.c}


MODELS = [
    OnlyOutput,
    Plain,
    FromEncoder,
    Feedback,
    Modified,
    Masked,
    Swapped,
    SharedState,
    SharedParameters,
    OnlyLast,
    NoInitialState,
    Restarted,
    RestartedFromZero,
    OutsideOfLoops,
]


@DEVICES
@pytest.mark.filterwarnings("ignore:LstmCell gets the same state")
@pytest.mark.parametrize("model", MODELS)
def test_agreement(model: type[CellModel], device: str) -> None:
    run = check_agreement(model(), FEEDS, device=device)
    assert {name for name in run.in_returnn.parameters if name.startswith("cell")} == {"cell/W", "cell/W_re", "cell/b"}


@pytest.mark.parametrize("device", ["gpu"])
def test_plain_cell_leaves_the_loop(device: str) -> None:
    run = check_agreement(OnlyOutput(), FEEDS, device=device)
    assert "loop" not in run.in_returnn.layers_in_loop


def test_a_loop_over_a_cell_is_an_lstm() -> None:
    class Both(CellModel):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.Lstm(FEATURES, DIM)

        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop()
            loop.state.cell = self.cell.initial_state()
            with loop:
                h, loop.state.cell = self.cell(loop.unstack(frames()), loop.state.cell)
                y = loop.stack(h)
            return {"loop": y, "lstm": self.lstm(frames())[0]}

    network = nn.Network(Both())
    parameters = random_parameters(network)
    parameters.update({f"lstm/{name}": parameters[f"cell/{name}"] for name in ("W", "W_re", "b")})
    outputs = check_agreement(network, FEEDS, parameters=parameters).in_numpy.outputs
    for one, other in zip(outputs["loop"].sequences(), outputs["lstm"].sequences()):
        numpy.testing.assert_allclose(one, other, rtol=1e-5)


def test_cell_from_primitives() -> None:
    """The discussion's LSTM of linear, split and activations gives what LstmCell gives."""

    class Both(CellModel):
        def __init__(self) -> None:
            super().__init__()
            self.gates = nn.Linear(FEATURES + DIM, 4 * DIM)

        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop(axis=TIME)
            loop.state.cell = self.cell.initial_state()
            loop.state.own = self.cell.initial_state()
            with loop:
                x = loop.unstack(frames())
                h, loop.state.cell = self.cell(x, loop.state.cell)
                j, i, f, o = nn.split(self.gates([x, loop.state.own.h]), 4)
                c = nn.sigmoid(f) * loop.state.own.c + nn.sigmoid(i) * nn.tanh(j)
                loop.state.own = nn.LstmState(h=nn.sigmoid(o) * nn.tanh(c), c=c)
                return {"cell": loop.stack(h), "own": loop.stack(loop.state.own.h)}

    network = nn.Network(Both())
    parameters = random_parameters(network)
    rows = [parameters["cell/W"], parameters["cell/W_re"]]
    parameters.update({"gates/W": numpy.concatenate(rows), "gates/b": parameters["cell/b"]})
    outputs = check_agreement(network, FEEDS, parameters=parameters).in_numpy.outputs
    for one, other in zip(outputs["cell"].sequences(), outputs["own"].sequences()):
        numpy.testing.assert_allclose(one, other, rtol=1e-5)
