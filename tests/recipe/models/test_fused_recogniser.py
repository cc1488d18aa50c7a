"""A recogniser whose end label is in its vocabulary, and a language model beside it in the search."""

from __future__ import annotations

import itertools

import numpy
import pytest

from recipe import nn
from recipe.models.ctc import CtcModel, with_blank
from recipe.models.fused_recogniser import FusedRecogniser
from recipe.models.joint_ctc import CtcPrefixScoring
from recipe.models.language_model import LstmLanguageModel
from recipe.models.speech_attention import AttentionRecogniser
from recipe.models.speech_encoder import SpeechLstmEncoder
from recipe.models.transformer import TransformerDecoder

from ..nn.agreement import check_agreement, ragged_frames, ragged_labels, random_parameters
from ..nn.plain.test_delayed import Output, Sum
from .teacher_forcing import TeacherForcing, values_by_parameter

pytestmark = pytest.mark.xdist_group("returnn-2")

FEATURES = nn.Dim(6, "features")
LABELS = nn.Dim(4, "labels", labels=["</s>", "<unk>", "a", "b"])
END, BLANK = 0, 4
SOURCE = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
TARGET = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=LABELS)
FEEDS = {"data": ragged_frames([6, 4, 3], 6), "classes": ragged_labels([3, 2, 1], 4, first=1)}


def recogniser() -> AttentionRecogniser:
    """A small one."""
    encoder = SpeechLstmEncoder(FEATURES, nn.Dim(4, "lstm"))
    decoder = TransformerDecoder(
        LABELS, encoder.out_dim, nn.Dim(6, "hidden"), nn.Dim(2, "heads"), end_label=END, num_layers=1, dropout=0.0
    )
    return AttentionRecogniser(SOURCE, TARGET, encoder, decoder)


def language_model() -> LstmLanguageModel:
    """Over the same labels."""
    text = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=LABELS)
    return LstmLanguageModel(text, end_label=END, embedding_dim=nn.Dim(3, "vector"), lstm_dim=nn.Dim(5, "lstm"))


def test_training_of_the_recogniser() -> None:
    check_agreement(recogniser(), FEEDS, train=True)


def test_ctc_beside_the_decoder_is_the_sum_over_alignments() -> None:
    """Of labels that are to follow; after the end label, of exactly these."""
    one = recogniser()
    forcing = TeacherForcing(one.encoder, CtcPrefixScoring(one.decoder, one.ctc, 1.0, end_in_ctc=False), SOURCE, TARGET)
    parameters = random_parameters(nn.Network(forcing), seed=4)
    x = numpy.random.default_rng(3).standard_normal((1, 3, 6)).astype("float32")
    labels = (2, 2, END)
    feeds = {"data": (x, [3]), "classes": (numpy.array([labels], "int32"), [3])}
    (scores,) = (
        check_agreement(nn.Network(forcing), feeds, parameters=parameters).in_numpy.outputs["output"].sequences()
    )
    encoded = (
        nn.run_numpy(
            nn.Network(Encoded(one)),
            {"data": (x, [3])},
            {name: value for name, value in parameters.items() if name.startswith("encoder/")},
        )
        .outputs["output"]
        .value[0]
    )
    values = values_by_parameter(forcing, parameters)
    weight, bias = (values[parameter] for parameter in one.ctc.parameters())
    logits = encoded @ weight + bias
    log_probs = logits - numpy.logaddexp.reduce(logits, axis=-1, keepdims=True)

    def probability(prefix: tuple[int, ...], whole: bool) -> float:
        total = 0.0
        for path in itertools.product(range(BLANK + 1), repeat=3):
            written = tuple(label for label, _ in itertools.groupby(path) if label != BLANK)
            if written == prefix or (not whole and written[: len(prefix)] == prefix):
                total += float(numpy.exp(log_probs[numpy.arange(3), path].sum()))
        return total

    for step in range(len(labels)):
        before = labels[:step]
        for label in range(1, BLANK):
            wanted = probability((*before, label), False) / probability(before, False)
            assert numpy.exp(scores[step, label]) == pytest.approx(wanted, rel=1e-3, abs=1e-6)
        wanted = probability(before, True) / probability(before, False)
        assert numpy.exp(scores[step, END]) == pytest.approx(wanted, rel=1e-3, abs=1e-6)


class Encoded(nn.Module):
    """The frames of a recogniser's encoder."""

    def __init__(self, one: AttentionRecogniser):
        super().__init__()
        self.encoder = one.encoder

    def forward(self) -> nn.Tensor:
        return self.encoder(nn.get_extern_data(SOURCE))


def test_search_with_a_language_model() -> None:
    """The engines agree, and all parameters are those of the two models by name."""
    one, beside = recogniser(), language_model()
    network = nn.Network(
        FusedRecogniser(one, beside),
        search=nn.BeamSearch(3, length_normalization=0.0),
        max_seq_len=5,
        joint_scale=0.3,
        language_model_scale=0.4,
        internal_scale=0.2,
    )
    check_agreement(network, {"data": FEEDS["data"]})
    both = {f"recogniser/{name}": value for name, value in nn.Network(one).parameters.items()}
    both.update({f"language_model/{name}": value for name, value in nn.Network(beside).parameters.items()})
    assert set(network.parameters) == set(both)


def test_scale_of_zero_changes_nothing() -> None:
    one = recogniser()
    search = {"search": nn.BeamSearch(3, length_normalization=0.0), "max_seq_len": 5, "joint_scale": 0.3}
    alone, fused = nn.Network(one, **search), nn.Network(FusedRecogniser(one, language_model()), **search)
    parameters = random_parameters(fused)
    of_recogniser = {name: parameters[f"recogniser/{name}"] for name in alone.parameters}
    feeds = {"data": FEEDS["data"]}
    scores = [nn.run_numpy(*run).beam_scores for run in ((alone, feeds, of_recogniser), (fused, feeds, parameters))]
    numpy.testing.assert_allclose(*scores, rtol=1e-5)


class Names(Output):
    """To which a list can be added, as to a variable of Sisyphus."""

    def __add__(self, other: list[str]) -> Sum:
        return Sum(self, other)


def test_labels_that_a_job_gives() -> None:
    """The network is made before there are any; a vocabulary of another size does not fit."""
    names = Names("names")
    target = nn.ExternData(
        "classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=nn.Dim(4, "subwords", labels=names)
    )
    model = CtcModel(SOURCE, target, SpeechLstmEncoder(FEATURES, nn.Dim(4, "lstm")))
    network = nn.Network(model, search=nn.BeamSearch(1))
    assert nn.Network(model).losses
    names.value = ["</s>", "<unk>", "a", "b"]
    ((_, output),) = network.outputs
    assert output.sparse_dim is not None
    assert output.sparse_dim.labels == ("</s>", "<unk>", "a", "b", "<blank>")
    names.value = ["</s>", "<unk>", "a"]
    with pytest.raises(nn.NetworkError, match="has size 5, but .* gives 4 labels"):
        _ = output.sparse_dim.labels


def test_wrong_use() -> None:
    with pytest.raises(ValueError, match="have no names"):
        with_blank(nn.Dim(3, "nameless"))
