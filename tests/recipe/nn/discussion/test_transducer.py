"""The discussion's transducer as it stands there: State objects, modules with states under a mask, ``x[t]``."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn import (
    Embedding,
    Linear,
    Loop,
    MaskedComputation,
    Module,
    State,
    choice,
    concat,
    log_sigmoid,
    log_softmax,
    sigmoid,
    split,
    tanh,
)

from ..agreement import check_agreement, ragged_frames, random_parameters
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-1")

Batch = nn.batch_dim
int32 = "int32"
FEATURES, NON_BLANK = nn.Dim(3, "features"), nn.Dim(4, "non_blank")
LABELS = NON_BLANK + 1
BLANK = NON_BLANK.size
FRAMES = nn.ExternData("data", [Batch, nn.Dim(None, "enc_time"), FEATURES])
ALIGNMENT = nn.ExternData("alignment", [Batch, nn.Dim(None, "alignment_time")], sparse_dim=LABELS)
FEEDS: dict[str, Any] = {
    "data": ragged_frames([3, 2, 4], 3),
    "alignment": (
        numpy.array([[0, 4, 4, 2, 4], [4, 3, 1, 4, 0], [4, 4, 2, 4, 4]], "int32"),
        numpy.array([5, 4, 5], "int32"),
    ),
}


class Rnn(Module):
    """An LSTM that keeps its state to itself, which nobody who calls it needs to know."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.h = State({Batch, dim}, initial=0)
        self.c = State({Batch, dim}, initial=0)
        self.gates = Linear(4 * dim)

    def forward(self, *inputs: nn.Tensor) -> nn.Tensor:
        """One step."""
        j, i, f, o = split(self.gates([*inputs, self.h.get()]), 4)
        self.c.assign(self.c * sigmoid(f) + tanh(j) * sigmoid(i))
        self.h.assign(tanh(self.c) * sigmoid(o))
        return self.h.get()


def transducer(searches: bool) -> dict[str, nn.Tensor]:
    """As in the discussion, with what its draft leaves out: the embedding of labels, and ``t`` that goes on."""
    x = nn.get_extern_data(FRAMES)
    embed = Embedding(LABELS, 5)
    slow_rnn, fast_rnn = Rnn(6), Rnn(7)
    blank_pred, non_blank_pred = Linear(1), Linear(NON_BLANK)
    t = State({Batch}, dtype=int32, initial=0)
    align_label = State(nn.zeros({Batch}, dtype=int32, sparse_dim=LABELS))
    with Loop(include_eos=True, max_seq_len=8 if searches else None) as loop:  # over alignment labels
        x_t = x[t]
        with MaskedComputation(mask=(align_label.get() != BLANK)):
            slow = slow_rnn(embed(align_label.get()), x_t)
        fast = fast_rnn(embed(align_label.get()), x_t, slow)
        blank_pred_energy = blank_pred(fast)
        log_prob_blank = log_sigmoid(blank_pred_energy)
        log_prob_not_blank = log_sigmoid(-blank_pred_energy)
        log_prob_non_blank_labels = log_softmax(non_blank_pred(fast))
        log_prob_combined = concat(log_prob_non_blank_labels + log_prob_not_blank, log_prob_blank)
        if searches:
            align_label.assign(choice(log_prob_combined, input_type="log_prob"))
        else:
            target = loop.unstack(nn.get_extern_data(ALIGNMENT))
            nn.cross_entropy(log_prob_combined, target).mark_as_loss()
            align_label.assign(choice(log_prob_combined, target=target))
        t.assign(t + nn.cast(align_label.get() == BLANK, int32))
        loop.end(t >= x.seq_len)
        labels = loop.stack(align_label.get())
    return {"labels": labels} if searches else {"labels": labels, "t": t.get()}


def test_trained_on_alignments() -> None:
    outputs = check_trained(transducer, FEEDS, searches=False).in_numpy.outputs
    numpy.testing.assert_array_equal(outputs["t"].value, FEEDS["data"][1])
    assert [list(row) for row in outputs["labels"].sequences()] == [
        list(row[:length]) for row, length in zip(*FEEDS["alignment"])
    ]


@pytest.mark.parametrize("beam_size", [1, 4])
def test_searched(beam_size: int) -> None:
    training = nn.Network(transducer, searches=False)
    search = nn.Network(transducer, searches=True, search=nn.BeamSearch(beam_size, length_normalization=0.0))
    assert set(search.parameters) == set(training.parameters)
    run = check_agreement(search, FEEDS, parameters=random_parameters(training, seed=5, scale=2.0))
    lengths = numpy.repeat(FEEDS["data"][1], beam_size)
    for row, length in zip(run.in_numpy.outputs["labels"].sequences(), lengths):
        assert len(row) == 8 or (row[-1] == BLANK and (row == BLANK).sum() == length)
