"""Targets, losses and choices in a loop: nothing special is needed for them."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn import Embedding, Linear, Loop, LstmCell, Module, choice, get_extern_data

from ..agreement import check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, FRAMES, LABELS, LENGTHS
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-2")

batch = nn.batch_dim
TARGETS = nn.ExternData("classes", [batch, nn.Dim(None, "target_time")], sparse_dim=LABELS)
EXTERN_DATA = [FRAMES, TARGETS]


class Decoder(Module):
    """One definition for training, rescoring and search."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = Embedding(LABELS, 4)
        self.cell = LstmCell(4 + FEATURES, 6)
        self.readout = Linear(6, LABELS)

    def forward(self, train: bool = True) -> dict[str, nn.Tensor]:
        x = get_extern_data("data")
        targets = get_extern_data("classes") if train else None
        loop = Loop(max_seq_len=None if train else 5)
        loop.state.label = nn.zeros([batch], dtype="int32", sparse_dim=LABELS)
        loop.state.cell = self.cell.initial_state()
        with loop:
            label = self.embed(loop.state.label)
            h, loop.state.cell = self.cell(nn.concat(label, nn.reduce_mean(x, "T")), loop.state.cell)
            log_prob = nn.log_softmax(self.readout(h))
            if targets is not None:
                targets_ = loop.unstack(targets)
                loss = nn.cross_entropy(log_prob, targets_)
                loss.mark_as_loss()
                loop.state.label = choice(log_prob, target=targets_)
            else:
                loop.state.label = choice(log_prob, input_type="log_prob")
                loop.end(loop.state.label == 0, include_eos=True)
            label = loop.stack(loop.state.label)
            scores = loop.stack(nn.gather(log_prob, loop.state.label, axis=LABELS))
        return {"label": label, "scores": scores}


def test_loss_inside_of_the_loop() -> None:
    """Targets are unstacked like any input and give the loop its length; there is no ``target`` of a layer."""
    run = check_trained(Decoder(), extern_data=EXTERN_DATA)
    scores = run.in_numpy.outputs["scores"].sequences()
    numpy.testing.assert_allclose(run.in_numpy.losses["cross_entropy"], -numpy.concatenate(scores).mean(), rtol=1e-4)
    assert [len(row) for row in scores] == list(LENGTHS)


def test_search_says_the_network() -> None:
    """``choice(p, input_type="log_prob")`` as in the discussion; whether there is search is said with the network."""
    decoder = Decoder()
    search = nn.Network(decoder, extern_data=EXTERN_DATA, train=False, search=nn.BeamSearch(3, 0.0))
    training = nn.Network(decoder, extern_data=EXTERN_DATA)
    assert set(search.parameters) == set(training.parameters)
    run = check_agreement(search, FEEDS, parameters=random_parameters(training, seed=3, scale=2.0))
    beam = run.in_numpy.outputs["label"].value
    assert beam.shape[0] == 3 * len(LENGTHS)


def test_score_of_the_search_is_that_of_rescoring() -> None:
    """Each hypothesis of the beam, fed as the targets, has the score that the search gave it."""
    decoder = Decoder()
    training = nn.Network(decoder, extern_data=EXTERN_DATA)
    search = nn.Network(decoder, extern_data=EXTERN_DATA, train=False, search=nn.BeamSearch(3, 0.0))
    parameters = random_parameters(training, seed=3, scale=2.0)
    found = nn.run_numpy(search, FEEDS, parameters)
    hypotheses, beam_scores = found.outputs["label"], found.beam_scores
    (lengths,) = hypotheses.lengths.values()
    assert beam_scores is not None
    for rank in range(3):
        labels, label_lengths = hypotheses.value[rank::3], lengths[rank::3]
        feeds: dict[str, Any] = {"data": FEEDS["data"], "classes": (labels[:, : label_lengths.max()], label_lengths)}
        rescored = check_agreement(training, feeds, parameters=parameters).in_numpy
        sums = [row.sum() for row in rescored.outputs["scores"].sequences()]
        numpy.testing.assert_allclose(sums, beam_scores[:, rank], rtol=1e-4)


def test_search_where_nothing_is_chosen() -> None:
    with pytest.raises(nn.NetworkError, match="no nn.choice to search by"):
        nn.Network(Decoder(), extern_data=EXTERN_DATA, search=nn.BeamSearch(3))


def test_choice_without_target_or_search() -> None:
    with pytest.raises(nn.NetworkError, match=r"wants a target \(in training.* or a search.*nn.Network\(model, search"):
        nn.Network(Decoder(), extern_data=EXTERN_DATA, train=False)
