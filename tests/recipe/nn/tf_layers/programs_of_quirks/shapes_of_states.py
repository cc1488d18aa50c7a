"""Quirks that have to do with how RETURNN finds the shapes of states."""

from __future__ import annotations

from recipe import nn

from ...inputs import FEATURES, LABELS, frames, other_frames, vector
from .case import Case


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
    Case("states_before_others", StateBesideAFrame(), "require broadcasting"),
    Case("output_before_states", LabelsOfLabels(), "dependency loop on layer 'output'"),
    Case("output_before_states", SoftmaxOfAState(), "dependency loop on layer 'output'"),
    Case("states_before_inner_loops", state_read_in_a_loop_that_counts, "dependency loop on layer 'output'"),
    Case("states_before_inner_loops", two_loops_from_one_state, "dependency loop on layer 'start'"),
    Case("states_before_inner_loops", pairs_of_what_came_so_far, "dependency loop on layer 'output'"),
    Case("states_before_inner_loops", products_with_what_came_so_far, "dependency loop on layer 'output'"),
    Case("states_before_inner_loops", loop_over_what_another_made_of_the_state, "dependency loop on layer 'output'"),
    Case("type_of_states", count_of_a_count, "dependency loop on layer 'output'"),
    Case("states_before_choices", LabelsOfAChoice(), "require broadcasting"),
]
