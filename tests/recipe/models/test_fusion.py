"""Decoders around decoders: their beam search is a plain one by the scores of the parts, and RETURNN's is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.models.ensemble import Encoders, Ensemble
from recipe.models.fusion import InternalLanguageModel, LanguageModelSubtraction, ShallowFusion
from recipe.models.label_decoder import LabelDecoder
from recipe.models.language_model import LanguageModel, LstmLanguageModel, TransformerLanguageModel
from recipe.models.sequence_to_sequence import SequenceToSequence
from recipe.models.transformer import TransformerDecoder, TransformerEncoder

from ..nn.agreement import check_agreement, random_parameters
from ..nn.plain.test_delayed import Output
from .small_model import END, small_feeds, small_model
from .teacher_forcing import ForcedScores, TeacherForcing, plain_beam_search, values_by_parameter

pytestmark = pytest.mark.xdist_group("returnn-2")

BEAM, MAX_SEQ_LEN = 3, 5
Scores = Callable[[numpy.ndarray, tuple[int, ...]], numpy.ndarray]


def _language_model(labels: nn.Dim, *, of_transformer: bool = False) -> LanguageModel:
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="time")], sparse_dim=labels)
    if of_transformer:
        dims = nn.Dim(8, "model"), nn.Dim(10, "hidden"), nn.Dim(2, "heads")
        return TransformerLanguageModel(source, *dims, end_label=END, num_layers=1)
    dims = nn.Dim(3, "vector"), nn.Dim(5, "lstm")
    return LstmLanguageModel(source, end_label=END, embedding_dim=dims[0], lstm_dim=dims[1])


class ZeroEncoder(nn.Module):
    """All frames of an encoder as zeros."""

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        return self.encoder(x) * 0.0


def _check_search(model: SequenceToSequence, combined: Callable[[dict[nn.Parameter, numpy.ndarray]], Scores]) -> None:
    """
    RETURNN, NumPy and the plain beam search find the same.

    :param combined: from values of parameters to the scores of what follows labels, made of those of the parts
    """
    search = nn.BeamSearch(BEAM, length_normalization=0.0)
    network = nn.Network(model, search=search, max_seq_len=MAX_SEQ_LEN)
    parameters = random_parameters(network, seed=8, scale=1.5)
    words, lengths = small_feeds()["data"]
    run = check_agreement(network, {"data": (words, lengths)}, parameters=parameters).in_numpy
    assert run.beam_scores is not None
    scores = combined(values_by_parameter(model, parameters))
    hypotheses = run.outputs["output"].sequences()
    for number, (word, length) in enumerate(zip(words, lengths)):
        plain = plain_beam_search(lambda labels: scores(word[:length], labels), BEAM, MAX_SEQ_LEN)  # noqa: B023
        found = [tuple(map(int, labels)) for labels in hypotheses[BEAM * number : BEAM * number + BEAM]]
        assert found == [labels for _, labels in plain]
        numpy.testing.assert_allclose(run.beam_scores[number], [score for score, _ in plain], rtol=1e-4)


def _forced(model: SequenceToSequence, decoder: LabelDecoder, encoder: nn.Module | None = None) -> ForcedScores:
    return ForcedScores(TeacherForcing(encoder or model.encoder, decoder, model.source, model.target))


@pytest.mark.parametrize("of_transformer", [False, True])
def test_shallow_fusion(of_transformer: bool) -> None:
    """With a scale that a job gives."""
    model = small_model()
    language_model = _language_model(model.decoder.labels, of_transformer=of_transformer)
    attention, other = _forced(model, model.decoder), _forced(model, language_model)
    model.decoder = ShallowFusion(model.decoder, language_model, Output("scale", 0.7))

    def combined(values: dict[nn.Parameter, numpy.ndarray]) -> Scores:
        return lambda word, labels: attention(values, word, labels) + 0.7 * other(values, word, labels)

    _check_search(model, combined)


def test_rescoring_gives_the_scores_of_the_search() -> None:
    """The training network of the same model, fed with what was found, has the fused scores as its loss."""
    model = small_model(label_smoothing=0.0)
    model.decoder = ShallowFusion(model.decoder, _language_model(model.decoder.labels), 0.7)
    search = nn.Network(model, search=nn.BeamSearch(BEAM, length_normalization=0.0), max_seq_len=MAX_SEQ_LEN)
    scoring = nn.Network(model)
    parameters = random_parameters(search, seed=8, scale=1.5)
    data = small_feeds()["data"]
    found = nn.run_numpy(search, {"data": data}, parameters)
    assert found.beam_scores is not None
    best = [list(labels) for labels in found.outputs["output"].sequences()[::BEAM]]
    ended = [labels + [END] if len(labels) < MAX_SEQ_LEN else labels for labels in best]
    lengths = numpy.array([len(labels) for labels in ended], "int32")
    targets = numpy.array([labels + [END] * (lengths.max() - len(labels)) for labels in ended], "int32")
    feeds = {"data": data, "classes": (targets, lengths)}
    run = check_agreement(scoring, feeds, parameters=parameters)
    mean_cost = -found.beam_scores[:, 0].sum() / lengths.sum()
    assert run.in_returnn.losses["cross_entropy"] == pytest.approx(mean_cost, rel=1e-4)


def test_internal_language_model_is_subtracted() -> None:
    model = small_model()
    language_model = _language_model(model.decoder.labels)
    attention, other = _forced(model, model.decoder), _forced(model, language_model)
    internal = _forced(model, model.decoder, ZeroEncoder(model.encoder))
    subtracted = LanguageModelSubtraction(model.decoder, InternalLanguageModel(model.decoder), 0.3)
    model.decoder = ShallowFusion(subtracted, language_model, 0.5)
    names = set(nn.Network(model, search=nn.BeamSearch(2)).parameters)
    assert not any(name.startswith("decoder/decoder/language_model/") for name in names), "parameters of its own"

    def combined(values: dict[nn.Parameter, numpy.ndarray]) -> Scores:
        def scores(word: numpy.ndarray, labels: tuple[int, ...]) -> numpy.ndarray:
            parts = [one(values, word, labels) for one in (attention, internal, other)]
            return parts[0] - 0.3 * parts[1] + 0.5 * parts[2]

        return scores

    _check_search(model, combined)


@pytest.mark.parametrize("weights", [None, (0.25, 0.75)])
def test_ensemble_of_different_models(weights: Sequence[float] | None) -> None:
    """An LSTM with attention and a Transformer, each with its encoder."""
    model = small_model()
    dims = nn.Dim(8, "model"), nn.Dim(10, "hidden"), nn.Dim(2, "heads")
    encoder = TransformerEncoder(model.source.sparse_dim, *dims, num_layers=1)  # type: ignore[arg-type]
    decoder = TransformerDecoder(model.decoder.labels, *dims, end_label=END, num_layers=1)
    networks = [_forced(model, model.decoder), _forced(model, decoder, encoder)]
    mean = "prob" if weights is None else "log_prob"
    model.decoder = Ensemble([model.decoder, decoder], mean=mean, weights=weights)
    model.encoder = Encoders([model.encoder, encoder])  # type: ignore[assignment]

    def combined(values: dict[nn.Parameter, numpy.ndarray]) -> Scores:
        def scores(word: numpy.ndarray, labels: tuple[int, ...]) -> numpy.ndarray:
            parts = [one(values, word, labels) for one in networks]
            if weights is None:
                return numpy.log(numpy.mean(numpy.exp(parts), axis=0))
            return weights[0] * parts[0] + weights[1] * parts[1]

        return scores

    _check_search(model, combined)


def test_scale_is_hashed_by_its_source() -> None:
    """Another scale is another search; one that a job gives is what job gives it."""
    model = small_model()
    decoder, language_model = model.decoder, _language_model(model.decoder.labels)

    def digest(scale: Any) -> str:
        model.decoder = ShallowFusion(decoder, language_model, scale)
        return nn.Network(model, search=nn.BeamSearch(2)).digest

    assert digest(0.3) != digest(0.4)
    assert digest(Output("scale", 0.3)) == digest(Output("scale", 0.4)) != digest(0.3)


def test_other_labels() -> None:
    decoder = small_model().decoder
    other = _language_model(nn.Dim(9, "other_phones"))
    with pytest.raises(nn.NetworkError, match="AttentionLstmDecoder has .*phones.* and LstmLanguageModel has .*other"):
        ShallowFusion(decoder, other, 0.3)


def test_another_end_label() -> None:
    decoder = small_model().decoder
    other = _language_model(decoder.labels)
    other.end_label = 3
    with pytest.raises(nn.NetworkError, match="ends with label 0, but LstmLanguageModel with 3"):
        Ensemble([decoder, other])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"mean": "sum"}, "is that of"), ({"weights": [1.0]}, "of 2 decoders has 1 weights: it needs one for each")],
)
def test_wrong_ensemble(arguments: dict[str, Any], message: str) -> None:
    decoder = small_model().decoder
    with pytest.raises(nn.NetworkError, match=message):
        Ensemble([decoder, decoder], **arguments)


def test_no_encoder_for_each_decoder() -> None:
    model = small_model()
    model.decoder = Ensemble([model.decoder, model.decoder])
    model.encoder = Encoders([model.encoder] * 3)  # type: ignore[assignment]
    with pytest.raises(nn.NetworkError, match="3 encoders for 2 decoders"):
        nn.Network(model, search=nn.BeamSearch(2))


def test_internal_language_model_of_an_ensemble() -> None:
    """Each encoder is silent; the words then make no difference to the scores."""
    model = small_model()
    model.decoder = InternalLanguageModel(Ensemble([model.decoder, model.decoder]))
    model.encoder = Encoders([model.encoder, model.encoder])  # type: ignore[assignment]
    network = nn.Network(model, search=nn.BeamSearch(2), max_seq_len=3)
    (words, lengths), parameters = small_feeds()["data"], random_parameters(network, seed=8)
    scores = [
        nn.run_numpy(network, {"data": (letters, lengths)}, parameters).beam_scores
        for letters in (words, words[:, ::-1])
    ]
    numpy.testing.assert_array_equal(scores[0], scores[1])
