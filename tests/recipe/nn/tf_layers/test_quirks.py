"""Work-arounds of recipe/nn/tf_layers/quirks: for each a program that RETURNN does not compute without it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
import pytest

from recipe import nn
from recipe.nn.tf_layers.pipeline import Pipeline
from recipe.nn.tf_layers.quirks import QUIRKS

from ....without_returnn import is_left_out
from .. import returnn_run
from ..agreement import check_agreement, ragged_frames, random_parameters
from ..inputs import FEATURES, FEEDS, LABELS, TIME, classes, frames, other_frames, vector
from ..returnn_run import run_returnn

pytestmark = pytest.mark.xdist_group("returnn-1")


class Case(NamedTuple):
    """
    A program that needs a work-around.

    :ivar quirk: its name
    :ivar model: the program; RETURNN must give what NumPy gives
    :ivar failure: what is said without the work-around, by RETURNN or by the comparison: a regular expression
    """

    quirk: str
    model: Any
    failure: str


class LoopAfterNestedLoops(nn.Module):
    """A loop goes on with a state of nested loops that no parameter leads to; a loss in these loops has gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)
        self.query = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        start = nn.tanh(self.linear(vector()))
        outer = nn.Loop()
        outer.state.a, outer.state.b = nn.constant(0.25, [nn.batch_dim, FEATURES]), vector()
        with outer:
            outer.unstack(classes())
            inner = nn.Loop(max_seq_len=4)
            inner.state.a, inner.state.b = outer.state.a, outer.state.b
            with inner:
                inner.end(inner.iter_idx >= 1)
                squares = inner.stack(nn.reduce_sum(start * start))
                inner.state.a, inner.state.b = inner.state.b, inner.state.a
            outer.state.a, outer.state.b = inner.state.a, inner.state.b
            nn.reduce_sum(squares, axis=squares.spatial_dim).mark_as_loss("squares")
        loop = nn.Loop()
        loop.state.c, loop.state.d = start, outer.state.b
        with loop:
            loop.unstack(frames())
            weights = nn.softmax_over_spatial(nn.dot(other_frames(), self.query(loop.state.d), reduce=FEATURES))
            read = loop.stack(nn.dot(weights, other_frames(), reduce=weights.spatial_dim))
            loop.state.c, loop.state.d = loop.state.d, loop.state.c
        nn.reduce_sum(read).mark_as_loss("read")
        nn.reduce_sum(outer.state.a + loop.state.c).mark_as_loss("states")
        return loop.state.d


def softmax_over_six_axes() -> nn.Tensor:
    x = nn.expand(frames(), [nn.Dim(2, name) for name in ("first", "second", "third")])
    return nn.reduce_sum(nn.softmax(x) * x)


def labels_in_windows() -> nn.Tensor:
    return nn.unfold(classes(), 3, padding="valid")


def constant_over_pooled_frames() -> nn.Tensor:
    pooled = nn.pool(frames(), 2)
    return nn.zeros([nn.batch_dim, pooled.spatial_dim]) + nn.reduce_sum(pooled)


def state_read_in_a_loop_that_counts() -> nn.Tensor:
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        frame = outer.unstack(frames())
        inner = nn.Loop(max_seq_len=2)
        inner.state.t = outer.state.s
        with inner:
            inner.state.t = nn.tanh(inner.state.t * outer.state.s + inner.unstack(frames()) - frame)
        outer.state.s = inner.state.t
        return outer.stack(outer.state.s)


def two_loops_from_one_state() -> dict[str, nn.Tensor]:
    def rounds(start: nn.Tensor, frame: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor]:
        inner = nn.Loop(max_seq_len=4)
        inner.state.s = start
        with inner:
            inner.state.s = nn.where(nn.reduce_sum(frame) > 0.0, inner.state.s + 1.0, inner.state.s)
            inner.end(inner.iter_idx >= 2)
            last = inner.last(frame)
        return last, inner.state.s

    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        frame = outer.unstack(frames())
        start = outer.state.s + frame
        first, one = rounds(start, frame)
        second, other = rounds(start, -frame)
        outer.state.s = one + other
        results = {"first": outer.stack(first), "second": outer.stack(second)}
    return {**results, "s": outer.state.s}


