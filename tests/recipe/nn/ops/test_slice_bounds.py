"""Parts of axes whose bounds are dims, numbers that a job gives, or tensors, against slices of each sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames
from ..inputs import FEATURES, LABELS, TIME, frames

pytestmark = pytest.mark.xdist_group("returnn-1")

ONE, OTHER = nn.Dim(2, "one"), nn.Dim(3, "other")
JOINED = nn.ExternData("joined", [nn.batch_dim, TIME, ONE + OTHER])
POSITION = nn.ExternData("position", [nn.batch_dim], dtype="int32")
LENGTHS, POSITIONS = (4, 0, 3), (1, 2, 0)
FEEDS: dict[str, Any] = {
    JOINED.name: ragged_frames(LENGTHS, 5, seed=1),
    POSITION.name: numpy.array(POSITIONS, "int32"),
    "data": ragged_frames(LENGTHS, FEATURES.size, seed=2),
}


class OfJob:
    """What a job gives."""

    def __init__(self, value: int):
        self.value = value

    def get(self) -> int:
        """The value."""
        return self.value

    def _sis_hash(self) -> bytes:
        return b"of a job"


LATER = nn.Dim(OfJob(2), "later")

OF_FRAMES: dict[str, tuple[Callable[[nn.Tensor, nn.Tensor], nn.Tensor], Callable[[int], slice]]] = {
    "from": (lambda x, p: nn.slice(x, p, axis=TIME), lambda p: slice(p, None)),
    "to": (lambda x, p: nn.slice(x, 1, end=p + 2, axis=TIME), lambda p: slice(1, p + 2)),
    "two": (lambda x, p: nn.slice(x, p, 2, axis=TIME), lambda p: slice(p, p + 2)),
    "so many": (lambda x, p: nn.slice(x, 0, p, axis=TIME), lambda p: slice(0, p)),
    "but the last": (lambda x, p: nn.slice(x, p, end=-1, axis=TIME), lambda p: slice(p, -1)),
    "around": (lambda x, p: nn.slice(x, p - 1, end=p + 1, axis=TIME), lambda p: slice(max(p - 1, 0), p + 1)),
    "of a job": (lambda x, p: nn.slice(x, OfJob(1), axis=TIME), lambda p: slice(1, None)),
    "by dims": (lambda x, p: nn.slice(x, ONE, end=OTHER, axis=TIME), lambda p: slice(2, 3)),
    "by a later dim": (lambda x, p: nn.slice(x, LATER, axis=TIME), lambda p: slice(2, None)),
}
OF_FEATURES: dict[str, tuple[Callable[[nn.Tensor], nn.Tensor], slice]] = {
    "first": (lambda x: nn.slice(x, 0, end=ONE), slice(0, 2)),
    "second": (lambda x: nn.slice(x, ONE), slice(2, 5)),
    "second, later": (lambda x: nn.slice(x, LATER), slice(2, 5)),
    "one, of a job": (lambda x: nn.slice(x, OfJob(1), 1), slice(1, 2)),
}


def test_bounds() -> None:
    def model() -> dict[str, nn.Tensor]:
        x, position = nn.get_extern_data(JOINED), nn.get_extern_data(POSITION)
        parts = {name: part(x, position) for name, (part, _) in OF_FRAMES.items()}
        parts |= {name: part(x) for name, (part, _) in OF_FEATURES.items()}
        parts["per sequence"] = nn.slice(x, position, ONE)
        assert parts["first"].feature_dim is ONE and parts["second"].feature_dim is OTHER
        return {**parts, "twice": parts["from"] + nn.slice(x, position, axis=TIME)}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    value, lengths = FEEDS[JOINED.name]
    for row, (length, position) in enumerate(zip(lengths, POSITIONS)):
        x = value[row, :length]
        for name, (_, expected) in OF_FRAMES.items():
            (counts,) = outputs[name].lengths.values()
            part = x[expected(position)]
            assert counts[row] == len(part), name
            numpy.testing.assert_array_equal(outputs[name].value[row, : counts[row]], part, err_msg=name)
        for name, (_, features) in OF_FEATURES.items():
            numpy.testing.assert_array_equal(outputs[name].value[row, :length], x[:, features], err_msg=name)
        part = x[:, position : position + 2]
        numpy.testing.assert_array_equal(outputs["per sequence"].value[row, :length], part)


class Search(nn.Module):
    """Each hypothesis sees the frames from a position of its own to the step."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        x = frames()
        loop = nn.Loop(max_seq_len=3)
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            seen = nn.slice(x, nn.cast(loop.state.label, "int32") % 3, end=loop.iter_idx + 2, axis=TIME)
            logits = self.output(nn.reduce_sum(nn.tanh(seen), "T"))
            loop.state.label = nn.choice(logits, search=nn.BeamSearch(3))
            loop.end(loop.state.label == 0)
            return loop.stack(loop.state.label)


def test_in_the_steps_of_a_search() -> None:
    check_agreement(Search(), FEEDS)


@pytest.mark.parametrize(
    "part,parts",
    [
        (lambda x, p: nn.slice(x, 0, p), ["has a fixed size", "its size is an int or a Dim", "nn.where("]),
        (lambda x, p: nn.slice(x, 0, end=OfJob(2)), ["its end is an int or a Dim", "nn.Dim(value, 'name')"]),
        (lambda x, p: nn.slice(x, p), ["say of how many entries: nn.slice(x, start, size)"]),
        (lambda x, p: nn.slice(x, TIME, axis=TIME), ["one of fixed size, not time", "nn.length(time, like=x)"]),
        (lambda x, p: nn.slice(x, nn.reduce_sum(x), axis=TIME), ["start is int32", "nn.cast(x, 'int32')"]),
        (lambda x, p: nn.slice(x, 0, nn.range_over(TIME, like=x), axis=TIME), ["has [time]", "a sequence has one"]),
    ],
)
def test_what_is_no_bound(part: Callable[[nn.Tensor, nn.Tensor], nn.Tensor], parts: list[str]) -> None:
    with pytest.raises(nn.NetworkError) as caught:
        nn.Network(lambda: part(nn.get_extern_data(JOINED), nn.get_extern_data(POSITION)))
    for one in parts:
        assert one in str(caught.value)


def test_advice_for_entries_up_to_another_one_in_each_sequence() -> None:
    def model() -> nn.Tensor:
        x, end, dim = nn.get_extern_data(JOINED), nn.get_extern_data(POSITION), ONE + OTHER
        return nn.where(nn.range_over(dim) < nn.expand(end, [dim]), x, 0.0)

    check_agreement(model, FEEDS)
