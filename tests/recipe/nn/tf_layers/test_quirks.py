"""Work-arounds of recipe/nn/tf_layers/quirks: for each a program that RETURNN does not compute without it."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.tf_layers.pipeline import Pipeline
from recipe.nn.tf_layers.quirks import QUIRKS

from ....without_returnn import is_left_out
from .. import returnn_run
from ..agreement import check_agreement, ragged_frames, random_parameters
from ..inputs import FEATURES, FEEDS, TIME, frames, vector
from ..returnn_run import run_returnn
from .programs_of_quirks import axes, ends_and_losses, sequences_in_steps, shapes_of_states
from .programs_of_quirks.case import Case

pytestmark = pytest.mark.xdist_group("returnn-1")


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


CASES = [*axes.CASES, *sequences_in_steps.CASES, *shapes_of_states.CASES, *ends_and_losses.CASES]
WITH_TESTS_OF_THEIR_OWN = {
    "batch_major_frames",
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

    def noting(draw: Any) -> Any:
        def noted(shape: Any, *arguments: Any, **options: Any) -> Any:
            made = draw(shape, *arguments, **options)
            if made.dtype == tf.float32:
                floats.append(made.shape.as_list())
            return made

        return noted

    monkeypatch.setattr(tf.random, "stateless_uniform", noting(tf.random.stateless_uniform))
    monkeypatch.setattr(tf.compat.v1, "random_uniform", noting(tf.compat.v1.random_uniform))
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
    for without in (frozenset[str](), frozenset({"pairs_of_dims"})):
        layers = Pipeline(network, without=without).run().layers
        kinds[without] = [type(layer.options["set_dim_tags"]) for layer in layers if "set_dim_tags" in layer.options]
    assert list(kinds.values()) == [[list, dict], [dict, dict]]
