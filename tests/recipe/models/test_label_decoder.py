"""The one loop of all decoders: teacher forcing and search are two ways through the same steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.models.label_decoder import DecoderState, LabelDecoder
from recipe.models.sequence_to_sequence import SequenceToSequence

from ..nn.agreement import check_agreement, random_parameters
from ..nn.returnn_run import run_returnn
from .small_model import END, small_feeds, small_model
from .small_transformer import small_transformer
from .teacher_forcing import TeacherForcing

pytestmark = pytest.mark.xdist_group("returnn-2")

MODELS = pytest.mark.parametrize("model", [small_model, small_transformer])


@MODELS
def test_score_of_a_search_is_that_of_teacher_forcing(model: Callable[..., SequenceToSequence]) -> None:
    """
    The best hypotheses, fed as targets to the same module, have the scores that the search gave them; one that the
    search cut off has no end label.
    """
    recogniser = model(dropout=0.0)
    search = nn.Network(recogniser, search=nn.BeamSearch(4, length_normalization=0.0), max_seq_len=9)
    feeds = small_feeds()
    parameters = random_parameters(search, seed=3, scale=2.0)
    found = nn.run_numpy(search, {"data": feeds["data"]}, parameters)
    assert found.beam_scores is not None
    best = found.outputs["output"].sequences()[::4]
    lengths = numpy.array([min(len(labels) + 1, 9) for labels in best], "int32")
    targets = numpy.full((3, lengths.max()), END, "int32")
    for row, labels in zip(targets, best):
        row[: len(labels)] = labels
    forced = nn.Network(_forcing(recogniser))
    run = nn.run_numpy(forced, {**feeds, "classes": (targets, lengths)}, parameters)
    costs = []
    for row, logits in zip(targets, run.outputs["output"].sequences()):
        log_probs = logits - numpy.logaddexp.reduce(logits, axis=-1, keepdims=True)
        costs.append(log_probs[numpy.arange(len(logits)), row[: len(logits)]].sum())
    numpy.testing.assert_allclose(costs, found.beam_scores[:, 0], rtol=1e-5)


def _forcing(model: SequenceToSequence) -> TeacherForcing:
    return TeacherForcing(model.encoder, model.decoder, model.source, model.target)


@MODELS
def test_scheduled_sampling(model: Callable[..., SequenceToSequence]) -> None:
    """
    In training the decoder's own labels go into the next step, at a rate of almost 1 nearly all: so each label taken is
    the best one, and fed as targets they give the same logits. Outside of training the targets are taken.
    """
    recogniser = model(dropout=0.0)
    recogniser.encoder.dropout = 0.0
    forcing = _forcing(recogniser)

    class Sampled(TeacherForcing):
        def forward(self) -> dict[str, nn.Tensor]:  # type: ignore[override]
            return dict(self.decoded(scheduled_sampling=1 - 1e-6)._asdict())

    network = nn.Network(Sampled(recogniser.encoder, recogniser.decoder, recogniser.source, recogniser.target))
    feeds, parameters = small_feeds(), random_parameters(network, seed=3, scale=2.0)
    labels, lengths = feeds["classes"]
    outside = nn.run_numpy(network, feeds, parameters)
    for row, length in enumerate(lengths):
        numpy.testing.assert_array_equal(outside.outputs["labels"].value[row, :length], labels[row, :length])
    taken = nn.run_numpy(network, feeds, parameters, train=True)
    chosen = taken.outputs["labels"].value
    numpy.testing.assert_array_equal(chosen, taken.outputs["logits"].value.argmax(axis=-1))
    assert any((chosen[row, :length] != labels[row, :length]).any() for row, length in enumerate(lengths))
    again = nn.run_numpy(nn.Network(forcing), {**feeds, "classes": (chosen, lengths)}, parameters)
    for one, other in zip(again.outputs["output"].sequences(), taken.outputs["logits"].sequences()):
        numpy.testing.assert_allclose(one, other, rtol=1e-5)


def test_scheduled_sampling_in_returnn() -> None:
    """In RETURNN's training, and in its evaluation, as in NumPy's."""
    recogniser = small_model(dropout=0.0, num_layers=1)
    recogniser.encoder.dropout, recogniser.scheduled_sampling = 0.0, 1 - 1e-6
    network = nn.Network(recogniser)
    parameters = random_parameters(network, seed=3, scale=2.0)
    check_agreement(network, small_feeds(), parameters=parameters)
    in_numpy = nn.run_numpy(network, small_feeds(), parameters, train=True).losses["cross_entropy"]
    assert in_numpy != pytest.approx(nn.run_numpy(network, small_feeds(), parameters).losses["cross_entropy"], rel=1e-3)
    run = run_returnn(network, small_feeds(), parameters, train=True, gradients=True)
    assert run.losses["cross_entropy"] == pytest.approx(in_numpy, rel=1e-4)
    assert all(gradient is not None for gradient in run.gradients.values())


def test_no_scheduled_sampling_is_the_network_without() -> None:
    plain = small_model()
    sampled = small_model()
    sampled.scheduled_sampling = 0.2
    assert nn.Network(plain).digest != nn.Network(sampled).digest
    sampled.scheduled_sampling = 0.0
    assert nn.Network(plain).digest == nn.Network(sampled).digest


def test_another_loss() -> None:
    model = small_model(label_smoothing=0.0)
    model.loss = nn.focal_loss
    losses = nn.run_numpy(nn.Network(model), small_feeds()).losses
    assert list(losses) == ["loss", "frame_error"]


def test_a_decoder_without_step() -> None:
    labels = nn.Dim(3, name="labels")
    with pytest.raises(nn.NetworkError, match=r"LabelDecoder does not define step\(label, state, encoder\)"):
        nn.Network(lambda: LabelDecoder(labels, 0)(None, search=nn.BeamSearch(1)).labels)


def test_a_state_called_label() -> None:
    class Counter(LabelDecoder):
        def initial_state(self, encoder: Any) -> DecoderState:
            return {"label": nn.zeros([nn.batch_dim])}

    labels = nn.Dim(3, name="labels")
    with pytest.raises(nn.NetworkError, match="Counter: the state 'label' is the loop's own"):
        nn.Network(lambda: Counter(labels, 0)(None, search=nn.BeamSearch(1)).labels)
