"""Frames before and after sequences, and one sequence behind another: NumPy against plain loops, and RETURNN."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, LABELS, TIME, VECTOR
from ..inputs import FEEDS as PLAIN_FEEDS
from .placed import (
    FEEDS,
    LABEL_SEQUENCES,
    OTHER_TIME,
    PLACES,
    SEQUENCES,
    SequenceFunction,
    check_placed,
    classes,
    frames,
    others,
)
from .slopes import check_slopes

pytestmark = pytest.mark.xdist_group("returnn-1")

VECTORS = {**FEEDS, "vector": PLAIN_FEEDS["vector"]}
OTHER_SEQUENCES = [row[:length] for row, length in zip(*FEEDS["others"])]

FUNCTIONS: dict[str, SequenceFunction] = {
    "prefix": lambda x: nn.prefix_in_time(x, 0.5),
    "prefix_of_first_frame": lambda x: nn.prefix_in_time(x, x[0]),
    "pad": lambda x: nn.pad_in_time(x, 1, 2, -0.5),
    "concat": lambda x: nn.concat_in_time(x, nn.reverse(x), nn.prefix_in_time(x, 0.5)),
    "concat_with_input": lambda x: nn.concat_in_time(frames(), x),
}


@pytest.mark.parametrize("place", PLACES)
def test_in_all_places(place: str) -> None:
    check_placed(place, FUNCTIONS, check_agreement)


@pytest.mark.parametrize("in_loop", [False, True])
@pytest.mark.parametrize("case", FUNCTIONS)
def test_gradients(case: str, in_loop: bool) -> None:
    check_slopes(FUNCTIONS[case], in_loop=in_loop)


def test_against_plain_loops() -> None:
    def model() -> dict[str, nn.Tensor]:
        x, vector = frames(), nn.get_extern_data(VECTOR)
        return {
            "prefix": nn.prefix_in_time(x, 0.5),
            "vector": nn.prefix_in_time(x, vector),
            "pad": nn.pad_in_time(x, 2, 3, 7.0),
            "after": nn.pad_in_time(x, 0, 2),
            "labels": nn.prefix_in_time(classes(), 6),
            "mask": nn.pad_in_time(nn.reduce_sum(x) > 0.0, 1, 1, True),
            "concat": nn.concat_in_time(x, others(), x),
            "concat_labels": nn.concat_in_time([classes(), classes()]),
            "concat_axes": nn.concat_in_time(x, others(), axis=[TIME, OTHER_TIME]),
        }

    outputs = check_agreement(model, VECTORS, gradients=True, train=True).in_numpy.outputs

    def constant(count: int, value: float) -> numpy.ndarray:
        return numpy.full((count, FEATURES.size), value, "float32")

    vectors = VECTORS["vector"]
    expected: dict[str, Callable[[int], list]] = {
        "prefix": lambda b: [constant(1, 0.5), SEQUENCES[b]],
        "vector": lambda b: [vectors[b][None], SEQUENCES[b]],
        "pad": lambda b: [constant(2, 7.0), SEQUENCES[b], constant(3, 7.0)],
        "after": lambda b: [SEQUENCES[b], constant(2, 0.0)],
        "labels": lambda b: [[6], LABEL_SEQUENCES[b]],
        "mask": lambda b: [[True], SEQUENCES[b].sum(axis=1) > 0, [True]],
        "concat": lambda b: [SEQUENCES[b], OTHER_SEQUENCES[b], SEQUENCES[b]],
        "concat_labels": lambda b: [LABEL_SEQUENCES[b], LABEL_SEQUENCES[b]],
        "concat_axes": lambda b: [SEQUENCES[b], OTHER_SEQUENCES[b]],
    }
    for name, parts in expected.items():
        for sequence, result in enumerate(outputs[name].sequences()):
            numpy.testing.assert_array_equal(result, numpy.concatenate(parts(sequence)), err_msg=name)
    assert outputs["prefix"].dims == (nn.batch_dim, outputs["prefix"].dims[1], FEATURES)


def test_two_prefixes_have_two_axes() -> None:
    """What is computed along both has both, as a postfix of the same axis has a third one."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        one, two, three = nn.prefix_in_time(x, 1.0), nn.prefix_in_time(x, 2.0), nn.postfix_in_time(x, 3.0)
        weights = nn.softmax_over_spatial(nn.dot(one, two), axis=one.spatial_dim)
        return {
            "products": nn.dot(one, two),
            "attention": nn.dot(weights, one, reduce=one.spatial_dim),
            "other_products": nn.dot(one, three),
            "sums": nn.combine("add", nn.reduce_sum(one), nn.reduce_sum(two), allow_broadcast_all_sources=True),
        }

    outputs = check_agreement(model, FEEDS, gradients=True, train=True).in_numpy.outputs
    for sequence, x in enumerate(SEQUENCES):
        one, two = (numpy.concatenate([numpy.full((1, 5), value, "float32"), x]) for value in (1.0, 2.0))
        products = outputs["products"].value[sequence][: len(x) + 1, : len(x) + 1]
        numpy.testing.assert_allclose(products, one @ two.T, rtol=1e-5)


