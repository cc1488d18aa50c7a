"""Quirks that have to do with axes and types of values."""

from __future__ import annotations

from recipe import nn

from ...inputs import FEATURES, LABELS, TIME, classes, frames, other_frames, vector
from .case import Case


def softmax_over_six_axes() -> nn.Tensor:
    x = nn.expand(frames(), [nn.Dim(2, name) for name in ("first", "second", "third")])
    return nn.reduce_sum(nn.softmax(x) * x)


def labels_in_windows() -> nn.Tensor:
    return nn.unfold(classes(), 3, padding="valid")


def constant_over_pooled_frames() -> nn.Tensor:
    pooled = nn.pool(frames(), 2)
    return nn.zeros([nn.batch_dim, pooled.spatial_dim]) + nn.reduce_sum(pooled)


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


def softmax_in_a_loop_over_features() -> nn.Tensor:
    with nn.Loop() as loop:
        frame = loop.unstack(frames())
        with nn.Loop() as inner:
            weights = nn.softmax(frame * inner.unstack(frame, axis=FEATURES))
            means = inner.stack(nn.dot(weights, frame))
        return loop.stack(means)


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


def pooled_frames_beside_each() -> nn.Tensor:
    """A value along the frames and along what was pooled of them, which each step sums up."""
    pooled = nn.pool(frames(), 2)
    with nn.Loop() as loop:
        both = nn.tanh(pooled + loop.unstack(frames()))
        return loop.stack(nn.reduce_sum(nn.where(both > 0.0, both, pooled), pooled.spatial_dim))


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


CASES = [
    Case("equal_axes", attention_between_longer_frames, "has the dims"),
    Case("equal_axes", products_of_merged_features, "has the dims"),
    Case("axes_of_hypotheses", LabelsFromStates(), "require broadcasting to"),
    Case("several_fixed_axes", softmax_in_a_loop_over_features, "Mismatched elements"),
    Case("softmax_of_many_axes", softmax_over_six_axes, "node 'softmax/activation/Softmax'"),
    Case("derived_axes", pooled_frames_beside_each, "cannot match the axes|require broadcasting|[Ii]ncompatible"),
    Case("lengths_of_constants", constant_over_pooled_frames, "dynamic dim .* undefined"),
    Case("features_of_argmax", LinearOfLookedUpLabels(), "does not match Data .*'feature_dim_axis': None"),
    Case("initial_state_of_lstm", LstmFromACell(), "are 10 and 5"),
    Case("positions_per_sequence", frame_of_another_sequence_by_the_step, "require broadcasting to"),
    Case("labels_at_positions", labels_in_windows, "cannot have feature_dim_axis when sparse"),
    Case("rows_of_variables", LabelsOfTheStateInAnInnerLoop(), "(?s)Incompatible shapes: .*embedding_lookup"),
]
