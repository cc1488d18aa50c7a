"""The CTC recogniser: training and search agree with NumPy; all is trained; encoders of several shapes."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.models.ctc import BLANK, CtcModel, with_blank
from recipe.models.spec_augment import SpecAugment
from recipe.models.speech_encoder import SpeechLstmEncoder

from ..nn.agreement import check_agreement, ragged_frames, ragged_labels, random_parameters

pytestmark = pytest.mark.xdist_group("returnn-2")

FEATURES = nn.Dim(6, "features")
PHONES = nn.Dim(4, "phones", labels=["a", "b", "c", "d"])
SOURCE = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
TARGET = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=PHONES)
FEEDS = {"data": ragged_frames([11, 6, 1], 6), "classes": ragged_labels([3, 2, 1], 4)}


def model(time_pooling: tuple[int, ...] = (2,), num_layers: int = 2) -> CtcModel:
    """A small one, with all parts."""
    encoder = SpeechLstmEncoder(
        FEATURES,
        nn.Dim(5, "lstm"),
        num_layers=num_layers,
        time_pooling=time_pooling,
        augmentation=SpecAugment(nn.Dim(3, "mel"), schedule={10: 1.0}),
    )
    return CtcModel(SOURCE, TARGET, encoder)


def test_training() -> None:
    run = check_agreement(model(), FEEDS, train=True, trains=True)
    assert run.in_numpy.losses["ctc"] > 0
    for name, before in run.in_returnn.parameters.items():
        assert (run.in_returnn.trained[name] != before).any(), name


def test_search_gives_the_best_label_of_each_frame() -> None:
    network = nn.Network(model(), search=nn.BeamSearch(1, length_normalization=0.0))
    run = check_agreement(network, FEEDS)
    assert network.outputs[0][1].sparse_dim.labels == ("a", "b", "c", "d", BLANK)
    assert [len(sequence) for sequence in run.in_numpy.outputs["output"].sequences()] == [6, 3, 1]


def test_training_and_search_have_the_same_parameters() -> None:
    one = model()
    searched = nn.Network(one, search=nn.BeamSearch(1))
    nn.check_parameters(nn.Network(one).parameters, searched.parameters)


def test_pooling_behind_each_layer() -> None:
    network = nn.Network(model(time_pooling=(2, 3)), search=nn.BeamSearch(1))
    output = check_agreement(network, FEEDS, parameters=random_parameters(network)).in_numpy.outputs["output"]
    assert [len(sequence) for sequence in output.sequences()] == [2, 1, 1]


def test_wrong_use() -> None:
    with pytest.raises(ValueError, match=r"time_pooling \[2, 2, 2\] is for more than the 2 layers"):
        model(time_pooling=(2, 2, 2))
    with pytest.raises(ValueError, match="have no names"):
        with_blank(nn.Dim(3, "nameless"))


def test_loss_is_that_of_the_encoder_written_out() -> None:
    """Max pooling of the layer before, as plain NumPy."""
    encoder = SpeechLstmEncoder(FEATURES, nn.Dim(5, "lstm"), num_layers=1, time_pooling=(2,))
    plain = SpeechLstmEncoder(FEATURES, nn.Dim(5, "lstm"), num_layers=1)
    data = {"data": FEEDS["data"]}
    pooled, whole = (nn.Network(lambda one=one: one(nn.get_extern_data(SOURCE))) for one in (encoder, plain))
    parameters = random_parameters(pooled)
    frames = nn.run_numpy(whole, data, parameters).outputs["output"].sequences()
    for sequence, result in zip(frames, nn.run_numpy(pooled, data, parameters).outputs["output"].sequences()):
        expected = [sequence[t : t + 2].max(axis=0) for t in range(0, len(sequence), 2)]
        numpy.testing.assert_allclose(result, expected, rtol=1e-5)
