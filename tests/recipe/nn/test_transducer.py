"""The transducer of the discussion: SlowRNN under a mask, FastRNN in every step, frames by position, its own end."""

from __future__ import annotations

import itertools
from typing import Any

import numpy
import pytest

from recipe import nn

from .agreement import check_agreement, ragged_frames, random_parameters

pytestmark = pytest.mark.xdist_group("returnn-1")

BATCH = nn.batch_dim
TIME, ALIGNMENT = nn.Dim(None, name="time"), nn.Dim(None, name="alignment")
FEATURES = nn.Dim(3, name="features")
NON_BLANK = nn.Dim(4, name="non_blank")
LABELS = NON_BLANK + 1
BLANK = NON_BLANK.size
FRAMES = nn.ExternData("data", [BATCH, TIME, FEATURES])
ALIGNED = nn.ExternData("alignment", [BATCH, ALIGNMENT], sparse_dim=LABELS)
TIMES = [4, 3, 1]
FEEDS: dict[str, Any] = {
    "data": ragged_frames(TIMES, 3),
    "alignment": (
        numpy.array([[0, 4, 1, 2, 4, 4, 4], [4, 4, 3, 4, 0, 0, 0], [2, 4, 0, 0, 0, 0, 0]], "int32"),
        numpy.array([7, 4, 2], "int32"),
    ),
}


class Transducer(nn.Module):
    """Blank goes on to the next frame, a label stays; ``P(blank)`` is apart from the labels'."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(LABELS, 5)
        self.slow_rnn = nn.LstmCell(5 + FEATURES, 6)
        self.fast_rnn = nn.LstmCell(5 + FEATURES + 6, 7)
        self.blank_pred = nn.Linear(1)
        self.non_blank_pred = nn.Linear(NON_BLANK)

    def forward(self, search: nn.BeamSearch | None = None) -> dict[str, nn.Tensor]:
        """Trained on the given alignment, or searched over alignments."""
        x = nn.get_extern_data(FRAMES)
        loop = nn.Loop(max_seq_len=9 if search else None)
        loop.state.t = nn.zeros([BATCH], dtype="int32")
        loop.state.label = nn.zeros([BATCH], dtype="int32", sparse_dim=LABELS)
        loop.state.slow = self.slow_rnn.initial_state()
        loop.state.fast = self.fast_rnn.initial_state()
        with loop:
            x_t = x[loop.state.t]
            label = self.embed(loop.state.label)
            with nn.MaskedComputation(mask=loop.state.label != BLANK):
                slow, loop.state.slow = self.slow_rnn(nn.concat(label, x_t), loop.state.slow)
            fast, loop.state.fast = self.fast_rnn(nn.concat(label, x_t, slow), loop.state.fast)
            blank_pred_energy = self.blank_pred(fast)
            log_prob_blank = nn.log_sigmoid(blank_pred_energy)
            log_prob_not_blank = nn.log_sigmoid(-blank_pred_energy)
            log_prob_non_blank_labels = nn.log_softmax(self.non_blank_pred(fast))
            log_prob_combined = nn.concat(log_prob_non_blank_labels + log_prob_not_blank, log_prob_blank)
            target = None if search else loop.unstack(nn.get_extern_data(ALIGNED))
            loop.state.label = nn.choice(log_prob_combined, target=target, search=search, input_type="log_prob")
            if target is not None:
                nn.cross_entropy(log_prob_combined, target).mark_as_loss("ce")
            loop.state.t = loop.state.t + nn.cast(loop.state.label == BLANK, "int32")
            loop.end(loop.state.t >= x.seq_len, include_eos=True)
            labels = loop.stack(loop.state.label)
            log_probs = loop.stack(log_prob_combined)
        return {"labels": labels} if search else {"labels": labels, "log_probs": log_probs, "t": loop.state.t}


def test_trained_on_alignments() -> None:
    run = check_agreement(Transducer(), FEEDS, gradients=True, train=True)
    numpy.testing.assert_array_equal(run.in_numpy.outputs["t"].value, TIMES)
    numpy.testing.assert_allclose(numpy.exp(run.in_numpy.outputs["log_probs"].value).sum(axis=-1), 1.0, rtol=1e-5)
    untrained = [name for name, gradient in run.in_returnn.gradients.items() if not numpy.abs(gradient).max() > 0]
    assert not untrained


@pytest.mark.parametrize(("beam_size", "seed"), itertools.product((1, 3), (3, 4, 5)))
def test_searched(beam_size: int, seed: int) -> None:
    """The same hypotheses and scores as in NumPy, with the parameters of the training network."""
    training = nn.Network(Transducer())
    search = nn.Network(Transducer(), search=nn.BeamSearch(beam_size, length_normalization=0.0))
    assert {name: p.shape for name, p in search.parameters.items()} == {
        name: p.shape for name, p in training.parameters.items()
    }
    check_agreement(search, FEEDS, parameters=random_parameters(training, seed=seed, scale=2.0))


def test_score_of_a_hypothesis_is_that_of_the_training_network() -> None:
    """Teacher-forced rescoring of what the search found gives the score of the search, from one definition."""
    training = nn.Network(Transducer())
    parameters = random_parameters(training, seed=4, scale=2.0)
    search = nn.Network(Transducer(), search=nn.BeamSearch(1, length_normalization=0.0))
    found = nn.run_numpy(search, FEEDS, parameters)
    result = found.outputs["labels"]
    (lengths,) = result.lengths.values()
    feeds = {"data": FEEDS["data"], "alignment": (result.value, lengths)}
    log_probs = nn.run_numpy(training, feeds, parameters).outputs["log_probs"].value
    for row, length in enumerate(lengths):
        score = sum(log_probs[row, step, result.value[row, step]] for step in range(length))
        assert found.beam_scores is not None
        numpy.testing.assert_allclose(found.beam_scores[row, 0], score, rtol=1e-4)
