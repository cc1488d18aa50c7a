"""Work-arounds of recipe/nn/tf_layers/quirks: for each a program that RETURNN does not compute without it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
import pytest

from recipe import nn
from recipe.nn.tf_layers.pipeline import Pipeline
from recipe.nn.tf_layers.quirks import QUIRKS

from ....without_returnn import is_left_out
from ..agreement import check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, LABELS, classes, frames, other_frames, vector
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


class LstmOverStepsThatACountEnds(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES, 3)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=5)
        loop.state.s = vector()
        with loop:
            loop.state.s = nn.tanh(loop.state.s) + 0.5
            loop.end(loop.iter_idx >= 2)
            steps = loop.stack(loop.state.s)
        return self.lstm(steps)[0]


def history_of_a_vector() -> nn.Tensor:
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        history = nn.cum_concat(vector())
        similar = nn.reduce_sum(history * loop.state.s, history.spatial_dim)
        loop.state.s = nn.tanh(loop.state.s + similar) + loop.unstack(frames())
        return loop.stack(loop.state.s)


class AttentionToLstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES, FEATURES)

    def forward(self, has_loss: bool) -> nn.Tensor | None:
        keys, _ = self.lstm(frames())
        loop = nn.Loop(max_seq_len=3)
        loop.state.s = vector()
        with loop:
            weights = nn.softmax_over_spatial(nn.dot(loop.state.s, keys))
            loop.state.s = nn.tanh(nn.dot(weights, keys, reduce=keys.spatial_dim) + loop.state.s)
            loop.end(loop.iter_idx >= 2)
            steps = loop.stack(loop.state.s)
        if not has_loss:
            return steps
        nn.reduce_sum(steps).mark_as_loss("sum")
        return None


CASES = [
    Case("lengths_of_constants", constant_over_pooled_frames, "dynamic dim .* undefined"),
    Case("ends_per_sequence", LstmOverStepsThatACountEnds(), "sequence_length must be a vector of length batch_size"),
    Case("previous_in_inner_loops", state_read_in_a_loop_that_counts, "dependency loop on layer 'output'"),
    Case("states_before_inner_loops", two_loops_from_one_state, "dependency loop on layer 'start'"),
    Case("type_of_states", count_of_a_count, "dependency loop on layer 'output'"),
    Case("features_of_argmax", LinearOfLookedUpLabels(), "does not match Data .*'feature_dim_axis': None"),
    Case("history_of_outer_values", history_of_a_vector, "^$"),
    Case("initial_state_of_lstm", LstmFromACell(), "are 10 and 5"),
    Case("positions_per_sequence", frame_of_another_sequence_by_the_step, "require broadcasting to"),
    Case("rows_of_variables", LabelsOfTheStateInAnInnerLoop(), "(?s)Incompatible shapes: .*embedding_lookup"),
]
WITH_TESTS_OF_THEIR_OWN = {"one_dropout_of_a_layer", "batch_major_frames"}


def test_each_has_a_test() -> None:
    assert {case.quirk for case in CASES} | WITH_TESTS_OF_THEIR_OWN == {quirk.name for quirk in QUIRKS}


@pytest.mark.parametrize("case", CASES, ids=[case.quirk for case in CASES])
def test_without_it_returnn_fails(case: Case) -> None:
    network = nn.Network(case.model)
    options: dict[str, Any] = {"parameters": random_parameters(network), "train": bool(network.losses)}
    options["gradients"] = bool(network.losses)
    feeds = {name: FEEDS[name] for name in network.extern_data}
    check_agreement(network, feeds, **options)
    if is_left_out():
        return
    with pytest.raises(Exception, match=case.failure):
        check_agreement(network, feeds, without_quirks=[case.quirk], **options)


def test_dropouts_of_one_value_draw_their_own_masks() -> None:
    network = nn.Network(lambda: nn.dropout(frames(), 0.5) - nn.dropout(frames(), 0.5))
    with_it, without_it = (
        run_returnn(network, {"data": FEEDS["data"]}, train=True, without_quirks=without)
        for without in ((), ["one_dropout_of_a_layer"])
    )
    assert numpy.abs(with_it.outputs["output"].value).max() > 0.0
    numpy.testing.assert_array_equal(without_it.outputs["output"].value, 0.0)


def test_frames_of_attention_are_batch_major_where_a_cpu_trains() -> None:
    """Results are the same without it, only slower, so what is compared is where the dots of the loop read."""
    training, inference = (nn.Network(AttentionToLstm(), has_loss=has_loss) for has_loss in (True, False))
    assert _frames_of_dots(training, "cpu") == ["lstm_batch_major"] * 2
    for other in (
        _frames_of_dots(training, "cpu", "batch_major_frames"),
        _frames_of_dots(training, "gpu"),
        _frames_of_dots(inference, "cpu"),
    ):
        assert other == ["lstm"] * 2
    feeds = {name: FEEDS[name] for name in training.extern_data}
    check_agreement(training, feeds, train=True, gradients=True)


def _frames_of_dots(network: nn.Network, device: str, *without: str) -> list[str]:
    """The layers that dots in loops read last."""
    layers = Pipeline(network, device, without=frozenset(without)).run().all_layers()
    sources = [layer.options["from"][-1] for layer in layers if layer.options["class"] == "dot"]
    return [source.layer().name for source in sources]
