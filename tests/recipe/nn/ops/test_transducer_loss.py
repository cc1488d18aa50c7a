"""The full-sum loss of transducers, against all alignments written out, and RETURNN."""

from __future__ import annotations

import itertools
from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames, ragged_labels

pytestmark = pytest.mark.xdist_group("returnn-1")

BATCH = nn.batch_dim
TIME, POSITIONS, PREFIXES = nn.Dim(None, "time"), nn.Dim(None, "positions"), nn.Dim(None, "prefixes")
FEATURES, LABELS, JOINT = nn.Dim(3, "features"), nn.Dim(2, "labels"), nn.Dim(4, "joint")
FRAMES = nn.ExternData("data", [BATCH, TIME, FEATURES])
TARGETS = nn.ExternData("classes", [BATCH, POSITIONS], sparse_dim=LABELS)
SCORES = nn.ExternData("scores", [BATCH, TIME, PREFIXES, LABELS + 1])
TOPOLOGIES = ("rnnt", "rna")


class Model(nn.Module):
    """An encoder, a predictor over the labels so far, and what joins both."""

    def __init__(self, topology: str) -> None:
        super().__init__()
        self.topology = topology
        self.encoder = nn.Linear(FEATURES, JOINT)
        self.embedding = nn.Embedding(LABELS + 1, JOINT)
        self.predictor = nn.Lstm(JOINT, JOINT)
        self.output = nn.Linear(JOINT, LABELS + 1)

    def forward(self) -> nn.Tensor:
        targets = nn.get_extern_data(TARGETS)
        read = nn.cast(nn.cast(targets, "int32"), "int32", sparse_dim=LABELS + 1)
        read = nn.reverse(nn.postfix_in_time(nn.reverse(read), LABELS.size))  # the first prefix is that of no label
        predicted, _ = self.predictor(self.embedding(read))
        encoded = self.encoder(nn.get_extern_data(FRAMES))
        joined = nn.tanh(nn.combine("add", encoded, predicted, allow_broadcast_all_sources=True))
        logits = self.output(joined)
        axes: dict[str, Any] = {"frames": TIME, "prefixes": predicted.spatial_dim}
        loss = nn.transducer_loss(logits, targets, **axes, topology=self.topology)
        loss.mark_as_loss("transducer")
        return loss


def feeds(frames: list[int], labels: list[int]) -> dict[str, Any]:
    return {"data": ragged_frames(frames, 3), "classes": ragged_labels(labels, 2, seed=4)}


def scores_feeds(frames: list[int], labels: list[int], padding: float = 55.0) -> dict[str, Any]:
    """Scores of all frames and prefixes, with whatever in the padding."""
    counts = numpy.array(labels) + 1
    value = numpy.random.default_rng(7).standard_normal((len(frames), max(frames), max(counts), 3))
    for row, (length, count) in enumerate(zip(frames, counts)):
        value[row, length:] = padding
        value[row, :, count:] = padding
    given = (value.astype("float32"), numpy.array(frames, "int32"), counts.astype("int32"))
    return {"scores": given, "classes": ragged_labels(labels, 2, seed=4)}


def of_scores(topology: str) -> nn.Network:
    return nn.Network(
        lambda: nn.transducer_loss(
            nn.get_extern_data(SCORES),
            nn.get_extern_data(TARGETS),
            frames=TIME,
            prefixes=PREFIXES,
            topology=topology,
        )
    )


def written_out(logits: numpy.ndarray, labels: list[int], topology: str) -> float:
    """The sum over all alignments: all sequences of labels and blanks that read the labels and come to the end."""
    probs = numpy.exp(logits) / numpy.exp(logits).sum(axis=-1, keepdims=True)
    frames, blank, total = len(logits), logits.shape[-1] - 1, 0.0
    steps = frames + len(labels) if topology == "rnnt" else frames
    for reads in itertools.product([False, True], repeat=steps):
        if sum(reads) != len(labels) or (topology == "rnnt" and steps and reads[-1]):
            continue
        frame = count = 0
        prob = 1.0
        for is_label in reads:
            prob *= probs[frame, count, labels[count] if is_label else blank]
            count += is_label
            frame += 1 if topology == "rna" else not is_label
        total += prob
    return -float(numpy.log(total)) if total else 0.0


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_is_the_sum_over_all_alignments(topology: str) -> None:
    """Of ragged sequences, with one that has no label, and for "rna" one that fits into no frames."""
    frames, labels = [4, 3, 2, 1], [2, 0, 3, 1]
    fed = scores_feeds(frames, labels)
    value = check_agreement(of_scores(topology), fed).in_numpy.outputs["output"].value
    for row, (length, count) in enumerate(zip(frames, labels)):
        logits = fed["scores"][0][row, :length, : count + 1].astype("float64")
        wanted = written_out(logits, list(fed["classes"][0][row, :count]), topology)
        numpy.testing.assert_allclose(value[row], wanted, rtol=1e-5)
    assert value[1] > 0 and (value[2] == 0.0) == (topology == "rna")


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_padding_is_not_read(topology: str) -> None:
    """NaN in it changes nothing, in NumPy and in RETURNN."""
    network = of_scores(topology)
    values = [
        check_agreement(network, scores_feeds([4, 2, 3], [2, 1, 0], padding)).in_numpy.outputs["output"].value
        for padding in (0.0, float("nan"))
    ]
    numpy.testing.assert_array_equal(*values)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_training(topology: str) -> None:
    """Gradients of a model against differences of the loss; all parameters are trained."""
    network = nn.Network(Model(topology))
    fed = feeds([5, 4, 3], [3, 0, 2])
    run = check_agreement(network, fed, train=True, gradients=True)
    assert all(numpy.abs(gradient).max() > 0 for gradient in run.in_returnn.gradients.values())
    report = nn.check_gradients(network, fed)
    assert report, report


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_long_sequences(topology: str) -> None:
    """No number is too small for float32."""
    fed = scores_feeds([150, 90], [60, 20])
    report = nn.check(of_scores(topology), fed)
    assert report, report


