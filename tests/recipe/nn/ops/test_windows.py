"""Windows, chunks, and chunks one behind the other: NumPy against plain loops, and RETURNN."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, LABELS
from .placed import FEEDS, LABEL_SEQUENCES, PLACES, SEQUENCES, SequenceFunction, check_placed, classes, frames, others
from .slopes import check_slopes

pytestmark = pytest.mark.xdist_group("returnn-1")

WINDOW = nn.Dim(2, "window")

FUNCTIONS: dict[str, SequenceFunction] = {
    "unfold": lambda x: nn.unfold(x, 3),
    "unfold_by_2": lambda x: nn.unfold(x, 3, stride=2, value=0.5),
    "unfold_valid": lambda x: nn.unfold(x, 2, padding="valid"),
    "chunk": lambda x: nn.chunk(x, WINDOW),
    "fold": lambda x: nn.fold(2.0 * nn.chunk(x, WINDOW), WINDOW),
    "fold_like": lambda x: nn.fold(2.0 * nn.chunk(x, WINDOW), WINDOW, like=x),
    "features": lambda x: nn.unfold(x, 2, padding="valid", axis=FEATURES),
    "pool_features": lambda x: nn.pool(x, 2, mode="mean", axis=FEATURES),
}


@pytest.mark.parametrize("place", PLACES)
def test_in_all_places(place: str) -> None:
    check_placed(place, FUNCTIONS, check_agreement)


@pytest.mark.parametrize("in_loop", [False, True])
@pytest.mark.parametrize("case", FUNCTIONS)
def test_gradients(case: str, in_loop: bool) -> None:
    check_slopes(FUNCTIONS[case], in_loop=in_loop)


def windows_of(x: numpy.ndarray, begins: range, size: int, value: float = 0.0) -> numpy.ndarray:
    """The windows that begin at some frames."""
    nothing = numpy.full(x.shape[1:], value, x.dtype)
    rows = [[x[t] if 0 <= t < len(x) else nothing for t in range(begin, begin + size)] for begin in begins]
    return numpy.array(rows, x.dtype).reshape(len(begins), size, *x.shape[1:])


@pytest.mark.parametrize("size", [1, 2, 3, 6])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_against_plain_loops(size: int, stride: int) -> None:
    """Also windows that are longer than all sequences, so that a whole batch has no full one."""

    def model() -> dict[str, nn.Tensor]:
        window = nn.Dim(size, "window")
        return {
            "same": nn.unfold(frames(), window, stride=stride),
            "value": nn.unfold(frames(), window, stride=stride, value=7.0),
            "valid": nn.unfold(frames(), window, stride=stride, padding="valid"),
            "chunk": nn.chunk(frames(), window),
            "labels": nn.chunk(classes(), window, value=6),
            "valid_labels": nn.unfold(classes(), window, stride=stride, padding="valid"),
            "fold": nn.fold(nn.chunk(frames(), window), window),
            "again": nn.fold(nn.chunk(frames(), window), window, like=frames()),
        }

    outputs = check_agreement(model, FEEDS, gradients=True, train=True).in_numpy.outputs
    for sequence, (x, labels) in enumerate(zip(SEQUENCES, LABEL_SEQUENCES)):
        before, count = (size - 1) // 2, -(-len(x) // size)
        same, valid = range(-before, len(x) - before, stride), range(0, max(len(x) - size + 1, 0), stride)
        expected = {
            "same": windows_of(x, same, size),
            "value": windows_of(x, same, size, 7.0),
            "valid": windows_of(x, valid, size),
            "chunk": windows_of(x, range(0, len(x), size), size),
            "labels": windows_of(labels, range(0, len(x), size), size, 6),
            "valid_labels": windows_of(labels, valid, size),
            "fold": numpy.concatenate([x, numpy.zeros((count * size - len(x), 5))]),
            "again": x,
        }
        for name, value in expected.items():
            numpy.testing.assert_array_equal(outputs[name].sequences()[sequence], value, err_msg=name)


def test_features() -> None:
    def model() -> dict[str, nn.Tensor]:
        x = frames()
        return {
            "valid": nn.unfold(x, 2, padding="valid", axis="F"),
            "same": nn.unfold(x, 3, stride=2, axis="F"),
            "chunk": nn.chunk(x, 2, value=1.0, axis="F"),
        }

    outputs = check_agreement(model, FEEDS, gradients=True, train=True).in_numpy.outputs
    for sequence, x in enumerate(SEQUENCES):
        begins = {"valid": (range(4), 2, 0.0), "same": (range(-1, 4, 2), 3, 0.0), "chunk": (range(0, 5, 2), 2, 1.0)}
        for name, (of_windows, size, value) in begins.items():
            expected = numpy.moveaxis(windows_of(x.T, of_windows, size, value), 2, 0)
            numpy.testing.assert_array_equal(outputs[name].sequences()[sequence], expected)


class _FramesAStep(nn.Module):
    """A recurrence over chunks, with an output for each frame."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.recurrent = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, FEATURES)
        self.output = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        chunks, labels = nn.chunk(frames(), WINDOW), nn.chunk(classes(), WINDOW)
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            x, label = loop.unstack(chunks), loop.unstack(labels)  # [batch, window, features], [batch, window]
            loop.state.h = nn.tanh(self.recurrent(loop.state.h) + nn.reduce_mean(x + self.embedding(label), WINDOW))
            y = loop.stack(x + loop.state.h)
        y = nn.fold(y, WINDOW, like=frames())
        nn.cross_entropy(self.output(y), classes()).mark_as_loss()
        return y