def count_of_a_count() -> nn.Tensor:
    loop = nn.Loop()
    loop.state.count = nn.zeros([nn.batch_dim], dtype="int32")
    with loop:
        frame = loop.unstack(frames())
        count = nn.where(nn.reduce_sum(vector()) > 0.0, loop.state.count + 1, loop.state.count)
        loop.state.count = nn.where(nn.reduce_sum(frame) > 0.0, count + 1, count)
        return loop.stack(count)


class LinearOfLookedUpLabels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.linear = nn.Embedding(FEATURES, 3), nn.Linear(3, 2)

    def forward(self) -> nn.Tensor:
        return self.linear(self.embedding(nn.argmax(frames())))


class LstmFromACell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.lstm = nn.LstmCell(FEATURES, FEATURES), nn.Lstm(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        h, _ = self.cell(vector(), nn.LstmState(h=vector(), c=vector()))
        return self.lstm(frames(), nn.LstmState(h=h, c=vector()))[0]


def frame_of_another_sequence_by_the_step() -> nn.Tensor:
    short = nn.pool(other_frames(), 2)
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        loop.state.s = nn.tanh(loop.state.s + nn.gather(short, loop.iter_idx)) + loop.unstack(frames())
        return loop.stack(loop.state.s)


class LabelsOfTheStateInAnInnerLoop(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> None:
        outer = nn.Loop()
        outer.state.s = vector()
        with outer:
            frame = outer.unstack(frames())
            with nn.Loop() as inner:
                label = nn.where(nn.reduce_sum(outer.state.s) > 0.0, inner.unstack(classes()), 1)
                outer.state.s = nn.tanh(outer.state.s * self.embedding(label) + frame)
        nn.reduce_sum(outer.state.s).mark_as_loss("sum")


def loop_over_what_came_so_far() -> nn.Tensor:
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        history = nn.cum_concat(outer.state.s)
        inner = nn.Loop()
        inner.state.t = outer.unstack(frames())
        with inner:
            inner.state.t = nn.tanh(inner.state.t + inner.unstack(history))
        outer.state.s = inner.state.t
        return outer.stack(outer.state.s)


def pooled_in_a_step() -> nn.Tensor:
    x = other_frames()
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        short = nn.pool(x * loop.state.s, 2)
        loop.state.s = nn.tanh(nn.reduce_sum(short, short.spatial_dim) + loop.unstack(frames()))
        return loop.stack(loop.state.s)


def pairs_of_what_came_so_far() -> nn.Tensor:
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        history = nn.cum_concat(outer.state.s)
        frame = outer.unstack(frames())
        with nn.Loop() as inner:
            past = inner.unstack(history)
            with nn.Loop() as third:
                outer.state.s = nn.tanh(outer.state.s * 0.5 + third.unstack(history) * past)
        outer.state.s = outer.state.s + frame
        return outer.stack(outer.state.s)


def past_in_a_loop_inside() -> nn.Tensor:
    """What came so far in a loop inside, along another axis, which the innermost loop goes over."""
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        frame = outer.unstack(frames())
        with nn.Loop() as inner:
            other = inner.unstack(other_frames())
            past = nn.replace_dim(nn.cum_concat(other))
            with nn.Loop() as third:
                outer.state.s = nn.tanh(outer.state.s * 0.5 + third.unstack(past))
        return outer.stack(outer.state.s + frame)


def products_with_what_came_so_far() -> nn.Tensor:
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        history = nn.cum_concat(outer.state.s)
        frame = outer.unstack(frames())
        with nn.Loop() as inner:
            other = inner.unstack(other_frames())
            with nn.Loop() as third:
                outer.state.s = nn.tanh(outer.state.s + third.unstack(history) * other)
        outer.state.s = outer.state.s + frame
        return outer.stack(outer.state.s)


def lengths_of_steps() -> nn.Tensor:
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        loop.state.s = nn.tanh(loop.state.s * 2.0)
        loop.end(loop.iter_idx >= 2)
        steps = loop.stack(loop.state.s)
    return steps.seq_len


def history_of_a_vector() -> nn.Tensor:
    x = vector() * 2.0
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        history = nn.cum_concat(x)
        weights = nn.softmax_over_spatial(nn.dot(history, loop.state.s))
        loop.state.s = nn.tanh(nn.dot(weights, history, reduce=history.spatial_dim)) + loop.unstack(frames())
        return loop.stack(loop.state.s)


class LstmOverNothing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        y, state = self.lstm(steps_of_which_there_are_none()["steps"], nn.LstmState(vector(), vector()))
        return {"y": y, "h": state.h, "c": state.c}


def entries_of_which_there_are_none() -> nn.Tensor:
    loop = nn.Loop()
    with loop:
        frame = loop.unstack(frames())
        loop.end(nn.reduce_sum(frame) > -99.0)
        numbers = loop.stack(frame)
    return nn.gather(numbers, nn.range_over(TIME, like=frames()))


def quotients_weighted() -> nn.Tensor:
    x = frames()
    directions = x / nn.sqrt(nn.reduce_sum(x * x))
    weights = nn.softmax_over_spatial(nn.reduce_sum(other_frames()))
    return nn.dot(weights, directions, reduce=TIME)


def softmax_in_a_loop_over_features() -> nn.Tensor:
    with nn.Loop() as loop:
        frame = loop.unstack(frames())
        with nn.Loop() as inner:
            weights = nn.softmax(frame * inner.unstack(frame, axis=FEATURES))
            means = inner.stack(nn.dot(weights, frame))
        return loop.stack(means)


class AttentionToAnLstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES, FEATURES)

    def forward(self) -> None:
        encoded, _ = self.lstm(frames())
        loop = nn.Loop(max_seq_len=3)
        loop.state.s = vector()
        with loop:
            weights = nn.softmax_over_spatial(nn.dot(encoded, loop.state.s))
            loop.state.s = nn.tanh(nn.dot(weights, encoded, reduce=TIME))
            loop.end(nn.reduce_sum(loop.state.s) > 9.0)
        nn.reduce_sum(loop.state.s).mark_as_loss("sum")


def count_beside_a_vector() -> dict[str, nn.Tensor]:
    loop = nn.Loop()
    loop.state.count, loop.state.s = nn.constant(0), vector()
    with loop:
        loop.state.count, loop.state.s = loop.state.count + 1, nn.tanh(loop.state.s * 2.0)
        loop.end(loop.state.count >= 4)
    return {"count": loop.state.count, "s": loop.state.s}


def rounds_in_each_step() -> nn.Tensor:
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        frame = outer.unstack(frames())
        inner = nn.Loop()
        inner.state.t = outer.state.s
        with inner:
            inner.state.t = nn.tanh(inner.state.t + frame)
            inner.end(inner.iter_idx >= 2)
            rounds = inner.stack(inner.state.t)
        outer.state.s = inner.state.t
        all_rounds = outer.stack(rounds)
    return nn.gather(all_rounds, 1, axis=rounds.spatial_dim)


class LabelsFromStates(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.recurrent, self.output = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, LABELS)
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=4)
        loop.state.s = vector()
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            loop.state.s = nn.tanh(self.recurrent(loop.state.s) + self.embedding(loop.state.label))
            loop.state.label = nn.choice(self.output(loop.state.s), search=nn.BeamSearch(3))
            loop.end(loop.state.label == 0)
            return loop.stack(loop.state.label)