def test_of_the_hypotheses_of_a_search() -> None:
    """Labels that a search found are scored by a transducer: of each hypothesis, as if it was given."""

    class Rescored(Model):
        def forward(self) -> dict[str, nn.Tensor]:  # type: ignore[override]
            loop = nn.Loop(max_seq_len=3)
            loop.state.label = nn.constant(LABELS.size, [BATCH], sparse_dim=LABELS + 1)
            x = nn.get_extern_data(FRAMES)
            with loop:
                scores = self.output(nn.reduce_sum(self.encoder(x), TIME) + self.embedding(loop.state.label))
                loop.state.label = nn.choice(scores)
                loop.end(loop.state.label == LABELS.size, include_eos=False)
                found = loop.stack(loop.state.label)
            targets = nn.cast(nn.cast(found, "int32") % LABELS.size, "int32", sparse_dim=LABELS)
            read = nn.reverse(nn.postfix_in_time(nn.reverse(found), LABELS.size))
            predicted = self.embedding(read)
            joined = nn.tanh(nn.combine("add", self.encoder(x), predicted, allow_broadcast_all_sources=True))
            axes: dict[str, Any] = {"frames": TIME, "prefixes": predicted.spatial_dim}
            loss = nn.transducer_loss(self.output(joined), targets, **axes, topology=self.topology)
            return {"found": found, "loss": loss}

    fed = feeds([5, 4, 3], [3, 0, 2])
    agreement = check_agreement(Rescored("rnnt"), fed, search=nn.BeamSearch(3))
    values = agreement.in_returnn.parameters
    outputs = agreement.in_numpy.outputs
    for row, found in enumerate(outputs["found"].sequences()):
        x = fed["data"][0][row // 3, : fed["data"][1][row // 3]]
        encoded = x @ values["encoder/W"] + values["encoder/b"]
        predicted = values["embedding/W"][[LABELS.size, *found]]
        logits = numpy.tanh(encoded[:, None] + predicted) @ values["output/W"] + values["output/b"]
        wanted = written_out(logits, list(found % 2), "rnnt")
        numpy.testing.assert_allclose(outputs["loss"].value[row], wanted, rtol=1e-4)


def test_wrong_use() -> None:
    def loss(scores: nn.ExternData, targets: nn.ExternData = TARGETS, **options: Any) -> nn.Network:
        given = {"frames": TIME, "prefixes": PREFIXES, **options}
        return nn.Network(lambda: nn.transducer_loss(nn.get_extern_data(scores), nn.get_extern_data(targets), **given))

    without_blank = nn.ExternData("scores", [BATCH, TIME, PREFIXES, LABELS])
    with pytest.raises(nn.NetworkError, match=r"the scores must be over labels=2 \+ 1 with the blank last"):
        loss(without_blank)
    with pytest.raises(nn.NetworkError, match="transducer_loss wants labels as targets"):
        loss(SCORES, nn.ExternData("x", [BATCH, POSITIONS]))
    with pytest.raises(nn.NetworkError, match='topology is "rnnt" or "rna", not \'ctc\''):
        loss(SCORES, topology="ctc")
    with pytest.raises(nn.NetworkError, match=r"wants scores \[batch, time, time, labels \+ 1\]"):
        loss(SCORES, prefixes=TIME)
    fed = scores_feeds([2, 2], [1, 1])
    fed["classes"] = ragged_labels([2, 1], 2)
    with pytest.raises(
        nn.NetworkError, match="sequence 0 has 2 labels, so there are 3 prefixes of them, but prefixes has 2"
    ):
        nn.run_numpy(of_scores("rnnt"), fed)

    def in_a_loop() -> nn.Tensor:
        with nn.Loop(axis=POSITIONS) as loop:
            loop.unstack(nn.get_extern_data(TARGETS))
            return loop.stack(
                nn.transducer_loss(
                    nn.get_extern_data(SCORES), nn.get_extern_data(TARGETS), frames=TIME, prefixes=PREFIXES
                )
            )

    with pytest.raises(nn.NetworkError, match="transducer_loss wants whole sequences"):
        nn.Network(in_a_loop)
