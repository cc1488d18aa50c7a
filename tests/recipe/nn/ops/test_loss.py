"""Losses: the same in NumPy and RETURNN, their mean over the frames of the batch included."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames
from ..inputs import FEATURES, FEEDS, FRAMES, LABELS, TIME, classes, frames, other_frames

pytestmark = pytest.mark.xdist_group("returnn-1")


def log_softmax(x: numpy.ndarray) -> numpy.ndarray:
    """Over the last axis."""
    x = x - x.max(axis=-1, keepdims=True)
    return x - numpy.log(numpy.exp(x).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_cross_entropy(smoothing: float) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(FEATURES, LABELS)

        def forward(self) -> dict[str, nn.Tensor]:
            logits = self.output(frames())
            loss = nn.cross_entropy(logits, classes(), label_smoothing=smoothing)
            loss.mark_as_loss("ce")
            return {"loss": loss, "logits": logits}

    run = check_agreement(Model(), FEEDS)
    log_prob = log_softmax(run.in_numpy.outputs["logits"].value)
    labels = FEEDS["classes"][0]
    smooth = numpy.full(log_prob.shape, smoothing / LABELS.size)
    numpy.put_along_axis(smooth, labels[..., None], 1 - smoothing + smoothing / LABELS.size, axis=-1)
    expected = -(smooth * log_prob).sum(axis=-1)
    numpy.testing.assert_allclose(run.in_numpy.outputs["loss"].value, expected, rtol=1e-4, atol=1e-5)
    mask = numpy.arange(4)[None] < FEEDS["classes"][1][:, None]
    numpy.testing.assert_allclose(run.in_numpy.losses["ce"], expected[mask].mean(), rtol=1e-4)


def test_cross_entropy_of_log_scores() -> None:
    """They are taken as they are, and need not add up to one."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(FEATURES, LABELS)

        def forward(self) -> dict[str, nn.Tensor]:
            scores = self.output(frames()) - 1.0
            nn.cross_entropy(scores, classes(), input_type="log_prob").mark_as_loss("ce")
            return {"loss": nn.cross_entropy(scores, classes(), input_type="log_prob"), "scores": scores}

    run = check_agreement(Model(), FEEDS, gradients=True)
    scores = run.in_numpy.outputs["scores"].value
    expected = -numpy.take_along_axis(scores, FEEDS["classes"][0][..., None], axis=-1)[..., 0]
    numpy.testing.assert_allclose(run.in_numpy.outputs["loss"].value, expected, rtol=1e-5)


def test_cross_entropy_of_what() -> None:
    with pytest.raises(nn.NetworkError, match='input_type is "logits" or "log_prob", not \'prob\''):
        nn.Network(lambda: nn.cross_entropy(nn.zeros([nn.batch_dim, TIME, LABELS]), classes(), input_type="prob"))


def test_frame_error() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(FEATURES, LABELS)

        def forward(self) -> dict[str, nn.Tensor]:
            logits = self.output(frames())
            nn.frame_error(logits, classes()).mark_as_loss("error", as_error=True)
            nn.cross_entropy(logits, classes()).mark_as_loss("ce")
            return {"best": nn.argmax(logits)}

    check_agreement(Model(), FEEDS)


def test_loss_with_one_value_per_sequence() -> None:
    def model() -> None:
        nn.reduce_sum(nn.reduce_sum(frames() * other_frames()), TIME).mark_as_loss("per_sequence")

    check_agreement(model, FEEDS)


def test_loss_with_features() -> None:
    """A squared distance, unreduced."""

    def model() -> None:
        distance = frames() - other_frames()
        (distance * distance).mark_as_loss("squared")

    check_agreement(model, FEEDS)


def test_scalar_loss() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter([FEATURES])

        def forward(self) -> None:
            scale = nn.ones([FEATURES]) * self.scale
            nn.reduce_sum(scale * scale).mark_as_loss("norm")
            nn.reduce_mean(frames() * self.scale, FEATURES).mark_as_loss("frames")

    check_agreement(Model(), FEEDS)


def test_names_of_losses_without_name() -> None:
    def model() -> None:
        nn.reduce_sum(frames()).mark_as_loss()
        nn.reduce_sum(other_frames()).mark_as_loss()

    run = check_agreement(model, FEEDS)
    assert list(run.in_numpy.losses) == ["reduce_sum", "reduce_sum_2"]


