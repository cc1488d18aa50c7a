"""Joint CTC and attention: its prefix scores are sums over all alignments, and training and search run in RETURNN."""

from __future__ import annotations

import itertools
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.joint_ctc import CtcPrefixScoring, JointCtcAttention

from ..nn.agreement import check_agreement, ragged_frames, ragged_labels, random_parameters
from ..nn.plain.test_delayed import Output
from .small_model import END
from .teacher_forcing import ForcedScores, TeacherForcing, plain_beam_search, values_by_parameter

pytestmark = pytest.mark.xdist_group("returnn-2")

NUM_LABELS, LENGTHS = 4, (4, 2, 3)
FRAMES = ragged_frames(LENGTHS, 5, seed=1)


class Identity(nn.Module):
    """The frames themselves."""

    def __init__(self, dim: nn.Dim):
        super().__init__()
        self.out_dim = dim

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        return x


def _model(ctc_scale: Any = 0.4) -> JointCtcAttention:
    features, labels = nn.Dim(5, "features"), nn.Dim(NUM_LABELS, "labels", labels=["$", "A", "B", "C"])
    decoder = AttentionLstmDecoder(
        features,
        labels,
        end_label=END,
        embedding_dim=nn.Dim(3, "vector"),
        lstm_dim=nn.Dim(5, "lstm"),
        key_dim=nn.Dim(4, "key"),
        readout_dim=nn.Dim(6, "readout"),
    )
    return JointCtcAttention(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), features]),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "steps")], sparse_dim=labels),
        Identity(features),
        decoder,
        ctc_scale=ctc_scale,
    )


def _targets() -> tuple[numpy.ndarray, numpy.ndarray]:
    labels, lengths = ragged_labels((3, 2, 2), NUM_LABELS, seed=3, first=1)
    for row, length in zip(labels, lengths):
        row[length - 1] = END
    return labels, lengths


def _prefix_probability(log_probs: numpy.ndarray, labels: tuple[int, ...]) -> float:
    """
    Of all alignments whose labels begin with these, or are these if they end with the end label: one by one.

    :param log_probs: [frames, labels + 1]
    """
    total = 0.0
    for path in itertools.product(range(NUM_LABELS + 1), repeat=len(log_probs)):
        written = tuple(label for label, _ in itertools.groupby(path) if label != NUM_LABELS)
        if written == labels or (written[: len(labels)] == labels and labels[-1:] != (END,)):
            total += numpy.exp(log_probs[numpy.arange(len(path)), path].sum())
    return total


def _ctc_log_probs(values: dict[nn.Parameter, numpy.ndarray], model: JointCtcAttention) -> list[numpy.ndarray]:
    weight, bias = (values[parameter] for parameter in model.ctc_output.parameters())
    logits = [frames[:length] @ weight + bias for frames, length in zip(*FRAMES)]
    return [x - numpy.logaddexp.reduce(x, axis=-1, keepdims=True) for x in logits]


def test_prefix_scores_are_sums_over_alignments() -> None:
    """For each prefix of labels, repeated ones among them, and each label that could follow; in RETURNN, too."""
    model = _model()
    scoring = CtcPrefixScoring(model.decoder, model.ctc_output, 1.0)
    forcing = TeacherForcing(model.encoder, scoring, model.source, model.target)
    network = nn.Network(forcing)
    parameters = random_parameters(network, seed=4)
    labels = numpy.array([[1, 1, 2, 1], [2, END, 0, 0], [3, 3, END, 0]], "int32")
    feeds = {"data": FRAMES, "classes": (labels, numpy.array([4, 2, 3], "int32"))}
    scores = check_agreement(network, feeds, parameters=parameters).in_numpy.outputs["output"].sequences()
    log_probs = _ctc_log_probs(values_by_parameter(forcing, parameters), model)
    for frames, row, found in zip(log_probs, labels, scores, strict=True):
        for step, of_labels in enumerate(found):
            prefix = tuple(map(int, row[:step]))
            before = _prefix_probability(frames, prefix)
            if before == 0:
                break  # there are too few frames for it
            expected = [_prefix_probability(frames, (*prefix, label)) / before for label in range(NUM_LABELS)]
            numpy.testing.assert_allclose(numpy.exp(of_labels), expected, rtol=1e-4, atol=1e-6)


