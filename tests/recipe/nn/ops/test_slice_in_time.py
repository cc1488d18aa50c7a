"""Parts of sequences and of features, against plain slices of each sequence, and in RETURNN."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, LENGTHS, TIME, classes, frames, other_frames, vector

pytestmark = pytest.mark.xdist_group("returnn-1")
PARTS: dict[str, tuple[dict[str, Any], slice]] = {
    "the first ones": ({"size": 2}, slice(0, 2)),
    "all but the first": ({"start": 1}, slice(1, None)),
    "more than some have": ({"start": 2, "end": 4}, slice(2, 4)),
    "all but the last": ({"end": -1}, slice(0, -1)),
    "neither the first nor the last": ({"start": 1, "end": -1}, slice(1, -1)),
    "one": ({"start": 3, "size": 1}, slice(3, 4)),
    "nothing": ({"start": 9}, slice(9, None)),
    "nothing of any": ({"start": 2, "end": 2}, slice(2, 2)),
}


def of_sequences(name: str) -> list[numpy.ndarray]:
    """The frames of an input, sequence by sequence."""
    value, lengths = FEEDS[name]
    return [value[row, :length] for row, length in enumerate(lengths)]


def check_sequences(result: Any, expected: list[numpy.ndarray]) -> None:
    """Each sequence is as long as expected, and has these frames."""
    (lengths,) = result.lengths.values()
    assert list(lengths) == [len(frames_of) for frames_of in expected]
    for row, frames_of in enumerate(expected):
        numpy.testing.assert_allclose(result.value[row, : len(frames_of)], frames_of, rtol=1e-5, atol=1e-6)


class Parts(nn.Module):
    """All parts, of vectors and of labels, and an embedding and a loss of some."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        parts = {}
        for name, (arguments, _) in PARTS.items():
            parts[name] = nn.slice(frames(), axis=TIME, **arguments)
            parts[f"labels: {name}"] = nn.slice(classes(), axis="T", **arguments)
        nn.reduce_sum(self.embedding(nn.slice(classes(), 1, axis=TIME))).mark_as_loss("sum")
        return parts


def test_parts_of_sequences() -> None:
    run = check_agreement(Parts(), FEEDS, gradients=True, train=True)
    for name, (_, part) in PARTS.items():
        check_sequences(run.in_numpy.outputs[name], [x[part] for x in of_sequences("data")])
        check_sequences(run.in_numpy.outputs[f"labels: {name}"], [x[part] for x in of_sequences("classes")])
    table = run.in_returnn.parameters["embedding/W"]
    sums = numpy.concatenate([table[x[1:]].sum(axis=-1) for x in of_sequences("classes")])
    numpy.testing.assert_allclose(run.in_numpy.losses["sum"], sums.mean(), rtol=1e-5)
    assert numpy.abs(run.in_returnn.gradients["embedding/W"]).max() > 0


def test_nothing_reads_the_padding() -> None:
    value, lengths = FEEDS["data"]
    value = value.copy()
    for row, length in enumerate(lengths):
        value[row, length:] = numpy.nan

    def model() -> dict[str, nn.Tensor]:
        part = nn.slice(frames(), 1, axis=TIME)
        return {"sum": nn.reduce_sum(part, "T"), "part": part}

    run = check_agreement(model, {**FEEDS, "data": (value, lengths)})
    check_sequences(run.in_numpy.outputs["part"], [x[1:] for x in of_sequences("data")])


