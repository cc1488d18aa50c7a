"""Loops whose steps look at the whole sequence that the loop runs over: the steps have an axis of their own then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipe import nn

from ...inputs import FEATURES, TIME, frames, other_frames, vector
from .splitting import split, steps

KEY = nn.Dim(4, "key")
HEADS, HEAD = nn.Dim(2, "heads"), nn.Dim(3, "head")


class Model(nn.Module):
    """
    A loop over the frames, which computes something of the frame and all frames in each step.

    :param step: what, of the model, the frame and the loop
    """

    def __init__(self, step: Callable[[Model, nn.Tensor, nn.Loop], nn.Tensor]):
        super().__init__()
        self.step = step
        self.dot, self.additive = (
            nn.DotAttention(FEATURES, FEATURES, KEY),
            nn.AdditiveAttention(FEATURES, FEATURES, KEY),
        )
        self.linear, self.heads = nn.Linear(FEATURES, KEY), nn.Linear(FEATURES, HEADS * HEAD.size)
        self.cell = nn.LstmCell(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        x = frames()
        loop = nn.Loop()
        loop.state.sum = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            y = self.step(self, loop.unstack(x), loop)
            loop.state.sum = loop.state.sum + nn.reduce_sum(y) * 0.1 + nn.zeros([nn.batch_dim, FEATURES])
            return {"steps": loop.stack(y), "last": loop.last(y), "sums": loop.stack(loop.state.sum)}


def dot_attention(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return model.dot(frame, frames()) + frame


def additive_attention(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return model.additive(frame, frames())


def attention_to_other_frames(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return model.dot(frame, other_frames())


def causal_by_a_mask(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    energy = nn.dot(frames(), frame)
    energy = nn.where(nn.range_over(TIME, like=frames()) <= loop.iter_idx, energy, -1e9)
    return nn.dot(nn.softmax_over_spatial(energy), frames(), reduce=TIME)


def local_by_a_mask(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    distance = abs(nn.range_over(TIME, like=frames()) - loop.iter_idx)
    return nn.dot(
        nn.softmax_over_spatial(nn.where(distance <= 1, nn.dot(frames(), frame), -1e9)), frames(), reduce=TIME
    )


def largest_distance(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.reduce_max(abs(frames() - frame), TIME)


def least_distance_to_encoded(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.reduce_min(abs(model.linear(frames()) - model.linear(frame)), TIME)


def rank(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.reduce_sum(nn.cast(frames() < frame, "float32"), TIME)


def mean_of_products(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.reduce_mean(frames() * frame, TIME)


def times_the_number_of_the_step(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.reduce_sum(frames() * frame, TIME) * nn.cast(loop.iter_idx, "float32")


def of_the_next_frame(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.gather(frames(), loop.iter_idx + 1) - frame


def of_the_frame_with_the_same_number(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.gather(other_frames(), loop.iter_idx) * frame


def of_positions_that_the_frame_tells(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.gather(frames(), nn.cast(abs(nn.reduce_sum(frame)), "int32"))


def heads(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    keys = nn.split_dims(model.heads(frames()), [HEADS, HEAD])
    query = nn.split_dims(model.heads(frame), [HEADS, HEAD])
    weights = nn.softmax_over_spatial(nn.dot(query, keys, reduce=HEAD))
    return nn.merge_dims(nn.dot(weights, keys, reduce=TIME), [HEADS, HEAD], out_dim=HEADS * HEAD.size)


def reversed_cumulated(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.reduce_max(nn.cum_sum(nn.reverse(frames()) * frame), TIME)


def of_the_frame_before(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return model.dot(loop.state.frame, frames())


def with_a_query_of_features_and_time(model: Model, frame: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    joined = nn.concat(frames(), nn.tanh(frame))
    return nn.reduce_max(joined, TIME)


STEPS = [
    dot_attention,
    additive_attention,
    attention_to_other_frames,
    causal_by_a_mask,
    local_by_a_mask,
    largest_distance,
    least_distance_to_encoded,
    rank,
    mean_of_products,
    times_the_number_of_the_step,
    of_the_next_frame,
    of_the_frame_with_the_same_number,
    of_positions_that_the_frame_tells,
    heads,
    reversed_cumulated,
    with_a_query_of_features_and_time,
]


@pytest.mark.parametrize("step", STEPS)
def test_only_the_sum_stays(step: Callable[[Model, nn.Tensor, nn.Loop], nn.Tensor]) -> None:
    """What looks at all frames is computed for all steps at once, before the loop of the state that adds it up."""
    after = split(Model(step))
    kinds = set(steps(after))
    assert kinds <= {"state", "rec_unstack", "add"}, kinds


def test_without_a_state_there_is_no_loop() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.DotAttention(FEATURES, FEATURES, KEY)

        def forward(self) -> nn.Tensor:
            with nn.Loop() as loop:
                frame = loop.unstack(frames())
                return loop.stack(self.attention(frame, frames()) + frame)

    assert not split(Attention()).loops


def test_the_query_is_a_state() -> None:
    """Here nothing is computed for all steps, so the steps need no axis of their own."""

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.DotAttention(FEATURES, FEATURES, KEY)

        def forward(self) -> nn.Tensor:
            loop = nn.Loop()
            loop.state.context = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                query = loop.unstack(frames()) + loop.state.context
                loop.state.context = self.attention(query, frames())
                return loop.stack(loop.state.context)

    after = split(Attention())
    assert {op.name for op in after.all_ops()} & {"replace_dim"} == set()
    assert [name for name in steps(after) if name == "linear"] == ["linear"], "that of the keys is before the loop"


def test_other_loop_over_the_same_axis_inside() -> None:
    """The inner one has an axis of its own, as its results have the outer one's steps beside it."""

    def model() -> dict[str, nn.Tensor]:
        with nn.Loop() as outer:
            frame = outer.unstack(frames())
            with nn.Loop() as inner:
                pair = nn.tanh(inner.unstack(other_frames()) * frame)
                pairs, best = inner.stack(pair), inner.last(pair)
            total = nn.reduce_sum(pairs, pairs.spatial_dim)
            return {"sum": outer.stack(total), "last": outer.stack(best)}

    assert not split(model).loops


def test_static_axis() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            number = loop.unstack(vector(), axis=FEATURES)
            return loop.stack(nn.reduce_sum(nn.cast(vector() < number, "float32")))

    assert not split(model).loops