def test_prefix_scores_without_end_label_in_ctc() -> None:
    """Where CTC has no end label, labels end with the probability that they are all that the frames say."""
    features, labels = nn.Dim(5, "features"), nn.Dim(NUM_LABELS, "labels", labels=["A", "B", "C", "$"])
    dims = {name: nn.Dim(3, name) for name in ("embedding_dim", "lstm_dim", "key_dim", "readout_dim")}
    decoder = AttentionLstmDecoder(features, labels, end_label=3, **dims)
    scoring = CtcPrefixScoring(decoder, nn.Linear(features, nn.Dim(4, "labels_and_blank")), 1.0, end_in_ctc=False)
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), features])
    target = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "steps")], sparse_dim=labels)
    forcing = TeacherForcing(Identity(features), scoring, source, target)
    network = nn.Network(forcing)
    parameters = random_parameters(network, seed=4)
    given = numpy.array([[1, 1, 2, 3], [2, 3, 0, 0], [0, 0, 3, 0]], "int32")
    feeds = {"data": FRAMES, "classes": (given, numpy.array([4, 2, 3], "int32"))}
    scores = check_agreement(network, feeds, parameters=parameters).in_numpy.outputs["output"].sequences()
    weight, bias = parameters["decoder/output/W"], parameters["decoder/output/b"]
    for frames, length, row, found in zip(*FRAMES, given, scores, strict=True):
        log_probs = frames[:length] @ weight + bias
        log_probs -= numpy.logaddexp.reduce(log_probs, axis=-1, keepdims=True)
        paths = list(itertools.product(range(4), repeat=int(length)))
        written = [tuple(label for label, _ in itertools.groupby(path) if label != 3) for path in paths]
        probabilities = numpy.exp([log_probs[numpy.arange(length), path].sum() for path in paths])
        for step, of_labels in enumerate(found):
            prefix = tuple(map(int, row[:step]))
            begins = [
                sum(p for p, labels in zip(probabilities, written) if labels[: len(one)] == one)
                for one in ((*prefix, label) for label in range(3))
            ]
            whole = sum(p for p, labels in zip(probabilities, written) if labels == prefix)
            expected = numpy.array([*begins, whole]) / (sum(begins) + whole)
            numpy.testing.assert_allclose(numpy.exp(of_labels), expected, rtol=1e-4, atol=1e-6)


def test_an_end_label_that_is_not_the_last() -> None:
    model = _model()
    with pytest.raises(nn.NetworkError, match="it is the last one of .*labels.*, as CTC's blank is, and not label 0"):
        CtcPrefixScoring(model.decoder, nn.Linear(5, NUM_LABELS), 0.3, end_in_ctc=False)


def test_search() -> None:
    """The beam search is a plain one by sums of both scores; in RETURNN it is the same."""
    model = _model()
    attention = ForcedScores(TeacherForcing(model.encoder, model.decoder, model.source, model.target))
    network = nn.Network(model, search=nn.BeamSearch(3, length_normalization=0.0), max_seq_len=3)
    parameters = random_parameters(network, seed=4)
    run = check_agreement(network, {"data": FRAMES}, parameters=parameters).in_numpy
    assert run.beam_scores is not None
    values = values_by_parameter(model, parameters)
    log_probs = _ctc_log_probs(values, model)
    hypotheses = run.outputs["output"].sequences()
    for number, frames in enumerate(log_probs):

        def scores(prefix: tuple[int, ...], number: int = number, frames: numpy.ndarray = frames) -> numpy.ndarray:
            of_ctc = [_prefix_probability(frames, (*prefix, label)) for label in range(NUM_LABELS)]
            with numpy.errstate(divide="ignore"):
                log = numpy.log(numpy.array(of_ctc) / max(_prefix_probability(frames, prefix), 1e-300))
            return 0.6 * attention(values, FRAMES[0][number, : len(frames)], prefix) + 0.4 * log

        plain = [item for item in plain_beam_search(scores, 3, 3) if numpy.isfinite(item[0])]
        found = [tuple(map(int, labels)) for labels in hypotheses[3 * number : 3 * number + len(plain)]]
        assert found == [labels for _, labels in plain]
        expected = [score for score, _ in plain]
        numpy.testing.assert_allclose(run.beam_scores[number, : len(plain)], expected, rtol=1e-4)


def test_training() -> None:
    model = _model()
    run = check_agreement(model, {"data": FRAMES, "classes": _targets()}, train=True, gradients=True)
    assert set(run.in_numpy.losses) == {"cross_entropy", "frame_error", "ctc"}
    assert all(gradient is not None for gradient in run.in_returnn.gradients.values())
    assert {loss.name: loss.scale for loss in run.network.losses} == {
        "cross_entropy": 0.6,
        "ctc": 0.4,
        "frame_error": 1.0,
    }
    nn.check_parameters(run.network, nn.Network(model, search=nn.BeamSearch(2)))


def test_scale_of_the_search() -> None:
    """It may be another than in training, a variable of a tuning, and changes no parameter."""
    model, beam = _model(), nn.BeamSearch(2)
    own = nn.Network(model, search=beam)
    assert own.digest == nn.Network(model, search=beam, ctc_scale=0.4).digest
    others = [nn.Network(model, search=beam, ctc_scale=scale) for scale in (0.1, Output("scale", 0.1))]
    assert len({own.digest, *(network.digest for network in others)}) == 3
    assert all(list(network.parameters) == list(own.parameters) for network in others)
    parameters = random_parameters(own, seed=4)
    scores = [nn.run_numpy(network, {"data": FRAMES}, parameters).beam_scores for network in (own, *others)]
    numpy.testing.assert_array_equal(scores[1], scores[2])
    assert numpy.abs(scores[0] - scores[1])[:, 0].max() > 1e-3
