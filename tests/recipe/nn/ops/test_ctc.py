"""CTC loss: the sum over all alignments."""

from __future__ import annotations

import itertools

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames, ragged_labels

pytestmark = pytest.mark.xdist_group("returnn-1")

TIME, POSITIONS = nn.Dim(None, name="time"), nn.Dim(None, name="positions")
FEATURES, LABELS = nn.Dim(3, name="features"), nn.Dim(4, name="labels")
FRAMES = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])
TARGETS = nn.ExternData("classes", [nn.batch_dim, POSITIONS], sparse_dim=LABELS)
FEEDS = {"data": ragged_frames([6, 4, 1], 3), "classes": ragged_labels([2, 3, 1], 4)}


def model() -> nn.Tensor:
    logits = nn.Linear(FEATURES, LABELS + 1)(nn.get_extern_data(FRAMES))
    loss = nn.ctc_loss(logits, nn.get_extern_data(TARGETS))
    loss.mark_as_loss("ctc")
    return loss


def test_agreement() -> None:
    run = check_agreement(model, FEEDS, gradients=True, train=True)
    gradient = run.in_returnn.gradients["linear/W"]
    assert gradient is not None and numpy.abs(gradient).sum() > 0.01


def test_is_the_sum_over_all_alignments() -> None:
    """Written out: every sequence of labels and blanks that collapses to the targets."""
    network = nn.Network(model)
    parameters = network.random_parameters(seed=3)
    run = nn.run_numpy(network, FEEDS, parameters)
    frames, frame_counts = FEEDS["data"]
    targets, label_counts = FEEDS["classes"]
    for n, (t, s) in enumerate(zip(frame_counts, label_counts)):
        logits = frames[n, :t] @ parameters["linear/W"] + parameters["linear/b"]
        probs = numpy.exp(logits) / numpy.exp(logits).sum(axis=-1, keepdims=True)
        total = 0.0
        for path in itertools.product(range(5), repeat=int(t)):
            collapsed = [label for label, _ in itertools.groupby(path) if label != 4]
            if collapsed == list(targets[n, :s]):
                total += float(numpy.prod([probs[i, label] for i, label in enumerate(path)]))
        numpy.testing.assert_allclose(run.outputs["output"].value[n], -numpy.log(total), rtol=1e-4)


def test_more_labels_than_frames() -> None:
    feeds = {"data": ragged_frames([1, 3], 3), "classes": ragged_labels([2, 1], 4)}
    value = check_agreement(model, feeds).in_numpy.outputs["output"].value
    assert value[0] == 0.0 and value[1] > 0.0


def test_wrong_use() -> None:
    def over_labels_alone() -> nn.Tensor:
        return nn.ctc_loss(nn.Linear(LABELS)(nn.get_extern_data(FRAMES)), nn.get_extern_data(TARGETS))

    with pytest.raises(nn.NetworkError, match=r"the scores must be over labels=4 \+ 1 with the blank last"):
        nn.Network(over_labels_alone)

    def no_labels() -> nn.Tensor:
        frames = nn.get_extern_data(FRAMES)
        return nn.ctc_loss(nn.Linear(LABELS + 1)(frames), frames)

    with pytest.raises(nn.NetworkError, match="ctc_loss wants labels as targets"):
        nn.Network(no_labels)


def test_label_smoothing() -> None:
    """A share of the cross entropy of each frame against all labels and the blank; with its gradient."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, LABELS + 1)

        def forward(self) -> dict[str, nn.Tensor]:
            logits, targets = self.linear(nn.get_extern_data(FRAMES)), nn.get_extern_data(TARGETS)
            smoothed = nn.ctc_loss(logits, targets, label_smoothing=0.2)
            smoothed.mark_as_loss("ctc")
            return {"smoothed": smoothed, "plain": nn.ctc_loss(logits, targets), "log_probs": nn.log_softmax(logits)}

    network = nn.Network(Model())
    outputs = check_agreement(network, FEEDS, gradients=True, train=True).in_numpy.outputs
    for n, length in enumerate(FEEDS["data"][1]):
        uniform = -outputs["log_probs"].value[n, :length].mean(axis=-1).sum()
        wanted = 0.8 * outputs["plain"].value[n] + 0.2 * uniform
        numpy.testing.assert_allclose(outputs["smoothed"].value[n], wanted, rtol=1e-5)
    report = nn.check_gradients(network, FEEDS)
    assert report, report
    with pytest.raises(nn.NetworkError, match="label_smoothing must be at least 0 and below 1, not 1"):
        nn.Network(
            lambda: nn.ctc_loss(
                Model().linear(nn.get_extern_data(FRAMES)), nn.get_extern_data(TARGETS), label_smoothing=1
            )
        )