def test_what_is_made_of_sequences_without_frames() -> None:
    """Attention to a part that some sequences have nothing of, with no numbers in the padding; numbers of frames."""
    value, lengths = FEEDS["data"]
    value = value.copy()
    for row, length in enumerate(lengths):
        value[row, length:] = numpy.nan

    def model() -> dict[str, nn.Tensor]:
        part = nn.slice(frames(), 3, axis=TIME)
        numbers = nn.slice(nn.range_over(TIME, like=frames()), 1, axis=TIME)
        weights = nn.softmax_over_spatial(nn.reduce_sum(part))
        return {
            "context": nn.dot(weights, part, reduce=part.spatial_dim),
            "mean": nn.reduce_mean(part, "T"),
            "longer": nn.postfix_in_time(part, 0.5),
            "numbers": nn.expand(numbers, [nn.batch_dim]),
        }

    run = check_agreement(model, {**FEEDS, "data": (value, lengths)}).in_numpy.outputs
    data = FEEDS["data"][0]
    numpy.testing.assert_allclose(run["context"].value, [data[0, 3], numpy.zeros(5), numpy.zeros(5)], rtol=1e-5)
    numpy.testing.assert_allclose(run["mean"].value[0], data[0, 3], rtol=1e-5)
    numpy.testing.assert_array_equal(run["mean"].value[1:], 0.0)
    assert list(run["numbers"].value[0]) == [1, 2, 3]


def test_parts_fit_together_and_can_be_gone_over() -> None:
    """What starts at the same frame has one axis; differences of neighbours; a loop, pooling and a cell over a part."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        later, earlier = nn.slice(x, 1, axis=TIME), nn.slice(x, end=-1, axis=TIME)
        assert later.spatial_dim is nn.slice(other_frames(), 1, axis=TIME).spatial_dim
        with nn.Loop() as loop:
            loop.state.s = loop.state.s * 0.5 + loop.unstack(later)
            steps = loop.stack(loop.state.s)
        return {
            "difference": later - nn.replace_dim(earlier, out_dim=later.spatial_dim),
            "steps": steps,
            "pooled": nn.pool(later, 2),
            "part of a part": nn.slice(later, 1, 2, axis="T"),
        }

    run = check_agreement(model, FEEDS)
    sequences = of_sequences("data")
    check_sequences(run.in_numpy.outputs["difference"], [x[1:] - x[:-1] for x in sequences])
    check_sequences(run.in_numpy.outputs["part of a part"], [x[2:4] for x in sequences])
    expected = []
    for x in sequences:
        s, steps = numpy.zeros(5), []
        for frame in x[1:]:
            s = s * 0.5 + frame
            steps.append(s)
        expected.append(numpy.array(steps))
    check_sequences(run.in_numpy.outputs["steps"], expected)


def test_in_the_steps_of_a_loop() -> None:
    """Of a state that is a sequence, of what an inner loop stacks, and of all frames so far."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.row, loop.state.s = other_frames(), vector()
        with loop:
            x = loop.unstack(frames()) + loop.state.s
            later = nn.slice(loop.state.row, 1, axis=TIME)
            inner = nn.Loop(max_seq_len=3)
            inner.state.t = x
            with inner:
                inner.state.t = nn.tanh(inner.state.t)
                inner.end(inner.iter_idx >= 2, include_eos=True)
                rows = inner.stack(inner.state.t)
            first = nn.reduce_sum(nn.slice(rows, 0, 2, axis="T"), "T")
            recent = nn.reduce_sum(nn.slice(nn.cum_concat(x), 1, axis="T"), "T")
            loop.state.s = nn.tanh(first + nn.reduce_sum(later, "T")) * 0.5
            loop.state.row = loop.state.row * 0.5 + loop.state.s
            return {"s": loop.stack(loop.state.s), "recent": loop.stack(recent)}

    run = check_agreement(model, FEEDS)
    expected: dict[str, list[numpy.ndarray]] = {"s": [], "recent": []}
    for x, row, s in zip(of_sequences("data"), of_sequences("other"), FEEDS["vector"]):
        states, recent, history = [], [], []
        for frame in x:
            history.append(frame + s)
            rows = [numpy.tanh(frame + s)]
            rows.append(numpy.tanh(rows[0]))
            s = numpy.tanh(rows[0] + rows[1] + row[1:].sum(axis=0)) * 0.5
            row = row * 0.5 + s
            states.append(s)
            recent.append(numpy.sum(history[1:], axis=0) if history[1:] else numpy.zeros(5))
        expected["s"].append(numpy.array(states))
        expected["recent"].append(numpy.array(recent))
    for name, sequences in expected.items():
        check_sequences(run.in_numpy.outputs[name], sequences)