def numbers_until_an_end() -> nn.Tensor:
    loop = nn.Loop()
    with loop:
        loop.end(loop.iter_idx * 2 >= 5)
        numbers = loop.stack(loop.iter_idx * 2)
    return vector() * nn.cast(nn.reduce_sum(numbers, numbers.spatial_dim), "float32")


def steps_of_which_there_are_none() -> dict[str, nn.Tensor]:
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        loop.end(loop.iter_idx >= 0)
        loop.state.s = nn.tanh(loop.state.s)
        steps = loop.stack(loop.state.s)
    again = nn.Loop(max_seq_len=3)
    with again:
        others = again.stack(again.unstack(steps))
    sums = {"sum": nn.reduce_sum(steps, steps.spatial_dim), "others": nn.reduce_sum(others, others.spatial_dim)}
    return {"steps": steps, **sums}


class LossOfNumbersOfFrames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        value = self.linear(vector())
        with nn.Loop() as loop:
            loop.unstack(frames())
            y = loop.stack(value * nn.cast(loop.iter_idx, "float32"))
        nn.tanh(y).mark_as_loss("loss")
        return y


def loop_over_what_another_made_of_the_state() -> nn.Tensor:
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        frame = outer.unstack(frames())
        first = nn.Loop(max_seq_len=3)
        first.state.t = outer.state.s
        with first:
            first.state.t = nn.tanh(first.state.t + frame)
            first.end(nn.reduce_sum(first.state.t) > 0.5, include_eos=True)
            rows = first.stack(first.state.t)
        with nn.Loop() as second:
            other = second.unstack(other_frames())
            third = nn.Loop()
            third.state.w = other
            with third:
                third.state.w = nn.tanh(third.state.w + third.unstack(rows) * other)
            results = second.stack(third.state.w)
        outer.state.s = nn.tanh(nn.reduce_sum(results, results.spatial_dim))
        return outer.stack(outer.state.s)


