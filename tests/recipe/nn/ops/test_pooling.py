"""Pooling over time: lengths that do not divide by the size, single frames, values below zero."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames

pytestmark = pytest.mark.xdist_group("returnn-2")

TIME, FEATURES = nn.Dim(None, "time"), nn.Dim(5, "features")
FRAMES = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])
LENGTHS = (7, 1, 4, 12, 2)
FEEDS = {"data": ragged_frames(LENGTHS, 5)}


def frames() -> nn.Tensor:
    """Random vectors [batch, time, features]."""
    return nn.get_extern_data(FRAMES)


@pytest.mark.parametrize("mode", ["max", "mean"])
@pytest.mark.parametrize("size", [2, 3, 13])
def test_each_group_of_frames(mode: str, size: int) -> None:
    """All frames are far below zero, so that a padding of zeros would be seen."""
    feeds = {"data": (FEEDS["data"][0] - 10.0, FEEDS["data"][1])}
    output = check_agreement(lambda: nn.pool(frames(), size, mode=mode), feeds).in_numpy.outputs["output"]
    function = {"max": numpy.max, "mean": numpy.mean}[mode]
    for sequence, length, result in zip(feeds["data"][0], LENGTHS, output.sequences()):
        groups = [sequence[t : min(t + size, length)] for t in range(0, length, size)]
        numpy.testing.assert_allclose(result, [function(group, axis=0) for group in groups], rtol=1e-5)


def test_by_one_frame_is_nothing() -> None:
    def model() -> nn.Tensor:
        x = frames()
        assert nn.pool(x, 1) is x
        return x

    nn.Network(model)


class PowersOfPooled(nn.Module):
    """What is computed of frames that are padding must stay a number, or gradients are none."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, 3)

    def forward(self) -> nn.Tensor:
        pooled = nn.pool(frames(), 2)
        y = self.linear(pooled * pooled * pooled)
        nn.reduce_sum(y * y).mark_as_loss("squares")
        return y


def test_padding_of_pooled_frames_spoils_no_gradient() -> None:
    gradients = check_agreement(PowersOfPooled(), FEEDS, train=True, gradients=True).in_returnn.gradients
    assert all(gradient is not None and numpy.isfinite(gradient).all() for gradient in gradients.values())


class Pyramid(nn.Module):
    """Fewer frames from layer to layer."""

    def __init__(self, mode: str):
        super().__init__()
        self.mode = mode
        self.first, self.second = nn.BidirectionalLstm(FEATURES, 4), nn.BidirectionalLstm(3)

    def forward(self) -> nn.Tensor:
        y = self.second(nn.pool(self.first(frames()), 2, mode=self.mode))
        nn.reduce_sum(nn.pool(y, 2, mode=self.mode)).mark_as_loss("sum")
        return y


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("mode", ["max", "mean"])
def test_between_layers_all_parameters_are_trained(mode: str, device: str) -> None:
    run = check_agreement(Pyramid(mode), FEEDS, train=True, trains=True, device=device)
    for name, before in run.in_returnn.parameters.items():
        after = run.in_returnn.trained[name]
        assert numpy.isfinite(after).all() and (after != before).any(), name


def test_padding_is_not_read() -> None:
    """A sequence alone, and beside a longer one."""
    network = nn.Network(Pyramid("max"))
    parameters = network.random_parameters(seed=2)
    alone = {"data": (FEEDS["data"][0][:1, :7], FEEDS["data"][1][:1])}
    expected = nn.run_numpy(network, alone, parameters).outputs["output"].value[0]
    beside = check_agreement(network, FEEDS, parameters=parameters).in_returnn.outputs["output"]
    value = beside.value.take(0, axis=beside.dims.index("batch"))
    numpy.testing.assert_allclose(value[:4], expected, rtol=1e-4, atol=1e-6)


def test_two_results_of_one_axis_fit_together() -> None:
    check_agreement(lambda: nn.pool(frames(), 2) - nn.pool(frames(), 2, mode="mean"), FEEDS)


def test_loop_over_pooled_frames() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.sum = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            loop.state.sum = loop.state.sum + loop.unstack(nn.pool(frames(), 2))
            steps = loop.stack(loop.state.sum)
        return {"steps": steps, "last": loop.state.sum}

    check_agreement(model, FEEDS)


@pytest.mark.parametrize("mode", ["max", "mean"])
def test_each_group_of_features(mode: str) -> None:
    """Sizes that divide the number of features and others, and a greater one."""

    def model() -> dict[str, nn.Tensor]:
        x = frames() - 10.0
        return {str(size): nn.pool(x, size, mode=mode, axis="F") for size in (2, 5, 7)}

    outputs = check_agreement(model, FEEDS, gradients=True, train=True).in_numpy.outputs
    function = {"max": numpy.max, "mean": numpy.mean}[mode]
    for name, output in outputs.items():
        for sequence, length, result in zip(FEEDS["data"][0] - 10.0, LENGTHS, output.sequences()):
            groups = [sequence[:length, f : f + int(name)] for f in range(0, 5, int(name))]
            numpy.testing.assert_allclose(result, numpy.stack([function(g, axis=1) for g in groups], axis=1), rtol=1e-5)


def test_wrong_use() -> None:
    with pytest.raises(nn.NetworkError, match=r"by 0 frames: their number is an int from 1 on"):
        nn.Network(lambda: nn.pool(frames(), 0))
    with pytest.raises(nn.NetworkError, match=r"the mode 'sum'; there are 'max' and 'mean'"):
        nn.Network(lambda: nn.pool(frames(), 2, mode="sum"))
    with pytest.raises(nn.NetworkError, match=r"for sequences of vectors"):
        nn.Network(lambda: nn.pool(nn.cast(nn.range_over(TIME, like=frames()), "float32"), 2))
