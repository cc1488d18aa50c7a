"""Dropout: nothing outside of training; in training the same share and the same mean in NumPy and RETURNN."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, random_parameters
from ..inputs import FEEDS, TIME, frames
from ..returnn_run import run_returnn
from ..stepwise import in_loop, on_sequence

pytestmark = pytest.mark.xdist_group("returnn-1")

WIDE = nn.Dim(400, "wide")
RATE = 0.3
ONES = {"ones": (numpy.ones((3, 4, 400), "float32"), numpy.array([4, 4, 4], "int32"))}


def wide_ones() -> nn.Tensor:
    """Ones [batch, time, wide]."""
    return nn.get_extern_data(nn.ExternData("ones", [nn.batch_dim, TIME, WIDE]))


def dropped_on_sequence() -> nn.Tensor:
    """Dropout on a sequence."""
    return nn.dropout(wide_ones(), RATE)


def dropped_in_loop() -> nn.Tensor:
    """Dropout in each step of a loop, of a frame that comes from outside."""
    with nn.Loop() as loop:
        return loop.stack(nn.dropout(loop.unstack(wide_ones()), RATE))


def dropped_outer_value_in_loop() -> nn.Tensor:
    """Dropout in each step of a loop, each time of the same value: another mask in each step."""
    with nn.Loop() as loop:
        frame = loop.unstack(wide_ones())
        return loop.stack(frame * nn.dropout(wide_ones()[0], RATE))


def test_identity_outside_of_training() -> None:
    run = check_agreement(lambda: on_sequence(lambda a, b, labels: nn.dropout(a, RATE)), FEEDS)
    numpy.testing.assert_array_equal(run.in_numpy.outputs["output"].value, FEEDS["data"][0])


def test_identity_outside_of_training_in_loop() -> None:
    check_agreement(lambda: in_loop(lambda a, b, labels: nn.dropout(a, RATE)), FEEDS)


@pytest.mark.parametrize(
    ("model", "device"),
    [
        (dropped_on_sequence, "cpu"),
        (dropped_on_sequence, "gpu"),
        (dropped_in_loop, "cpu"),
        (dropped_outer_value_in_loop, "cpu"),
    ],
)
def test_training(model: Callable[[], nn.Tensor], device: str) -> None:
    network = nn.Network(model)
    in_numpy = nn.run_numpy(network, ONES, train=True).outputs["output"].value
    output = run_returnn(network, ONES, train=True, device=device).outputs["output"]
    in_returnn = output.value.transpose([output.dims.index(name) for name in ("batch", "time", "wide")])
    for value in (in_numpy, in_returnn):
        assert set(numpy.unique(value.round(4))) == {numpy.float32(0.0), numpy.float32(1 / (1 - RATE)).round(4)}
        share_of_zeros = (value == 0).mean(axis=(0, 2))
        numpy.testing.assert_allclose(share_of_zeros, RATE, atol=0.06)
        assert (value[:, 0] != value[:, 1]).any(), "each step has its own mask"
        assert (value[0] != value[1]).any(), "each sequence has its own mask"


@pytest.mark.parametrize("rate", [0.002, 0.1, 0.99])
def test_share_and_mean(rate: float) -> None:
    """Also where the rate is no multiple of 1/256, as of the random numbers that are drawn on a CPU."""
    ones = numpy.ones((20, 100, 400), "float32"), numpy.full([20], 100, "int32")
    network = nn.Network(lambda: nn.dropout(wide_ones(), rate))
    value = run_returnn(network, {"ones": ones}, train=True, device="cpu").outputs["output"].value
    deviation = (rate * (1 - rate) / value.size) ** 0.5
    assert abs((value == 0).mean() - rate) < 5 * deviation, f"5 standard deviations are {5 * deviation}"
    assert abs(value.mean() - 1) < 5 * deviation / (1 - rate)


def test_masks_follow_from_the_step_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a CPU, outside of loops: no state is hidden, which a training that is continued would have lost."""
    import tensorflow as tf
    from returnn.tf.network import TFNetwork

    masks = []
    for step, seed in ((4, 1), (4, 2), (5, 1)):
        monkeypatch.setattr(TFNetwork, "global_train_step", property(lambda _, step=step: tf.constant(step, tf.int64)))
        outputs = run_returnn(nn.Network(dropped_on_sequence), ONES, train=True, seed=seed).outputs
        masks.append(outputs["output"].value == 0)
    numpy.testing.assert_array_equal(masks[0], masks[1])
    assert abs((masks[0] != masks[2]).mean() - 2 * RATE * (1 - RATE)) < 0.05


