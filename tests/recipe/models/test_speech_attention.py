"""The attention recogniser: training and search agree with NumPy, all is trained, the decoder starts from CTC."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.ctc import CtcModel
from recipe.models.location_attention import LocationAttention
from recipe.models.speech_attention import AttentionRecogniser, RecogniserEnsemble, with_end
from recipe.models.speech_encoder import SpeechLstmEncoder

from ..nn.agreement import check_agreement, ragged_frames, ragged_labels, random_parameters

pytestmark = pytest.mark.xdist_group("returnn-2")

FEATURES = nn.Dim(6, "features")
PHONES = nn.Dim(4, "phones", labels=["a", "b", "c", "d"])
SOURCE = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
TARGET = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=PHONES)
FEEDS = {"data": ragged_frames([11, 6, 1], 6), "classes": ragged_labels([3, 2, 1], 4)}
LSTM = nn.Dim(5, "lstm")


def model() -> AttentionRecogniser:
    """A small one."""
    encoder = SpeechLstmEncoder(FEATURES, LSTM, time_pooling=(2,))
    decoder_lstm = nn.Dim(7, "decoder_lstm")
    decoder = AttentionLstmDecoder(
        encoder.out_dim,
        with_end(PHONES),
        end_label=PHONES.size,
        embedding_dim=nn.Dim(3, "embedding"),
        lstm_dim=decoder_lstm,
        attention=LocationAttention(decoder_lstm, encoder.out_dim, nn.Dim(4, "key"), filter_size=3),
        readout_dim=nn.Dim(6, "readout"),
    )
    return AttentionRecogniser(SOURCE, TARGET, encoder, decoder, label_smoothing=0.1)


def test_training() -> None:
    run = check_agreement(model(), FEEDS, train=True, trains=True)
    assert set(run.in_numpy.losses) == {"cross_entropy", "ctc", "frame_error"}
    for name, before in run.in_returnn.parameters.items():
        assert (run.in_returnn.trained[name] != before).any(), name


@pytest.mark.parametrize("beam_size", [1, 4])
def test_search(beam_size: int) -> None:
    check_agreement(nn.Network(model(), search=nn.BeamSearch(beam_size), max_seq_len=6), FEEDS)


def test_search_with_ctc_beside() -> None:
    one = model()
    network = nn.Network(one, search=nn.BeamSearch(3), max_seq_len=6, joint_scale=0.4)
    check_agreement(network, FEEDS)
    nn.check_parameters(nn.Network(one).parameters, network.parameters)


def test_encoder_and_ctc_output_are_those_of_the_ctc_model() -> None:
    """So a training can start with them: names and dims fit."""
    one = nn.Network(CtcModel(SOURCE, TARGET, SpeechLstmEncoder(FEATURES, LSTM, time_pooling=(2,)))).parameters
    other = nn.Network(model()).parameters
    for name, parameter in one.items():
        assert other[name.replace("output/", "ctc/")].shape == parameter.shape


def test_wrong_use() -> None:
    with pytest.raises(ValueError, match="have no names"):
        with_end(nn.Dim(3, "nameless"))


def test_ensemble() -> None:
    members = [model(), model()]
    network = nn.Network(RecogniserEnsemble(members), search=nn.BeamSearch(3), max_seq_len=6, joint_scale=0.4)
    check_agreement(network, FEEDS)
    for number, member in enumerate(members):
        own = {
            name.removeprefix(f"members/{number}/"): parameter
            for name, parameter in network.parameters.items()
            if name.startswith(f"members/{number}/")
        }
        nn.check_parameters(nn.Network(member).parameters, own)


def test_ensemble_of_one_twice_is_that_one() -> None:
    one = model()
    search = {"search": nn.BeamSearch(3), "max_seq_len": 6, "joint_scale": 0.4}
    alone, both = nn.Network(one, **search), nn.Network(RecogniserEnsemble([one, one]), **search)
    parameters = random_parameters(alone)
    twice = {name: parameters[name.split("/", 2)[2]] for name in both.parameters}
    outputs = [nn.run_numpy(network, FEEDS, values).outputs for network, values in ((alone, parameters), (both, twice))]
    numpy.testing.assert_array_equal(*[next(iter(output.values())).value for output in outputs])