def test_frames_a_step() -> None:
    check_agreement(_FramesAStep(), FEEDS, train=True, trains=True)


def test_chunks_of_one_sequence_have_one_axis() -> None:
    """Also those that are made in loops, and those of two values; other sizes make other axes."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        with nn.Loop() as loop:
            scaled = nn.chunk(x * nn.sigmoid(loop.unstack(frames())), WINDOW)
            stacked = loop.stack(nn.reduce_sum(scaled, [WINDOW, scaled.spatial_dim]))
        one, two = nn.chunk(x, WINDOW), nn.chunk(-2.0 * x, WINDOW)
        assert one.dims == two.dims and scaled.spatial_dim is one.spatial_dim
        assert nn.chunk(x, 3).spatial_dim is not one.spatial_dim
        return {"sum": one + two, "stacked": stacked}

    check_agreement(model, FEEDS, gradients=True, train=True)


class _LayersOverWindows(nn.Module):
    """Layers over windows of which there may be none, for some sequences or for all."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size
        self.lstm, self.convolution = nn.Lstm(FEATURES, 4), nn.Conv1d(FEATURES, 4, 3)

    def forward(self) -> dict[str, nn.Tensor]:
        window = nn.Dim(self.size, "window")
        x = nn.reduce_sum(nn.unfold(others(), window, padding="valid"), window)
        y, state = self.lstm(x)
        nn.reduce_sum(y).mark_as_loss()
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            loop.state.h = nn.tanh(loop.state.h + loop.unstack(x))
            steps = loop.stack(loop.state.h)
        return {
            **{"y": y, "h": state.h, "steps": steps, "last": loop.state.h},
            **{"pooled": nn.pool(x, 2), "convolved": self.convolution(x), "prefix": nn.prefix_in_time(x, 0.5)},
            **{"twice": nn.concat_in_time(x, x), "chunks": nn.chunk(x, window), "windows": nn.unfold(x, 3)},
            **{"again": nn.fold(nn.chunk(x, window), window, like=x), "best": nn.one_hot(nn.argmax(x))},
        }


@pytest.mark.parametrize("size", [3, 6])
def test_layers_over_windows_of_which_there_are_none(size: int) -> None:
    check_agreement(_LayersOverWindows(size), FEEDS, train=True, gradients=True)


REFUSED: dict[str, tuple[Callable[[], nn.Tensor], str]] = {
    "padding": (lambda: nn.unfold(frames(), 3, padding="full"), 'there are "same" and "valid"'),
    "stride": (lambda: nn.unfold(frames(), 3, stride=0), "the stride 0: it is a number of frames, an int from 1 on"),
    "size": (lambda: nn.chunk(frames(), 0), "a size is a Dim or an int of at least 1, not 0"),
    "same_dim": (lambda: nn.unfold(frames(), FEATURES), r"nn.unfold\(x, nn.Dim\(5, 'window'\)\)"),
    "label": (lambda: nn.chunk(classes(), 2, value=7), "7 is no label of labels=7"),
    "few_features": (lambda: nn.unfold(frames(), 6, padding="valid", axis="F"), "fewer entries than a window of 6"),
    "no_window": (lambda: nn.fold(frames(), 2), "has no axis 2"),
    "window_is_axis": (lambda: nn.fold(frames(), frames().spatial_dim), "time is no axis over the frames of a chunk"),
    "fixed": (lambda: nn.fold(nn.chunk(frames(), 2, axis="F"), 2, axis="features_by_2"), "nn.merge_dims"),
    "like_itself": (
        lambda: nn.fold(nn.unfold(frames(), WINDOW), WINDOW, like=frames()),
        "both have time, so these are no chunks",
    ),
    "split_time": (lambda: nn.split_dims(frames(), [3, 2], axis="T"), r"nn.chunk\(x, size, axis=...\)"),
    "merge_time": (
        lambda: nn.merge_dims(nn.chunk(frames(), WINDOW), ["T", WINDOW], out_dim=9),
        r"nn.fold\(x, window\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    model, message = REFUSED[case]
    with pytest.raises(nn.NetworkError, match=message) as caught:
        nn.Network(model)
    assert "test_windows.py" in str(caught.value)


def test_other_numbers_of_frames_in_each_step_cannot_be_stacked() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            so_far = nn.cum_concat(loop.unstack(others()))
            return loop.stack(nn.chunk(so_far, WINDOW))

    with pytest.raises(nn.NetworkError, match="made of lengths that each step computes"):
        nn.Network(model)