class DroppedInput(nn.Module):
    """A layer that alone reads the result of a dropout, on a sequence or in a loop."""

    def __init__(self, layer: nn.Module, rate: float, inside: bool):
        super().__init__()
        self.layer, self.rate, self.inside = layer, rate, inside

    def forward(self) -> nn.Tensor:
        if not self.inside:
            y = self.layer(nn.dropout(wide_ones(), self.rate))
            return y[0] if isinstance(y, tuple) else y
        loop = nn.Loop()
        if isinstance(self.layer, nn.LstmCell):
            loop.state.cell = self.layer.initial_state()
        with loop:
            x = nn.dropout(loop.unstack(wide_ones()), self.rate)
            if isinstance(self.layer, nn.LstmCell):
                y, loop.state.cell = self.layer(x, loop.state.cell)
            else:
                y = self.layer(x)
            return loop.stack(y)


@pytest.mark.parametrize("inside", [False, True])
def test_dropped_by_the_linear_layer_that_reads_it(inside: bool) -> None:
    """With the identity as weights the masks are seen: one for each place."""
    network = nn.Network(DroppedInput(nn.Linear(WIDE, WIDE), RATE, inside))
    assert all(layer.options["class"] != "dropout" for layer in network.layers().all_layers())
    parameters = {"layer/W": numpy.eye(WIDE.size, dtype="float32"), "layer/b": numpy.zeros(WIDE.size, "float32")}
    output = run_returnn(network, ONES, parameters, train=True).outputs["output"]
    value = output.value.transpose([output.dims.index(name) for name in ("batch", "time", "wide")])
    numpy.testing.assert_allclose((value == 0).mean(axis=(0, 2)), RATE, atol=0.06)
    assert (value[:, 0] != value[:, 1]).any() and (value[0] != value[1]).any()


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("inside", [False, True])
def test_dropped_by_the_lstm_that_reads_it(device: str, inside: bool) -> None:
    """With nearly everything dropped it sees zeros."""
    layer = nn.LstmCell(WIDE, 3) if inside else nn.Lstm(WIDE, 3)
    network = nn.Network(DroppedInput(layer, 1 - 1e-7, inside))
    assert all(one.options["class"] != "dropout" for one in network.layers(device).all_layers())
    parameters = random_parameters(network)
    value, lengths = ONES["ones"]
    expected = nn.run_numpy(network, {"ones": (0 * value, lengths)}, parameters).outputs["output"].value
    output = run_returnn(network, ONES, parameters, train=True, device=device).outputs["output"]
    value = output.value.transpose([output.dims.index(name) for name in ("batch", "time", "3")])
    numpy.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)


def test_twice_of_one_tensor() -> None:
    """Each call has its own mask."""

    def model() -> dict[str, nn.Tensor]:
        return {"one": nn.dropout(wide_ones(), RATE), "two": nn.dropout(wide_ones(), RATE)}

    network = nn.Network(model)
    in_numpy = nn.run_numpy(network, ONES, train=True).outputs
    in_returnn = run_returnn(network, ONES, train=True).outputs
    assert (in_numpy["one"].value != in_numpy["two"].value).any()
    assert (in_returnn["one"].value != in_returnn["two"].value).any()


def test_no_dropout_is_no_op() -> None:
    def model() -> nn.Tensor:
        x = frames()
        assert nn.dropout(x, 0.0) is x
        return x

    check_agreement(model, FEEDS)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_impossible_rate(rate: float) -> None:
    with pytest.raises(nn.NetworkError, match=f"dropout rate .* not {rate}"):
        nn.Network(lambda: nn.dropout(frames(), rate))
