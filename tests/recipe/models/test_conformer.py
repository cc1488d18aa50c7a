"""The Conformer: its parts against NumPy, all of it in RETURNN, as the encoder of a CTC recogniser."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.models.conformer import ConformerEncoder, ConvolutionModule, RelativeSelfAttention
from recipe.models.ctc import CtcModel
from recipe.models.spec_augment import SpecAugment

from ..nn.agreement import check_agreement, ragged_frames, ragged_labels, random_parameters

pytestmark = pytest.mark.xdist_group("returnn-2")

TIME, FEATURES, DIM, HEADS = nn.Dim(None, "time"), nn.Dim(6, "features"), nn.Dim(8, "dim"), nn.Dim(2, "heads")
PHONES = nn.Dim(4, "phones", labels=["a", "b", "c", "d"])
FRAMES = nn.ExternData("frames", [nn.batch_dim, TIME, DIM])
SOURCE = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
TARGET = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=PHONES)
LENGTHS = (7, 1, 4)
FEEDS = {"frames": ragged_frames(LENGTHS, 8)}
SPEECH = {"data": ragged_frames([11, 6, 1], 6), "classes": ragged_labels([3, 2, 1], 4)}


def encoder() -> ConformerEncoder:
    """A small one."""
    augmentation = SpecAugment(nn.Dim(3, "mel"), schedule={10: 1.0})
    return ConformerEncoder(
        FEATURES, DIM, nn.Dim(10, "hidden"), HEADS, num_layers=2, filter_size=3, augmentation=augmentation, dropout=0.0
    )


def test_relative_attention_written_out() -> None:
    attention = RelativeSelfAttention(DIM, HEADS, farthest=2)
    network = nn.Network(lambda: attention(nn.get_extern_data(FRAMES)))
    parameters = random_parameters(network)
    run = check_agreement(network, FEEDS, parameters=parameters)
    weights = {name.split("/", 1)[1]: value for name, value in parameters.items()}
    for x, length, result in zip(FEEDS["frames"][0], LENGTHS, run.in_numpy.outputs["output"].sequences()):
        x = x[:length]
        query, key, value = ((x @ weights[f"{name}/W"]).reshape(length, 2, 4) for name in ("query", "key", "value"))
        context = numpy.zeros((length, 2, 4))
        for t in range(length):
            for head in range(2):
                energy = []
                for s in range(length):
                    position = weights["positions/W"][min(max(s - t, -2), 2) + 2]
                    energy.append(query[t, head] @ (key[s, head] + position) / 2.0)
                probabilities = numpy.exp(energy) / numpy.exp(energy).sum()
                context[t, head] = probabilities @ value[:, head]
        numpy.testing.assert_allclose(result, context.reshape(length, 8) @ weights["output/W"], rtol=1e-3, atol=1e-5)


def test_convolution_module() -> None:
    module = ConvolutionModule(DIM, 3)
    check_agreement(lambda: module(nn.get_extern_data(FRAMES)), FEEDS)


def test_recogniser_is_trained() -> None:
    run = check_agreement(CtcModel(SOURCE, TARGET, encoder()), SPEECH, train=True, trains=True)
    for name, before in run.in_returnn.parameters.items():
        after = run.in_returnn.trained[name]
        assert numpy.isfinite(after).all() and (after != before).any(), name


def test_recogniser_is_searched() -> None:
    network = nn.Network(CtcModel(SOURCE, TARGET, encoder()), search=nn.BeamSearch(1))
    run = check_agreement(network, SPEECH)
    assert [len(sequence) for sequence in run.in_numpy.outputs["output"].sequences()] == [6, 3, 1]


def test_a_sequence_does_not_depend_on_others() -> None:
    one = encoder()
    network = nn.Network(lambda: one(nn.get_extern_data(SOURCE)))
    parameters = random_parameters(network)
    frames, lengths = SPEECH["data"]
    alone = check_agreement(network, {"data": (frames[1:2, :6], lengths[1:2])}, parameters=parameters)
    beside = nn.run_numpy(network, {"data": SPEECH["data"]}, parameters).outputs["output"].sequences()[1]
    numpy.testing.assert_allclose(alone.in_numpy.outputs["output"].value[0], beside, rtol=1e-4, atol=1e-5)
