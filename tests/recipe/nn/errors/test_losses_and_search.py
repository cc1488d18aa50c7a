"""Wrong losses and choices."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..inputs import FEATURES, FEEDS, LABELS, LENGTHS, TIME, classes, frames, vector
from .wrong_programs import Wrong, check_error, name_of

OTHER_LABELS = nn.Dim(7, "others")
WORDS = nn.ExternData("words", [nn.batch_dim, nn.Dim(None, "words")], sparse_dim=LABELS)


def logits_of(x: nn.Tensor, labels: nn.Dim = LABELS) -> nn.Tensor:
    """Scores of all labels."""
    return nn.Linear(FEATURES, labels)(x)


def targets_of_other_labels() -> Any:
    logits = logits_of(frames(), OTHER_LABELS)
    nn.cross_entropy(logits, classes()).mark_as_loss()  # MISTAKE


def targets_that_are_no_labels() -> Any:
    nn.cross_entropy(logits_of(frames()), nn.reduce_sum(frames())).mark_as_loss()  # MISTAKE


def logits_and_targets_swapped() -> Any:
    nn.cross_entropy(classes(), logits_of(frames())).mark_as_loss()  # MISTAKE


def labels_as_scores() -> Any:
    nn.cross_entropy(classes(), classes()).mark_as_loss()  # MISTAKE


def targets_not_unstacked() -> Any:
    with nn.Loop() as loop:
        logits = logits_of(loop.unstack(frames()))
        nn.cross_entropy(logits, classes()).mark_as_loss()  # MISTAKE


def targets_over_another_axis() -> Any:
    logits = logits_of(frames())
    nn.cross_entropy(logits, nn.get_extern_data(WORDS)).mark_as_loss()  # MISTAKE


def error_over_another_axis() -> Any:
    nn.frame_error(logits_of(vector()), classes()).mark_as_loss(as_error=True)  # MISTAKE


def loss_of_conditions() -> Any:
    (frames() > 0.0).mark_as_loss("positive")  # MISTAKE


def scale_as_name() -> Any:
    nn.reduce_sum(frames()).mark_as_loss(0.5)  # type: ignore[arg-type]  # MISTAKE


def scale_as_text() -> Any:
    nn.reduce_sum(frames()).mark_as_loss(scale="0.5")  # type: ignore[arg-type]  # MISTAKE


def choice_of_no_labels() -> Any:
    with nn.Loop() as loop:
        scores = nn.reduce_sum(loop.unstack(frames()))
        return loop.stack(nn.choice(scores, search=nn.BeamSearch(4)))  # MISTAKE


def choice_of_positions() -> Any:
    x = frames()
    with nn.Loop(max_seq_len=3) as loop:
        scores = nn.reduce_sum(x + loop.state.h)
        position = nn.choice(scores, search=nn.BeamSearch(2))  # MISTAKE
        loop.state.h = x[position]
        loop.end(position == 0)


def test_positions_as_the_message_says() -> None:
    """What is written in place of it runs, and gives a position that is there."""
    positions = nn.Dim(5, "positions")

    def model() -> nn.Tensor:
        x = frames()
        loop = nn.Loop(max_seq_len=3)
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            scores = nn.reduce_sum(x + loop.state.h)
            scores = scores[nn.range_over(positions)]
            scores = nn.where(nn.range_over(positions) < nn.expand(x.seq_len, [positions]), scores, -1e30)
            position = nn.choice(scores, search=nn.BeamSearch(2))
            loop.state.h = x[position]
            loop.end(position == 0)
            return loop.stack(position)

    run = nn.run_numpy(nn.Network(model), FEEDS)
    for length, hypotheses in zip(LENGTHS, numpy.split(run.outputs["output"].value, len(LENGTHS))):
        assert hypotheses.max() < length


def choice_of_a_sequence() -> Any:
    with nn.Loop(axis=TIME) as loop:
        scores = logits_of(frames())
        return loop.stack(nn.choice(scores, search=nn.BeamSearch(4)))  # MISTAKE


def choice_outside_of_a_loop() -> Any:
    return nn.choice(logits_of(vector()), search=nn.BeamSearch(4))  # MISTAKE


def choice_under_a_mask() -> Any:
    with nn.Loop() as loop:
        scores = logits_of(loop.unstack(frames()))
        with nn.MaskedComputation(mask=nn.reduce_sum(scores) > 0.0):
            label = nn.choice(scores, search=nn.BeamSearch(4))  # MISTAKE
        return loop.stack(label)


def choice_without_target_and_search() -> Any:
    with nn.Loop() as loop:
        return loop.stack(nn.choice(logits_of(loop.unstack(frames()))))  # MISTAKE


def choice_with_targets_not_unstacked() -> Any:
    with nn.Loop() as loop:
        return loop.stack(nn.choice(logits_of(loop.unstack(frames())), target=classes()))  # MISTAKE


def choice_with_target_and_search() -> Any:
    with nn.Loop() as loop:
        scores, target = logits_of(loop.unstack(frames())), loop.unstack(classes())
        return loop.stack(nn.choice(scores, target=target, search=nn.BeamSearch(4)))  # MISTAKE


def choice_with_vectors_as_target() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        return loop.stack(nn.choice(logits_of(x), target=x))  # MISTAKE


def choice_with_other_labels_as_target() -> Any:
    with nn.Loop() as loop:
        scores = logits_of(loop.unstack(frames()), OTHER_LABELS)
        return loop.stack(nn.choice(scores, target=loop.unstack(classes())))  # MISTAKE


def misspelled_input_type() -> Any:
    with nn.Loop() as loop:
        scores = logits_of(loop.unstack(frames()))
        return loop.stack(nn.choice(scores, input_type="log_probs", search=nn.BeamSearch(4)))  # MISTAKE


def search_by_a_flag() -> Any:
    with nn.Loop() as loop:
        scores = logits_of(loop.unstack(frames()))
        return loop.stack(nn.choice(scores, search=True))  # type: ignore[arg-type]  # MISTAKE


def empty_beam() -> Any:
    with nn.Loop() as loop:
        scores = logits_of(loop.unstack(frames()))
        return loop.stack(nn.choice(scores, search=nn.BeamSearch(0)))  # MISTAKE


PROGRAMS = [
    Wrong(targets_of_other_labels, ["'classes' [batch, time]", "labels of labels=7", "logits <linear", "others=7"]),
    Wrong(targets_that_are_no_labels, ["wants labels as targets", "reduce_sum [batch, time]", "float32"]),
    Wrong(logits_and_targets_swapped, ["linear of linear [batch, time, labels=7]", "cross_entropy(scores, targets)"]),
    Wrong(labels_as_scores, ["'classes' [batch, time]", "labels themselves"]),
    Wrong(targets_not_unstacked, ["logits <linear", "only the targets have [time]", "loop.unstack(targets)"]),
    Wrong(targets_over_another_axis, ["only the scores have [time]", "only the targets have [words]", "same dims"]),
    Wrong(error_over_another_axis, ["frame_error", "only the targets have [time]"]),
    Wrong(loss_of_conditions, ["greater [batch, time, features=5]", "bool", "nn.cast(x, 'float32')"]),
    Wrong(scale_as_name, ["a text, not 0.5", "scale=0.5"]),
    Wrong(scale_as_text, ["a number, not '0.5'"]),
    Wrong(choice_of_no_labels, ["[batch, labels]", "scores <reduce_sum [batch], line", "no dim of labels"]),
    Wrong(choice_of_positions, ["scores <reduce_sum [batch, time], line", "along time", "nn.range_over(positions)"]),
    Wrong(choice_of_a_sequence, ["[batch, labels]", "scores <linear of linear [batch, time, labels=7]"]),
    Wrong(choice_outside_of_a_loop, ["linear of linear [batch, labels=7]", "inside of a loop", "nn.argmax(scores)"]),
    Wrong(choice_under_a_mask, ["scores <linear", "cannot stand in Cond or MaskedComputation", "nn.where"]),
    Wrong(choice_without_target_and_search, ["target=loop.unstack(targets)", "search=nn.BeamSearch(beam_size)"]),
    Wrong(choice_with_targets_not_unstacked, ["'classes' [batch, time]", "also has [time]", "loop.unstack(targets)"]),
    Wrong(choice_with_target_and_search, ["target <rec_unstack [batch], labels of labels=7", "takes one of them"]),
    Wrong(choice_with_vectors_as_target, ["a label of labels=7", "x <rec_unstack [batch, features=5]", "is no label"]),
    Wrong(choice_with_other_labels_as_target, ["a label of others=7", "rec_unstack [batch]", "are labels of labels=7"]),
    Wrong(misspelled_input_type, ["logits, log_prob, prob, regression", "Did you mean 'log_prob'?"]),
    Wrong(search_by_a_flag, ["search=nn.BeamSearch(beam_size)", "not search=True"]),
    Wrong(empty_beam, ["the beam size must be a whole number of at least 1", "not 0"]),
]


@pytest.mark.parametrize("wrong", PROGRAMS, ids=lambda wrong: name_of(wrong.model))
def test_error(wrong: Wrong) -> None:
    check_error(wrong)