def weights_of_nothing_found() -> nn.Tensor:
    """A sum over the steps of a loop with weights; the loop makes no step for a part of the sequences."""
    loop = nn.Loop(max_seq_len=3)
    loop.state.s = vector()
    with loop:
        loop.end(nn.reduce_sum(vector()) > nn.cast(loop.iter_idx, "float32"), include_eos=False)
        loop.state.s = nn.tanh(loop.state.s + 1.0)
        steps = loop.stack(loop.state.s)
    weights = nn.softmax_over_spatial(nn.reduce_sum(steps))
    return nn.reduce_sum(weights * nn.reduce_sum(steps), steps.spatial_dim) + nn.dot(
        weights, steps, reduce=steps.spatial_dim
    )


def pooled_frames_beside_each() -> nn.Tensor:
    """A value along the frames and along what was pooled of them, which each step sums up."""
    pooled = nn.pool(frames(), 2)
    with nn.Loop() as loop:
        both = nn.tanh(pooled + loop.unstack(frames()))
        return loop.stack(nn.reduce_sum(nn.where(both > 0.0, both, pooled), pooled.spatial_dim))


class StateBesideAFrame(nn.Module):
    """A recurrent network whose new state is negated for some sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.both = nn.Linear(FEATURES + FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = nn.constant(0.25, [nn.batch_dim, FEATURES])
        with loop:
            y = self.both(nn.concat(loop.state.s, loop.unstack(frames())))
            loop.state.s = nn.where(nn.reduce_sum(vector()) > 0.0, y, -y)
            return loop.stack(loop.state.s)


def loss_of_numbers_of_steps() -> nn.Tensor:
    with nn.Loop(max_seq_len=5) as loop:
        loop.end(loop.iter_idx >= 3)
        y = loop.stack(nn.cast(loop.iter_idx, "float32"))
    y = vector() * nn.expand(nn.tanh(y), [nn.batch_dim, FEATURES])
    y.mark_as_loss("loss")
    return y


class AttentionInALoopOverWhatCame(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.CausalSelfAttention(FEATURES, nn.Dim(3, "key"), FEATURES)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as outer:
            earlier = nn.cum_concat(outer.unstack(frames()))
            with nn.Loop() as inner:
                inner.unstack(earlier)
                y = inner.last(self.attention(vector()))
            return outer.stack(y)


def lengths_in_each_step() -> nn.Tensor:
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        frame = outer.unstack(frames())
        inner = nn.Loop()
        inner.state.s = frame
        with inner:
            inner.unstack(frames())
            x = nn.replace_dim(frames() * nn.expand(inner.state.s * outer.state.s, [TIME]))
            inner.state.s = nn.tanh(nn.reduce_sum(x, axis=x.spatial_dim))
            counts = inner.stack(nn.length(x.spatial_dim, like=x))
        outer.state.s = inner.state.s
        return outer.stack(outer.state.s * nn.cast(nn.reduce_sum(counts, axis=counts.spatial_dim), "float32"))


def sums_of_all_frames_in_each_step() -> nn.Tensor:
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        x = nn.cum_sum(frames() * nn.expand(loop.state.s, [TIME]), axis=TIME)
        loop.state.s = nn.tanh(nn.reduce_sum(x, axis=TIME) + loop.unstack(frames()))
        return loop.stack(loop.state.s)


class LstmOverAllFramesInEachStep(nn.Module):
    def __init__(self, direction: int) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES, FEATURES, direction=direction)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            frame = loop.unstack(frames())
            y, _ = self.lstm(frames() * nn.expand(nn.tanh(loop.state.s), [TIME]))
            loop.state.s = nn.tanh(nn.reduce_sum(y, axis=TIME) + frame)
            return loop.stack(loop.state.s)


class LabelsOfLabels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            loop.unstack(frames())
            x = self.embedding(loop.state.label)
            loop.state.label = nn.argmax(self.output(x))
            return loop.stack(x)


class SoftmaxOfAState(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            loop.unstack(frames())
            x = self.linear(nn.tanh(loop.state.s))
            loop.state.s = nn.softmax(nn.tanh(self.linear(x)))
            return loop.stack(x)


def attention_between_longer_frames() -> nn.Tensor:
    """Each has a frame behind its last."""
    keys = nn.postfix_in_time(nn.postfix_in_time(nn.tanh(frames()), 0.5), 0.0)
    with nn.Loop() as loop:
        query = loop.unstack(nn.postfix_in_time(nn.postfix_in_time(frames(), 1.0), 0.0))
        weights = nn.softmax(nn.dot(query, keys, reduce=FEATURES), axis=keys.spatial_dim)
        return loop.stack(nn.dot(weights, keys, reduce=keys.spatial_dim))


def products_of_merged_features() -> nn.Tensor:
    def merged(x: nn.Tensor, name: str) -> nn.Tensor:
        return nn.merge_dims(nn.split_dims(nn.concat(x, -x), parts), parts, out_dim=nn.Dim(2 * FEATURES.size, name))

    parts = [nn.Dim(2, "halves"), nn.Dim(FEATURES.size, "part")]
    return nn.dot(merged(frames(), "one"), merged(nn.tanh(frames()), "other"), reduce=TIME)


class LabelsOfAChoice(nn.Module):
    """Labels that are made of those before where a condition holds."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.readout = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            loop.unstack(frames())
            x = nn.where(nn.reduce_sum(vector()) > 0.0, nn.tanh(self.embedding(loop.state.label)), 0.0)
            loop.state.label = nn.argmax(self.readout(x))
            return loop.stack(x)