def test_one_tensor_as_two_losses() -> None:
    def model() -> None:
        loss = nn.reduce_sum(frames())
        loss.mark_as_loss("one")
        loss.mark_as_loss("two", scale=0.5)

    check_agreement(model, FEEDS)


@pytest.mark.parametrize("focus", [1.0, 2.0])
def test_focal_loss(focus: float) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(FEATURES, LABELS)

        def forward(self) -> dict[str, nn.Tensor]:
            logits = self.output(frames())
            loss = nn.focal_loss(logits, classes(), focus=focus)
            loss.mark_as_loss("focal")
            return {"loss": loss, "logits": logits}

    run = check_agreement(Model(), FEEDS, gradients=True)
    log_prob = log_softmax(run.in_numpy.outputs["logits"].value)
    of_target = numpy.take_along_axis(log_prob, FEEDS["classes"][0][..., None], axis=-1)[..., 0]
    expected = -((1 - numpy.exp(of_target)) ** focus) * of_target
    numpy.testing.assert_allclose(run.in_numpy.outputs["loss"].value, expected, rtol=1e-4, atol=1e-5)


def test_focal_loss_with_label_smoothing() -> None:
    """A share of the mean of the same over all labels."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(FEATURES, LABELS)

        def forward(self) -> dict[str, nn.Tensor]:
            logits = self.output(frames())
            loss = nn.focal_loss(logits, classes(), label_smoothing=0.3)
            loss.mark_as_loss("focal")
            return {"loss": loss, "logits": logits}

    network = nn.Network(Model())
    run = check_agreement(network, FEEDS, gradients=True)
    log_prob = log_softmax(run.in_numpy.outputs["logits"].value)
    of_all = -((1 - numpy.exp(log_prob)) ** 2.0) * log_prob
    of_target = numpy.take_along_axis(of_all, FEEDS["classes"][0][..., None], axis=-1)[..., 0]
    expected = 0.7 * of_target + 0.3 * of_all.mean(axis=-1)
    numpy.testing.assert_allclose(run.in_numpy.outputs["loss"].value, expected, rtol=1e-4, atol=1e-5)
    report = nn.check_gradients(network, FEEDS)
    assert report, report


def test_focus_below_one() -> None:
    with pytest.raises(nn.NetworkError, match="focus must be a number of at least 1, not 0.5"):
        nn.Network(lambda: nn.focal_loss(nn.zeros([nn.batch_dim, TIME, LABELS]), classes(), focus=0.5))


def test_mean_squared_error() -> None:
    def model() -> nn.Tensor:
        loss = nn.mean_squared_error(frames(), other_frames())
        loss.mark_as_loss("mse")
        return loss

    run = check_agreement(model, FEEDS)
    expected = ((FEEDS["data"][0] - FEEDS["other"][0]) ** 2).mean(axis=-1)
    mask = numpy.arange(4)[None] < FEEDS["data"][1][:, None]
    numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value[mask], expected[mask], rtol=1e-5)
    numpy.testing.assert_allclose(run.in_numpy.losses["mse"], expected[mask].mean(), rtol=1e-5)


def test_mean_squared_error_of_other_dims() -> None:
    with pytest.raises(nn.NetworkError, match="mean_squared_error wants values of the same dims"):
        nn.Network(lambda: nn.mean_squared_error(frames(), nn.reduce_sum(frames())))


def test_loss_along_two_axes() -> None:
    """Summed over the second one with lengths, in which padding does not count either."""
    other_time = nn.Dim(None, "other_time")
    other = nn.ExternData("other_frames", [nn.batch_dim, other_time, FEATURES])

    def model() -> nn.Tensor:
        x, z = nn.get_extern_data(FRAMES), nn.get_extern_data(other)
        distances = nn.combine("sub", x, z, allow_broadcast_all_sources=True)
        nn.reduce_sum(distances * distances, FEATURES).mark_as_loss("distance")
        return x

    feeds = {"data": FEEDS["data"], "other_frames": ragged_frames([1, 3, 2], 5, seed=5)}
    loss = check_agreement(model, feeds).in_numpy.losses["distance"]
    (x, lengths), (z, others) = feeds["data"], feeds["other_frames"]
    frames = [
        ((x[row, :length, None] - z[row, None, :count]) ** 2).sum(axis=(1, 2))
        for row, (length, count) in enumerate(zip(lengths, others))
    ]
    numpy.testing.assert_allclose(loss, numpy.concatenate(frames).mean(), rtol=1e-5)