class _Decoder(nn.Module):
    """Reads labels after a begin of sequence, predicts them and an end of sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.cell = nn.Embedding(LABELS, FEATURES), nn.LstmCell(FEATURES, FEATURES)
        self.begin, self.output = nn.Parameter([FEATURES], initial=0.5), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        targets = nn.postfix_in_time(classes(), 0)
        read = nn.prefix_in_time(self.embedding(classes()), self.begin)
        read = nn.replace_dim(read, out_dim=targets.spatial_dim)
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        with loop:
            h, loop.state.cell = self.cell(loop.unstack(read), loop.state.cell)
            nn.cross_entropy(self.output(h), loop.unstack(targets)).mark_as_loss()
            return loop.stack(h)


def test_labels_after_a_begin_of_sequence() -> None:
    run = check_agreement(_Decoder(), FEEDS, train=True, trains=True).in_returnn
    assert (run.trained["begin"] != run.parameters["begin"]).all()


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.both = nn.Lstm(FEATURES, 4), nn.BidirectionalLstm(FEATURES, 3)
        self.convolution = nn.Conv1d(FEATURES, 4, 3, stride=2)

    def forward(self) -> dict[str, nn.Tensor]:
        x = nn.concat_in_time(frames(), others())
        y, state = self.lstm(x)
        nn.reduce_sum(y).mark_as_loss()
        return {"y": y, "h": state.h, "both": self.both(x), "fewer": self.convolution(x), "pooled": nn.pool(x, 2)}


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_layers_over_joined_sequences(device: str) -> None:
    check_agreement(_Encoder(), FEEDS, train=True, trains=True, device=device)


def test_stacked_along_axes_that_are_made_in_the_steps() -> None:
    """Of pooled frames, and of what an inner loop makes as many of in each step."""

    def model() -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with outer:
            inner = nn.Loop()
            inner.state.g = outer.unstack(frames()) + outer.state.h
            with inner:
                inner.state.g = nn.tanh(1.1 * inner.state.g)
                inner.end(inner.iter_idx >= 2)
                stacked = inner.stack(inner.state.g)
            rounds = nn.prefix_in_time(stacked, 0.5)
            outer.state.h = 0.5 * inner.state.g
            pooled = nn.prefix_in_time(nn.pool(others() * nn.sigmoid(outer.state.h), 2), 0.5)
            both = nn.concat_in_time(pooled, rounds)
            outputs = {"rounds": rounds, "pooled": pooled, "both": both}
            return {**{name: outer.stack(value) for name, value in outputs.items()}, "last": outer.last(both)}

    check_agreement(model, FEEDS, gradients=True, train=True)


def test_nothing_is_added() -> None:
    def model() -> nn.Tensor:
        x = frames()
        assert nn.pad_in_time(x, 0, 0) is x and nn.concat_in_time(x) is x
        return x

    nn.Network(model)


REFUSED: dict[str, tuple[Callable[[], nn.Tensor], str]] = {
    "fixed_axis": (
        lambda: nn.prefix_in_time(frames(), 1.0, axis=FEATURES),
        "prefix_in_time goes over an axis with lengths, but features=5 of",
    ),
    "count": (lambda: nn.pad_in_time(frames(), -1, 0), "before is a number of frames, an int from 0 on, not -1"),
    "label": (lambda: nn.prefix_in_time(classes(), 7), "7 is no label of labels=7, which are 0 to 6.*sparse_dim"),
    "float_in_labels": (lambda: nn.prefix_in_time(classes(), 1.0), "1.0 is no label of"),
    "float_in_integers": (lambda: nn.prefix_in_time(nn.cast(classes(), "int32"), 1.5), "int32, with the value 1.5"),
    "bool": (lambda: nn.prefix_in_time(frames(), True), "float32, with the value True"),
    "other_dtype": (lambda: nn.prefix_in_time(frames(), nn.constant(1)), "prefix_in_time of float32 and int32"),
    "frames_as_frame": (lambda: nn.prefix_in_time(frames(), frames()), r"no \[time\]"),
    "features": (lambda: nn.concat_in_time(frames(), nn.Linear(3)(frames())), r"the same dims beside the axes"),
    "labels_and_numbers": (
        lambda: nn.concat_in_time(classes(), nn.cast(classes(), "int32")),
        r"of labels of labels=7 and of None",
    ),
    "two_axes": (
        lambda: nn.prefix_in_time(frames(), 1.0) + nn.postfix_in_time(frames(), 1.0),
        r"If 'time\+1' is as long as '1\+time': nn.replace_dim\(x, axis=..., out_dim=y.spatial_dim\)",
    ),
    "two_axes_of_a_loss": (
        lambda: nn.cross_entropy(nn.prefix_in_time(nn.Linear(LABELS)(frames()), 1.0), nn.postfix_in_time(classes(), 1)),
        r"If '1\+time' is as long as 'time\+1': nn.replace_dim",
    ),
    "axes": (lambda: nn.concat_in_time(frames(), frames(), axis=["T"]), "2 sequences with 1 axes"),
    "nothing": (lambda: nn.concat_in_time(), "at least one"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    model, message = REFUSED[case]
    with pytest.raises(nn.NetworkError, match=message) as caught:
        nn.Network(model)
    assert "test_in_time.py" in str(caught.value)
