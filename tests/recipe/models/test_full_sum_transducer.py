"""The transducer trained on all alignments: engines agree, and a search scores what the loss adds up."""

from __future__ import annotations

import itertools

import numpy
import pytest

from recipe import nn
from recipe.models.full_sum_transducer import FullSumTransducer
from recipe.models.speech_encoder import SpeechLstmEncoder
from recipe.models.topology import CTC, RNA, RNNT, Topology

from ..nn.agreement import check_agreement, ragged_frames, ragged_labels, random_parameters

pytestmark = pytest.mark.xdist_group("returnn-2")

FEATURES, NUM_LABELS = 6, 3


def model(topology: Topology, *, ctc_scale: float = 0.0) -> FullSumTransducer:
    """A small one."""
    features, labels = nn.Dim(FEATURES, "features"), nn.Dim(NUM_LABELS, "labels", labels=["</s>", "a", "b"])
    return FullSumTransducer(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), features]),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=labels),
        SpeechLstmEncoder(features, nn.Dim(4, "lstm")),
        embedding_dim=nn.Dim(3, "vector"),
        prediction_dim=nn.Dim(5, "prediction"),
        joint_dim=nn.Dim(6, "joint"),
        topology=topology,
        ctc_scale=ctc_scale,
        max_labels_per_frame=2,
    )


def test_training() -> None:
    feeds = {"data": ragged_frames([6, 4, 3], FEATURES), "classes": ragged_labels([3, 2, 1], NUM_LABELS)}
    run = check_agreement(model(RNNT, ctc_scale=0.3), feeds, train=True, trains=True)
    assert set(run.in_numpy.losses) == {"ctc", "full_sum"}
    for name, before in run.in_returnn.parameters.items():
        assert (run.in_returnn.trained[name] != before).any(), name


def test_search_finds_the_alignments_that_the_loss_adds_up() -> None:
    """A beam with room for all alignments of two frames in RNA gives, for each labels, the loss of them."""
    one = model(RNA)
    network = nn.Network(one, search=nn.BeamSearch((NUM_LABELS + 1) ** 2, length_normalization=0.0))
    parameters = random_parameters(nn.Network(one), seed=5, scale=2.0)
    frames = numpy.random.default_rng(2).standard_normal((1, 2, FEATURES)).astype("float32")
    found = check_agreement(network, {"data": (frames, [2])}, parameters=parameters).in_numpy
    assert found.beam_scores is not None
    probabilities: dict[tuple[int, ...], float] = {}
    for row, score in zip(found.outputs["output"].sequences(), found.beam_scores[0]):
        labels = RNA.labels(tuple(map(int, row)), NUM_LABELS)
        probabilities[labels] = probabilities.get(labels, 0.0) + float(numpy.exp(score))
    assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    for labels in itertools.product(range(NUM_LABELS), repeat=2):
        feeds = {"data": (frames, [2]), "classes": (numpy.array([labels], "int32"), [2])}
        loss = nn.run_numpy(nn.Network(one), feeds, parameters).losses["full_sum"]
        assert float(numpy.exp(-loss)) == pytest.approx(probabilities[labels], rel=1e-4)


def test_beam_search_of_rnnt() -> None:
    """The engines find the same, and each hypothesis goes over all frames."""
    one = model(RNNT)
    network = nn.Network(one, search=nn.BeamSearch(3, length_normalization=0.0))
    nn.check_parameters(nn.Network(one).parameters, network.parameters)
    lengths, parameters = [5, 3], random_parameters(network, seed=4, scale=2.0)
    parameters["output/b"][NUM_LABELS] += 4.0  # else random parameters give labels up to the limit
    found = check_agreement(network, {"data": ragged_frames(lengths, FEATURES)}, parameters=parameters).in_numpy
    for number, row in enumerate(found.outputs["output"].sequences()):
        assert RNNT.num_frames(list(row), NUM_LABELS) == lengths[number // 3]


def test_wrong_topology() -> None:
    with pytest.raises(nn.NetworkError, match="RNN-T or RNA, not of CTC"):
        model(CTC)
