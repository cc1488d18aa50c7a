"""An input sequence that has no frame, beside others that have some: nothing reads its padding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recipe import nn
from recipe.nn.tf_layers.pipeline import Pipeline

from ...models.small_model import small_model
from ..agreement import check_agreement, ragged_frames, ragged_labels
from ..inputs import CLASSES, FEATURES, FRAMES, LABELS, VECTOR, classes, frames, vector

pytestmark = pytest.mark.xdist_group("returnn-1")

LENGTHS = (4, 0, 3)
FEEDS: dict[str, Any] = {
    FRAMES.name: ragged_frames(LENGTHS, FEATURES.size, seed=1),
    CLASSES.name: ragged_labels(LENGTHS, LABELS.size, seed=3),
    VECTOR.name: ragged_frames([1, 1, 1], FEATURES.size, seed=4)[0][:, 0],
}


def entries() -> dict[str, nn.Tensor]:
    """By number and by position, of frames and of labels, also as many as another axis has."""
    x = frames()
    position = nn.constant(1, [nn.batch_dim], dtype="int32")
    return {
        "first": x[0],
        "last": x[-1],
        "by_position": nn.gather(x + 1.0, position),
        "label": classes()[0],
        "several": nn.gather(x, nn.range_over(nn.Dim(3, "three"))),
        "of_all": nn.gather(x, nn.range_over(x.spatial_dim, like=x)),
    }


def entries_in_each_step() -> nn.Tensor:
    """Frames by a position that is a state, in a loop over something else."""
    x = frames()
    loop = nn.Loop(max_seq_len=3)
    loop.state.position = nn.zeros([nn.batch_dim], dtype="int32")
    loop.state.s = vector()
    with loop:
        loop.state.s = nn.tanh(x[loop.state.position] + loop.state.s)
        loop.state.position = loop.state.position + 1
        loop.end(loop.state.position >= 2, include_eos=True)
        return loop.stack(loop.state.s)


def extremes() -> dict[str, nn.Tensor]:
    """Along the frames, along frames and features, and of what was made of the frames."""
    x = frames()
    return {
        "greatest": nn.reduce_max(x, "T"),
        "least": nn.reduce_min(x * 2.0, ["T", FEATURES]),
        "of_pooled": nn.reduce_max(nn.pool(x, 2), "T"),
    }


def weights() -> dict[str, nn.Tensor]:
    """Softmax over frames, and what is summed up by it."""
    x = frames()
    weight = nn.softmax_over_spatial(nn.reduce_sum(x))
    return {"weights": weight, "sum": nn.dot(weight, x, reduce=x.spatial_dim), "total": nn.reduce_sum(weight, "T")}


def weights_in_steps() -> dict[str, nn.Tensor]:
    """In a loop: weights of frames from outside, of what is made in the step, and weights read alone."""
    x = frames()
    two = nn.Dim(2, "two")
    numbers = nn.range_over(two)
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        loop.unstack(numbers, axis=two)
        of_outside, of_step, read = [nn.softmax_over_spatial(nn.dot(x, loop.state.s) * n) for n in (1.0, 2.0, 3.0)]
        context = nn.dot(of_outside, x, reduce=x.spatial_dim)
        own = nn.dot(of_step, x + loop.state.s, reduce=x.spatial_dim)
        total = nn.reduce_sum(read, x.spatial_dim) + nn.reduce_sum(nn.dot(read, x, reduce=x.spatial_dim))
        loop.state.s = nn.tanh(context + own + total)
        return {"s": loop.stack(loop.state.s)}


def weights_of_logarithms() -> dict[str, nn.Tensor]:
    """In a loop, of values that are no numbers in the padding."""
    x = frames()
    logarithm = nn.log(76.0 - x)
    two = nn.Dim(2, "two")
    numbers = nn.range_over(two)
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        loop.unstack(numbers, axis=two)
        weight = nn.softmax_over_spatial(nn.dot(x, loop.state.s))
        loop.state.s = nn.tanh(nn.dot(weight, logarithm, reduce=x.spatial_dim))
        return {"s": loop.stack(loop.state.s)}


class Attention(nn.Module):
    """To frames that an LSTM made, from each frame and from a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES)
        self.attention = nn.DotAttention(FEATURES, FEATURES, nn.Dim(3, "key"))
        self.own = nn.CausalSelfAttention(FEATURES, nn.Dim(3, "key"), FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        encoder, state = self.lstm(frames())
        context = self.attention(vector(), encoder)
        two = nn.Dim(2, "two")
        numbers = nn.range_over(two)
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            loop.unstack(numbers, axis=two)
            loop.state.s = nn.tanh(self.attention(loop.state.s, encoder) + loop.state.s)
            steps = loop.stack(loop.state.s)
        with nn.Loop() as other:
            own = other.stack(self.own(other.unstack(encoder)))
        for name, x in {"context": context, "steps": steps, "own": own, "h": state.h}.items():
            nn.reduce_sum(x).mark_as_loss(f"loss_of_{name}")
        return {"context": context, "steps": steps, "own": own, "h": state.h}


@pytest.mark.parametrize(
    "model",
    [entries, entries_in_each_step, extremes, weights, weights_in_steps, weights_of_logarithms],
    ids=lambda model: model.__name__,
)
def test_values(model: Callable[[], Any]) -> None:
    check_agreement(model, FEEDS)


@pytest.mark.parametrize(
    ("model", "quirk"),
    [
        (entries, "entries_of_nothing"),
        (weights, "softmax_of_no_frames"),
        (weights_in_steps, "softmax_of_no_frames"),
    ],
)
def test_what_is_read_without_the_work_around(model: Callable[[], Any], quirk: str) -> None:
    with pytest.raises(AssertionError, match="Mismatched elements|nan location mismatch"):
        check_agreement(model, FEEDS, without_quirks=[quirk])


@pytest.mark.parametrize(("model", "in_steps"), [(weights_in_steps, 2), (weights_of_logarithms, 0)])
def test_values_from_outside_are_masked_once(model: Callable[[], Any], in_steps: int) -> None:
    """In the steps only weights are, of what changes there, and those that something else reads, too."""
    layers = list(Pipeline(nn.Network(model)).run().all_layers())
    masked = [layer.network.parent is None for layer in layers if layer.options["class"] == "seq_len_mask"]
    assert masked == [True] + [False] * in_steps


def test_attention_and_its_gradients() -> None:
    check_agreement(Attention(), FEEDS, train=True, gradients=True)


def test_search_from_nothing() -> None:
    """What a decoder writes for a sequence without frames does not depend on the others' lengths."""
    network = nn.Network(small_model(), search=nn.BeamSearch(3))
    data = network.extern_data["data"]
    assert data.sparse_dim is not None
    check_agreement(network, {"data": ragged_labels(LENGTHS, data.sparse_dim.size, seed=3)})
