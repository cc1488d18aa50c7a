"""Quirks that have to do with sequences in the steps of a loop: what came so far, and what the steps make."""

from __future__ import annotations

from recipe import nn

from ...inputs import FEATURES, TIME, frames, other_frames, vector
from .case import Case


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


def history_of_a_vector() -> nn.Tensor:
    x = vector() * 2.0
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        history = nn.cum_concat(x)
        weights = nn.softmax_over_spatial(nn.dot(history, loop.state.s))
        loop.state.s = nn.tanh(nn.dot(weights, history, reduce=history.spatial_dim)) + loop.unstack(frames())
        return loop.stack(loop.state.s)


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


CASES = [
    Case("axes_of_all_steps", rounds_in_each_step, "already has more dims than target data"),
    Case("history_of_outer_values", history_of_a_vector, "^$"),
    Case("frames_of_the_loop", LstmOverAllFramesInEachStep(1), "Mismatched elements"),
    Case("frames_of_the_loop", LstmOverAllFramesInEachStep(-1), "None values not supported"),
    Case("frames_of_the_loop", sums_of_all_frames_in_each_step, "^$"),
    Case("features_of_made_axes", AttentionInALoopOverWhatCame(), "reduce axis .* not found in sources"),
    Case("lengths_that_are_stacked", lengths_in_each_step, "^$"),
    Case("lengths_of_histories", loop_over_what_came_so_far, "without dim tag"),
    Case("shorter_axes_in_steps", pooled_in_a_step, "^$"),
    Case("replaced_axes_in_steps", past_in_a_loop_inside, "dynamic dim .*history_2.* undefined"),
]
