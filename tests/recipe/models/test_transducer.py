"""The transducer in each topology: the same losses and hypotheses in NumPy and RETURNN, all parameters trained."""

from __future__ import annotations

import itertools
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.models.topology import CTC, RNA, RNNT, Topology
from recipe.models.transducer import TransducerModel

from ..nn.agreement import check_agreement, random_parameters
from .small_transducer import BLANK, CTC_PATHS, FEATURES, small_transducer, transducer_feeds

pytestmark = pytest.mark.xdist_group("returnn-2")

TOPOLOGIES = pytest.mark.parametrize("topology", [CTC, RNA, RNNT], ids=lambda topology: topology.name)


def search_network(topology: Topology, beam_size: int) -> nn.Network:
    return nn.Network(small_transducer(topology), search=nn.BeamSearch(beam_size, length_normalization=0.0))


@TOPOLOGIES
def test_training(topology: Topology) -> None:
    model = small_transducer(topology, dropout=0.0, label_smoothing=0.1)
    run = check_agreement(model, transducer_feeds(topology), train=True, gradients=True)
    assert list(run.in_numpy.losses) == ["cross_entropy", "frame_error"]
    assert set(run.in_returnn.gradients) == {name for name, _ in model.named_parameters()}
    for name, gradient in run.in_returnn.gradients.items():
        assert gradient is not None and numpy.abs(gradient).max() > 1e-7, name


@TOPOLOGIES
@pytest.mark.parametrize("beam_size", [1, 4])
def test_search(topology: Topology, beam_size: int) -> None:
    """The same hypotheses and scores, and each of them is an alignment over all frames."""
    training = nn.Network(small_transducer(topology))
    network = search_network(topology, beam_size)
    assert {name: parameter.shape for name, parameter in network.parameters.items()} == {
        name: parameter.shape for name, parameter in training.parameters.items()
    }
    parameters = random_parameters(training, seed=4, scale=2.0)
    run = check_agreement(network, transducer_feeds(topology), parameters=parameters)
    for number, row in enumerate(run.in_numpy.outputs["output"].sequences()):
        assert topology.num_frames(list(row), BLANK) == len(CTC_PATHS[number // beam_size])


def test_as_written_for_a_gpu() -> None:
    training = nn.Network(small_transducer(RNNT, dropout=0.0))
    parameters = random_parameters(training, seed=4, scale=2.0)
    for network in (training, search_network(RNNT, 4)):
        check_agreement(network, transducer_feeds(RNNT), parameters=parameters, device="gpu")


@pytest.mark.parametrize("topology", [CTC, RNA], ids=lambda topology: topology.name)
def test_probabilities_of_all_alignments(topology: Topology) -> None:
    """They add up to 1, and a search whose beam holds all of them gives them the same scores, the best first."""
    training = nn.Network(small_transducer(topology))
    parameters = random_parameters(training, seed=6, scale=2.0)
    alignments = numpy.array(list(itertools.product(range(BLANK + 1), repeat=2)), "int32")
    count = len(alignments)
    frames = numpy.random.default_rng(1).standard_normal((1, 2, FEATURES)).astype("float32")
    feeds = {
        "data": (frames.repeat(count, axis=0), numpy.full(count, 2)),
        "alignment": (alignments, numpy.full(count, 2)),
    }
    scores = scores_of_alignments(topology, feeds, parameters)
    assert numpy.exp(scores).sum() == pytest.approx(1.0, abs=1e-5)
    found = nn.run_numpy(search_network(topology, count), {"data": (frames, numpy.array([2]))}, parameters)
    rows = [tuple(row) for row in found.outputs["output"].sequences()]
    assert found.beam_scores is not None
    assert sorted(rows) == [tuple(row) for row in alignments]
    by_alignment = {tuple(row): score for row, score in zip(alignments, scores)}
    numpy.testing.assert_allclose(found.beam_scores[0], [by_alignment[row] for row in rows], rtol=1e-4)
    assert (numpy.diff(found.beam_scores[0]) <= 0).all()


@TOPOLOGIES
def test_score_of_a_hypothesis_is_that_of_the_training_network(topology: Topology) -> None:
    training = nn.Network(small_transducer(topology))
    parameters = random_parameters(training, seed=4, scale=2.0)
    feeds = transducer_feeds(topology)
    found = nn.run_numpy(search_network(topology, 3), feeds, parameters)
    labels = found.outputs["output"]
    (lengths,) = labels.lengths.values()
    data, num_frames = feeds["data"]
    again = {"data": (data.repeat(3, axis=0), num_frames.repeat(3)), "alignment": (labels.value, lengths)}
    assert found.beam_scores is not None
    scores = scores_of_alignments(topology, again, parameters)
    numpy.testing.assert_allclose(found.beam_scores.reshape(-1), scores, rtol=1e-4)


class LogProbs(nn.Module):
    """The scores that a transducer gives to the labels in each step of given alignments."""

    def __init__(self, model: TransducerModel) -> None:
        super().__init__()
        self.source, self.alignment, self.encoder, self.decoder = (
            model.source,
            model.alignment,
            model.encoder,
            model.decoder,
        )

    def forward(self) -> nn.Tensor:
        """[batch, steps, labels]."""
        encoder = self.encoder(nn.get_extern_data(self.source))
        return self.decoder(encoder, nn.get_extern_data(self.alignment)).log_probs


def scores_of_alignments(
    topology: Topology, feeds: dict[str, Any], parameters: dict[str, numpy.ndarray]
) -> list[float]:
    """The log-probability of each given alignment, by the network as it is in training."""
    network = nn.Network(LogProbs(small_transducer(topology)))
    rows = nn.run_numpy(network, feeds, parameters).outputs["output"].sequences()
    labels = [row[:length] for row, length in zip(*feeds["alignment"])]
    return [float(row[range(len(of_row)), of_row].sum(dtype="float64")) for row, of_row in zip(rows, labels)]
