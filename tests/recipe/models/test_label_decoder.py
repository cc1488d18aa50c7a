"""The one loop of all decoders: teacher forcing and search are two ways through the same steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.models.label_decoder import DecoderState, LabelDecoder
from recipe.models.sequence_to_sequence import SequenceToSequence

from ..nn.agreement import random_parameters
from .small_model import END, small_feeds, small_model
from .small_transformer import small_transformer

MODELS = pytest.mark.parametrize("model", [small_model, small_transformer])


class TeacherForcing(nn.Module):
    """The costs of given labels, by the parts of a model, which keep their names."""

    def __init__(self, model: SequenceToSequence):
        super().__init__()
        self.encoder, self.decoder = model.encoder, model.decoder
        self.source, self.target = model.source, model.target

    def forward(self) -> nn.Tensor:
        labels = nn.get_extern_data(self.target)
        return nn.cross_entropy(self.decoder(self.encoder(nn.get_extern_data(self.source)), labels).logits, labels)


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

    forced = nn.Network(TeacherForcing(recogniser))
    run = nn.run_numpy(forced, {**feeds, "classes": (targets, lengths)}, parameters)
    costs = [frames.sum() for frames in run.outputs["output"].sequences()]
    numpy.testing.assert_allclose(-numpy.array(costs), found.beam_scores[:, 0], rtol=1e-5)


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
