"""Dot products: the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, TIME, frames, other_frames, vector
from ..stepwise import in_loop, on_sequence

pytestmark = pytest.mark.xdist_group("returnn-1")


def test_over_features() -> None:
    run = check_agreement(lambda: on_sequence(lambda a, b, labels: nn.dot(a, b)), FEEDS)
    expected = (FEEDS["data"][0] * FEEDS["other"][0]).sum(axis=-1)
    numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value, expected, rtol=1e-5)


def test_over_features_in_loop() -> None:
    check_agreement(lambda: in_loop(lambda a, b, labels: nn.dot(a, b)), FEEDS)


def test_over_frames() -> None:
    """Padding, which is large in the inputs, does not count."""
    check_agreement(lambda: nn.dot(nn.reduce_sum(frames()), other_frames(), reduce=TIME), FEEDS)


def test_sequence_with_vector() -> None:
    check_agreement(lambda: {"a": nn.dot(frames(), vector()), "b": nn.dot(vector(), frames())}, FEEDS)


def test_sequence_with_query_in_loop() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.query = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            energy = nn.dot(other_frames(), loop.state.query + loop.unstack(frames()), reduce=FEATURES)
            loop.state.query = nn.tanh(nn.dot(energy * 0.1, other_frames(), reduce=TIME))
            return loop.stack(loop.state.query)

    check_agreement(model, FEEDS)


class FramesOfALoop(nn.Module):
    """The frames are the steps of another loop, which RETURNN has time-major; a loss makes it a training."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        sums = nn.Loop()
        with sums:
            sums.state.sum = self.linear(sums.unstack(other_frames())) + sums.state.sum
            y = sums.stack(sums.state.sum)
        loop = nn.Loop()
        loop.state.query = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            weights = nn.softmax_over_spatial(nn.dot(y, loop.state.query + loop.unstack(frames()), reduce=FEATURES))
            loop.state.query = nn.tanh(nn.dot(weights, y, reduce=TIME))
            queries = loop.stack(loop.state.query)
        nn.reduce_sum(queries * queries, FEATURES).mark_as_loss("squares")
        return queries


def test_time_major_frames_in_training() -> None:
    """
    On a CPU they are transposed outside of the loop, once for the energies and once, without padding, for their sums;
    values and gradients are the same.
    """
    network = nn.Network(FramesOfALoop())
    runs = [
        check_agreement(network, FEEDS, train=True, gradients=True, device=device).in_returnn.gradients
        for device in ("cpu", "gpu")
    ]
    assert runs[0].keys() == runs[1].keys() == {"linear/W", "linear/b"}
    for name in runs[0]:
        numpy.testing.assert_allclose(runs[0][name], runs[1][name], rtol=1e-4, atol=1e-6, err_msg=name)
    transposed = {
        device: [layer["from"] for layer in network.net_dict(device).values() if layer["class"] == "reinterpret_data"]
        for device in ("cpu", "gpu")
    }
    assert transposed == {"cpu": ["loop", "masked"], "gpu": []}


def test_outer_product_of_the_rest() -> None:
    """Dims that only one side has are kept: [batch, features] and [features, second]."""

    class Product(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.matrix = nn.Parameter([FEATURES, nn.Dim(3, "second")])

        def forward(self) -> nn.Tensor:
            return nn.dot(frames(), self.matrix)

    check_agreement(Product(), FEEDS)


def test_over_one_of_two_time_axes() -> None:
    def model() -> nn.Tensor:
        short = nn.Dim(None, "short")
        y = nn.get_extern_data(nn.ExternData("y", [nn.batch_dim, short, FEATURES]))
        return nn.reduce_sum(nn.dot(frames(), y, reduce=FEATURES), short)

    y = numpy.random.default_rng(0).standard_normal((3, 2, 5)).astype("float32")
    check_agreement(model, {**FEEDS, "y": (y, numpy.array([1, 2, 2], "int32"))})


def test_dot_of_a_dot_that_may_be_no_number() -> None:
    """In a loop the one reads the other without its padding."""

    def model() -> nn.Tensor:
        x = frames()
        loop = nn.Loop()
        loop.state.s = nn.ones([nn.batch_dim, FEATURES])
        with loop:
            energies = nn.dot(nn.log(loop.unstack(x) ** 2 + loop.state.s**2), x, reduce=FEATURES)
            loop.state.s = nn.tanh(nn.dot(energies, x, reduce=TIME))
            return loop.stack(loop.state.s)

    check_agreement(model, FEEDS)


def test_padding_may_hold_anything() -> None:
    """What is no number, as the maximum of nothing times 0, does not count, whichever side it stands on."""

    def model() -> dict[str, nn.Tensor]:
        x, weights = frames(), nn.reduce_sum(frames())
        return {"left": nn.dot(x, weights, reduce=TIME), "right": nn.dot(weights, x, reduce=TIME)}

    value, lengths = FEEDS["data"]
    value = value.copy()
    value[numpy.arange(value.shape[1])[None, :] >= lengths[:, None]] = numpy.inf
    with numpy.errstate(invalid="ignore"):
        outputs = nn.run_numpy(nn.Network(model), {"data": (value, lengths)}).outputs
    for row, length in enumerate(lengths):
        x = value[row, :length]
        for result in outputs.values():
            numpy.testing.assert_allclose(result.value[row], x.sum(axis=1) @ x, rtol=1e-5)