CASES = [
    Case("equal_axes", attention_between_longer_frames, "has the dims"),
    Case("equal_axes", products_of_merged_features, "has the dims"),
    Case("axes_of_hypotheses", LabelsFromStates(), "require broadcasting to"),
    Case("ends_per_sequence", lengths_of_steps, r"has the dims \[\], not \['batch'\]"),
    Case("ends_per_sequence", loss_of_numbers_of_steps, "^$"),
    Case("lasts_per_sequence", count_beside_a_vector, "has batch-dim, but target data"),
    Case("axes_of_all_steps", rounds_in_each_step, "already has more dims than target data"),
    Case("loops_without_steps", steps_of_which_there_are_none, "TensorArray has size zero"),
    Case("lstms_without_frames", LstmOverNothing(), "TensorArray has size zero"),
    Case("entries_of_nothing", entries_of_which_there_are_none, "(?s)indices.* is not in"),
    Case("padding_in_products", quotients_weighted, "nan location mismatch"),
    Case("several_fixed_axes", softmax_in_a_loop_over_features, "Mismatched elements"),
    Case("softmax_of_many_axes", softmax_over_six_axes, "node 'softmax/activation/Softmax'"),
    Case("softmax_of_no_frames", weights_of_nothing_found, "(?i)nan|mismatch|not equal"),
    Case("derived_axes", pooled_frames_beside_each, "cannot match the axes|require broadcasting|[Ii]ncompatible"),
    Case("states_before_others", StateBesideAFrame(), "require broadcasting"),
    Case("numbers_of_steps", numbers_until_an_end, "has no attribute 'copy_set_beam'"),
    Case("history_of_outer_values", history_of_a_vector, "^$"),
    Case("lengths_of_constants", constant_over_pooled_frames, "dynamic dim .* undefined"),
    Case("output_before_states", LabelsOfLabels(), "dependency loop on layer 'output'"),
    Case("output_before_states", SoftmaxOfAState(), "dependency loop on layer 'output'"),
    Case("frames_of_the_loop", LstmOverAllFramesInEachStep(1), "Mismatched elements"),
    Case("frames_of_the_loop", LstmOverAllFramesInEachStep(-1), "None values not supported"),
    Case("frames_of_the_loop", sums_of_all_frames_in_each_step, "^$"),
    Case("states_before_inner_loops", state_read_in_a_loop_that_counts, "dependency loop on layer 'output'"),
    Case("states_before_inner_loops", two_loops_from_one_state, "dependency loop on layer 'start'"),
    Case("states_before_inner_loops", pairs_of_what_came_so_far, "dependency loop on layer 'output'"),
    Case("states_before_inner_loops", products_with_what_came_so_far, "dependency loop on layer 'output'"),
    Case("states_before_inner_loops", loop_over_what_another_made_of_the_state, "dependency loop on layer 'output'"),
    Case("type_of_states", count_of_a_count, "dependency loop on layer 'output'"),
    Case("features_of_argmax", LinearOfLookedUpLabels(), "does not match Data .*'feature_dim_axis': None"),
    Case("features_of_made_axes", AttentionInALoopOverWhatCame(), "reduce axis .* not found in sources"),
    Case("lengths_that_are_stacked", lengths_in_each_step, "^$"),
    Case("initial_state_of_lstm", LstmFromACell(), "are 10 and 5"),
    Case("positions_per_sequence", frame_of_another_sequence_by_the_step, "require broadcasting to"),
    Case("labels_at_positions", labels_in_windows, "cannot have feature_dim_axis when sparse"),
    Case("lengths_of_histories", loop_over_what_came_so_far, "without dim tag"),
    Case("shorter_axes_in_steps", pooled_in_a_step, "^$"),
    Case("states_before_choices", LabelsOfAChoice(), "require broadcasting"),
    Case("replaced_axes_in_steps", past_in_a_loop_inside, "dynamic dim .*history_2.* undefined"),
    Case("time_of_losses", LossOfNumbersOfFrames(), "Loss flattening not implemented"),
    Case("gradients_of_no_parameter", LoopAfterNestedLoops(), "^$"),
    Case("rows_of_variables", LabelsOfTheStateInAnInnerLoop(), "(?s)Incompatible shapes: .*embedding_lookup"),
]
WITH_TESTS_OF_THEIR_OWN = {
    "batch_major_frames",
    "batches_without_frames",
    "one_dropout_of_a_layer",
    "pairs_of_dims",
    "random_bits_of_dropout",
    "values_of_inner_loops",
}


