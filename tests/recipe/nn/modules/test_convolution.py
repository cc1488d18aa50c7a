"""Convolution over time: each sequence as if it stood alone, strides, each feature alone."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames, random_parameters

pytestmark = pytest.mark.xdist_group("returnn-2")

TIME, FEATURES, OUT = nn.Dim(None, "time"), nn.Dim(5, "features"), nn.Dim(3, "out")
FRAMES = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])
LENGTHS = (7, 1, 4, 12, 2)
FEEDS = {"data": ragged_frames(LENGTHS, 5)}


def frames() -> nn.Tensor:
    """Random vectors [batch, time, features]."""
    return nn.get_extern_data(FRAMES)


def of_frames(module: nn.Module) -> nn.Network:
    """The module, called with the frames."""
    return nn.Network(lambda: module(frames()))


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 1), (4, 1), (3, 2), (4, 2), (2, 2), (5, 3)])
def test_written_out(size: int, stride: int) -> None:
    network = of_frames(nn.Conv1d(FEATURES, OUT, size, stride=stride))
    parameters = random_parameters(network)
    run = check_agreement(network, FEEDS, parameters=parameters)
    weight, bias = (next(value for name, value in parameters.items() if name.endswith(end)) for end in ("W", "b"))
    left = (size - stride) // 2
    for sequence, length, result in zip(FEEDS["data"][0], LENGTHS, run.in_numpy.outputs["output"].sequences()):
        assert len(result) == -(-length // stride)
        for t, vector in enumerate(result):
            expected = bias.copy()
            for j in range(size):
                position = stride * t + j - left
                if 0 <= position < length:
                    expected += sequence[position] @ weight[j]
            numpy.testing.assert_allclose(vector, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1, 4, 5])
def test_depthwise_is_a_convolution_with_a_diagonal(size: int) -> None:
    alone = of_frames(nn.DepthwiseConv1d(FEATURES, size))
    parameters = random_parameters(alone)
    run = check_agreement(alone, FEEDS, parameters=parameters)
    full = of_frames(nn.Conv1d(FEATURES, FEATURES, size))
    values = {name: value * numpy.eye(5) if name.endswith("W") else value for name, value in parameters.items()}
    same = dict(zip(sorted(full.parameters), (values[name] for name in sorted(values))))
    expected = check_agreement(full, FEEDS, parameters=same).in_numpy.outputs["output"]
    for one, other in zip(run.in_numpy.outputs["output"].sequences(), expected.sequences()):
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


class Convolved(nn.Module):
    """Two convolutions that make sequences shorter, one of each feature alone, and LSTMs around them."""

    def __init__(self) -> None:
        super().__init__()
        self.below = nn.BidirectionalLstm(FEATURES, 4)
        self.first, self.second = nn.Conv1d(8, OUT, 3, stride=2), nn.Conv1d(OUT, OUT, 3, stride=2)
        self.alone, self.above = nn.DepthwiseConv1d(OUT, 3), nn.BidirectionalLstm(OUT, 4)

    def forward(self) -> nn.Tensor:
        x = nn.relu(self.first(self.below(frames())))
        y = self.above(self.alone(self.second(x)))
        nn.reduce_sum(y).mark_as_loss("sum")
        return y


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_all_parameters_are_trained(device: str) -> None:
    run = check_agreement(Convolved(), FEEDS, train=True, trains=True, device=device)
    for name, before in run.in_returnn.parameters.items():
        after = run.in_returnn.trained[name]
        assert numpy.isfinite(after).all() and (after != before).any(), name


def test_same_lengths_as_pooling() -> None:
    conv = nn.Conv1d(FEATURES, FEATURES, 3, stride=2)
    check_agreement(lambda: conv(frames()) + nn.pool(frames(), 2), FEEDS)


def test_in_a_loop_over_another_axis() -> None:
    """Of a state with an axis of its own, as attention sees its weights of the step before."""
    one = nn.Dim(1, "one")
    conv = nn.Conv1d(one, OUT, 3)

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        loop = nn.Loop(max_seq_len=4)
        loop.state.weights = nn.reduce_sum(x)
        with loop:
            seen = conv(nn.expand(loop.state.weights, [one]))
            loop.state.weights = nn.tanh(nn.reduce_sum(seen))
            loop.end(nn.constant(False, [nn.batch_dim]))
            total = loop.stack(nn.reduce_sum(loop.state.weights, TIME))
        return {"weights": loop.state.weights, "total": total}

    check_agreement(model, FEEDS, gradients=False)


def test_wrong_use() -> None:
    with pytest.raises(nn.NetworkError, match="a stride greater than the size would leave out frames"):
        nn.Conv1d(FEATURES, OUT, 2, stride=3)
    with pytest.raises(nn.NetworkError, match="DepthwiseConv1d of 0 frames"):
        nn.DepthwiseConv1d(FEATURES, 0)
    with pytest.raises(nn.NetworkError, match="has in_dim out=3, but its input has the feature dim features=5"):
        nn.Network(lambda: nn.Conv1d(OUT, OUT, 3)(frames()))
    with pytest.raises(nn.NetworkError, match="features=5 of .* has a fixed size"):
        nn.Network(lambda: nn.Conv1d(FEATURES, OUT, 3)(frames(), axis=FEATURES))
