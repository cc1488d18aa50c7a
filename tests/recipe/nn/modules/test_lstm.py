"""LSTMs over sequences: the same in NumPy and in RETURNN's units for each device."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames, random_parameters
from ..inputs import FEATURES, FEEDS, LENGTHS, frames, vector

pytestmark = pytest.mark.xdist_group("returnn-2")

DIM = nn.Dim(4, "lstm")
DEVICES = pytest.mark.parametrize("device", ["cpu", "gpu"])
SIZES = pytest.mark.parametrize("dim", [DIM, FEATURES], ids=["other_size", "square"])


class WithLastState(nn.Module):
    """An LSTM that gives all of h and the state after the last step."""

    def __init__(self, dim: nn.Dim, direction: int, given_state: bool = False):
        super().__init__()
        self.lstm = nn.Lstm(FEATURES, dim, direction=direction)
        self.first = nn.Linear(FEATURES, dim) if given_state else None

    def forward(self) -> dict[str, nn.Tensor]:
        state = None
        if self.first is not None:
            state = nn.LstmState(h=nn.tanh(self.first(vector())), c=self.first(vector()))
        y, last = self.lstm(frames(), state)
        return {"y": y, "h": last.h, "c": last.c}


@DEVICES
@SIZES
@pytest.mark.parametrize("direction", [1, -1])
def test_sequence(direction: int, dim: nn.Dim, device: str) -> None:
    run = check_agreement(WithLastState(dim, direction), FEEDS, device=device)
    rows = run.in_numpy.outputs["y"].sequences()
    last = [row[-1 if direction == 1 else 0] for row in rows]
    numpy.testing.assert_allclose(run.in_numpy.outputs["h"].value, last, rtol=1e-5)


@DEVICES
@pytest.mark.parametrize("direction", [1, -1])
def test_given_initial_state(direction: int, device: str) -> None:
    check_agreement(WithLastState(DIM, direction, given_state=True), FEEDS, device=device)


@DEVICES
def test_zero_state_given(device: str) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.Lstm(FEATURES, DIM)

        def forward(self) -> nn.Tensor:
            return self.lstm(frames(), self.lstm.initial_state())[0]

    check_agreement(Model(), FEEDS, device=device)


@DEVICES
def test_bidirectional(device: str) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.BidirectionalLstm(FEATURES, DIM), nn.BidirectionalLstm(2 * DIM, DIM)])

        def forward(self) -> nn.Tensor:
            x = frames()
            for layer in self.layers:
                x = layer(x)
            return x

    run = check_agreement(Model(), FEEDS, device=device)
    names = [f"layers/{i}/{way}/{name}" for i in (0, 1) for way in ("bw", "fw") for name in ("W", "W_re", "b")]
    assert sorted(run.in_returnn.parameters) == names


@DEVICES
def test_same_lstm_twice(device: str) -> None:
    """Two calls share the parameters; the second starts where the first ended."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.Lstm(FEATURES, FEATURES)

        def forward(self) -> nn.Tensor:
            y, state = self.lstm(frames())
            z, _ = self.lstm(y, state)
            return z

    run = check_agreement(Model(), FEEDS, device=device)
    assert len(run.in_returnn.parameters) == 3


def test_both_units_have_the_same_parameters() -> None:
    network = nn.Network(WithLastState(DIM, 1))
    parameters = random_parameters(network)
    runs = [check_agreement(network, FEEDS, parameters=parameters, device=device) for device in ("cpu", "gpu")]
    shapes = [{name: value.shape for name, value in run.in_returnn.parameters.items()} for run in runs]
    assert shapes[0] == shapes[1] == {"lstm/W": (5, 16), "lstm/W_re": (4, 16), "lstm/b": (16,)}


def test_numpy_against_a_loop_over_one_sequence() -> None:
    """Each sequence of the batch is as if it were alone."""
    network = nn.Network(WithLastState(DIM, -1))
    parameters = random_parameters(network)
    together = nn.run_numpy(network, FEEDS, parameters).outputs["y"].sequences()
    for index, length in enumerate(LENGTHS):
        alone = {"data": (FEEDS["data"][0][index : index + 1, :length], numpy.array([length], "int32"))}
        expected = nn.run_numpy(network, alone, parameters).outputs["y"].sequences()[0]
        numpy.testing.assert_allclose(together[index], expected, rtol=1e-5)


@DEVICES
def test_sequence_of_length_zero(device: str) -> None:
    """Its last state is the initial one."""
    feeds = {**FEEDS, "data": ragged_frames((3, 0, 1), 5)}
    run = check_agreement(WithLastState(DIM, 1), feeds, device=device)
    assert not run.in_numpy.outputs["h"].value[1].any()


def test_direction_is_checked() -> None:
    with pytest.raises(nn.NetworkError, match="direction is 1 .* or -1"):
        nn.Lstm(FEATURES, DIM, direction=0)