def test_each_has_a_test() -> None:
    assert {case.quirk for case in CASES} | WITH_TESTS_OF_THEIR_OWN == {quirk.name for quirk in QUIRKS}


def _padded_with_zeros(feed: Any) -> Any:
    """As RETURNN pads."""
    if not isinstance(feed, tuple):
        return feed
    value, lengths = feed
    inside = numpy.arange(value.shape[1])[None, :] < lengths[:, None]
    return value * inside.reshape(*inside.shape, *[1] * (value.ndim - 2)).astype(value.dtype), lengths


@pytest.mark.parametrize("case", CASES, ids=[case.quirk for case in CASES])
def test_without_it_returnn_fails(case: Case) -> None:
    network = nn.Network(case.model)
    options: dict[str, Any] = {"parameters": random_parameters(network), "train": bool(network.losses)}
    options["gradients"] = bool(network.losses)
    feeds = {name: _padded_with_zeros(FEEDS[name]) for name in network.extern_data}
    check_agreement(network, feeds, **options)
    if is_left_out():
        return
    with pytest.raises(Exception, match=case.failure):
        check_agreement(network, feeds, without_quirks=[case.quirk], **options)


def test_dropouts_of_one_value_draw_their_own_masks() -> None:
    network = nn.Network(lambda: nn.dropout(frames(), 0.5) - nn.dropout(frames(), 0.5))
    with_it, without_it = (
        run_returnn(network, {"data": FEEDS["data"]}, train=True, without_quirks=without, device="gpu")
        for without in ((), ["one_dropout_of_a_layer"])
    )
    assert numpy.abs(with_it.outputs["output"].value).max() > 0.0
    numpy.testing.assert_array_equal(without_it.outputs["output"].value, 0.0)