class Found(nn.Module):
    """A part of the input in each step of a search, and a part of what it found."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=3)
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            y = self.embedding(loop.state.label)
            x = nn.tanh(nn.slice(frames(), 1, axis=TIME) * y)
            loop.state.label = nn.choice(self.output(nn.reduce_sum(x, "T") + y), search=nn.BeamSearch(3))
            loop.end(loop.state.label == 0)
            found = loop.stack(loop.state.label)
        return {"found": found, "later": nn.slice(found, 1, axis="T")}


def test_in_a_search() -> None:
    run = check_agreement(Found(), FEEDS)
    found, later = run.in_numpy.outputs["found"], run.in_numpy.outputs["later"]
    (lengths,) = found.lengths.values()
    check_sequences(later, [found.value[row, 1 : max(length, 1)] for row, length in enumerate(lengths)])


def test_features() -> None:
    def model() -> dict[str, nn.Tensor]:
        x = frames()
        return {
            "by size": nn.slice(x, 1, 3),
            "by end": nn.slice(x, 1, end=4),
            "from": nn.slice(x, 2),
            "negative end": nn.slice(x, 1, end=-2, axis=FEATURES),
        }

    run = check_agreement(model, FEEDS)
    data = FEEDS["data"][0]
    for name, part in {
        "by size": slice(1, 4),
        "by end": slice(1, 4),
        "from": slice(2, 5),
        "negative end": slice(1, 3),
    }.items():
        numpy.testing.assert_array_equal(run.in_numpy.outputs[name].value, data[..., part])


@pytest.mark.parametrize(
    "arguments,parts",
    [
        ({"size": 2, "end": 3}, ["either so many entries, 2, or those before one, end=3"]),
        ({"start": -2}, ['nn.reverse(nn.slice(nn.reverse(x, axis="T"), 0, 2, axis="T"), axis="T")']),
        ({"size": 0}, ["an int from 1 on, not 0"]),
        ({"size": nn.Dim(2, "two")}, ["an int from 1 on, not two=2", "nn.gather(x, 0 + nn.range_over(dim,"]),
        ({"start": 1.5}, ["start is an int, not 1.5"]),
        ({"size": 2, "axis": nn.batch_dim}, ["over the batch", "side by side"]),
        ({"start": 3, "end": 2, "axis": FEATURES}, ["no entry from 3 on that is before 2"]),
        ({"start": 3, "size": 4, "axis": FEATURES}, ["has the entries 0 to 4, not 3 to 6"]),
    ],
)
def test_what_is_no_part(arguments: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(nn.NetworkError) as caught:
        nn.Network(lambda: nn.slice(frames(), **{"axis": TIME, **arguments}))
    for part in parts:
        assert part in str(caught.value)


def test_advice_for_the_last_frames_and_for_a_fixed_number() -> None:
    def model() -> dict[str, nn.Tensor]:
        x, axis, dim = frames(), TIME, nn.Dim(2, "two")
        last = nn.slice(nn.reverse(x, axis=axis), 0, 2, axis=axis)
        fixed = nn.gather(x, 1 + nn.range_over(dim, like=nn.zeros([dim])), axis=axis)
        return {"last": nn.reverse(last), "fixed": fixed}

    run = check_agreement(model, FEEDS)
    check_sequences(run.in_numpy.outputs["last"], [x[-2:] for x in of_sequences("data")])
    for row, length in enumerate(LENGTHS):
        positions = [min(position, length - 1) for position in (1, 2)]
        numpy.testing.assert_array_equal(run.in_numpy.outputs["fixed"].value[row], FEEDS["data"][0][row, positions])