def test_dropout_draws_few_random_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What RETURNN computes without it is right, but draws four times as many."""
    import tensorflow as tf

    floats = []
    uniform = tf.random.uniform

    def noted(shape: Any, *arguments: Any, **options: Any) -> Any:
        made = uniform(shape, *arguments, **options)
        if made.dtype == tf.float32:
            floats.append(made.shape.as_list())
        return made

    monkeypatch.setattr(tf.random, "uniform", noted)
    monkeypatch.setattr(tf.compat.v1, "random_uniform", noted)
    network = nn.Network(lambda: nn.dropout(frames(), 0.1))
    for without in ((), ["random_bits_of_dropout"]):
        run_returnn(network, {"data": FEEDS["data"]}, train=True, without_quirks=without)
    of_rows, of_entries = floats
    assert of_rows[-1] == 1 and of_entries[-1] == FEATURES.size


def test_steps_of_a_loop_transpose_no_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """What RETURNN computes without it is right, but each step changes the order of the frames' axes."""
    import tensorflow as tf

    changed: list[int] = []
    gradients = returnn_run._gradient_fetches

    def counted(*arguments: Any) -> Any:
        ops = tf.compat.v1.get_default_graph().get_operations()
        in_loops = [op for op in ops if op.type == "Transpose" and op._get_control_flow_context() is not None]
        orders = [tf.get_static_value(op.inputs[1]).tolist() for op in in_loops]
        changed.append(sum(order != sorted(order) for order in orders))
        return gradients(*arguments)

    monkeypatch.setattr(returnn_run, "_gradient_fetches", counted)
    network = nn.Network(AttentionToAnLstm())
    feeds = {name: FEEDS[name] for name in network.extern_data}
    for without in ((), ["batch_major_frames"]):
        run_returnn(network, feeds, random_parameters(network), train=True, gradients=True, without_quirks=without)
    assert changed == [0, 2]


class Causal(nn.Module):
    """Attention to the frames that came so far, trained."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.CausalSelfAttention(FEATURES, nn.Dim(3, "key"), FEATURES)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            y = loop.stack(self.attention(loop.unstack(frames())))
        nn.reduce_sum(y).mark_as_loss("sum")
        return y


def test_a_sequence_without_frames_spoils_no_gradient() -> None:
    network = nn.Network(Causal())
    feeds = {"data": ragged_frames([2, 0, 3], 5)}
    options: dict[str, Any] = {"parameters": random_parameters(network), "train": True, "gradients": True}
    gradients = check_agreement(network, feeds, **options).in_returnn.gradients
    assert all(gradient is not None and numpy.isfinite(gradient).all() for gradient in gradients.values())
    without = run_returnn(network, feeds, without_quirks=["softmax_of_no_frames"], **options).gradients
    assert any(gradient is not None and numpy.isnan(gradient).any() for gradient in without.values())


def test_dims_that_layers_make_are_no_keys() -> None:
    """With such a key RETURNN fails in some runs and not in others."""

    def model() -> nn.Tensor:
        steps = nn.Loop(max_seq_len=3)
        steps.state.s = vector()
        with steps:
            steps.end(nn.reduce_sum(steps.state.s) > 1.0)
            steps.state.s = nn.tanh(steps.state.s)
            made = steps.stack(steps.state.s)
        return nn.reduce_sum(nn.replace_dim(made), axis="T") + nn.reduce_sum(nn.replace_dim(frames()), axis="T")

    network = nn.Network(model)
    kinds = {}
    for without in (frozenset[str](), frozenset({"pairs_of_dims", "batches_without_frames"})):
        layers = Pipeline(network, without=without).run().layers
        kinds[without] = [type(layer.options["set_dim_tags"]) for layer in layers if "set_dim_tags" in layer.options]
    assert list(kinds.values()) == [[list, dict], [dict, dict]]
