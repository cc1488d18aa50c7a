"""Convolutions over two axes: in NumPy, in RETURNN, and written out for each sequence."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..programs.checks import check, programs
from ..programs.inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, OTHER, RAGGED, TIME, Batch, grid_, label, v_, x_
from ..programs.plain_layers import Parameters, linear, log_softmax
from ..programs.plain_search import Choose
from ..programs.program import Program

pytestmark = pytest.mark.xdist_group("returnn-2")

OUT, CHANNEL = nn.Dim(3, "out"), nn.Dim(1, "channel")
WITH_EMPTY = Batch((3, 0, 2), (2, 3, 0))


def convolved(p: Parameters, name: str, x: numpy.ndarray, stride: tuple[int, int] = (1, 1)) -> numpy.ndarray:
    """The formula of the docstring, of one sequence [axis, axis, features]."""
    w, b = p[f"{name}/W"], p[f"{name}/b"]
    left = [(size - step) // 2 for size, step in zip(w.shape, stride)]
    y = numpy.zeros((-(-x.shape[0] // stride[0]), -(-x.shape[1] // stride[1]), len(b)))
    for s, t in numpy.ndindex(*y.shape[:2]):
        y[s, t] = b
        for i, j in numpy.ndindex(*w.shape[:2]):
            row, column = stride[0] * s + i - left[0], stride[1] * t + j - left[1]
            if 0 <= row < x.shape[0] and 0 <= column < x.shape[1]:
                y[s, t] += x[row, column] @ w[i, j]
    return y


class OfGrid(nn.Module):
    """Two above each other, over two axes with lengths; the rows of the result are added up."""

    def __init__(self, size: tuple[int, int] | int, stride: tuple[int, int] | int, loss: bool):
        super().__init__()
        self.first = nn.Conv2d(FEATURES, OUT, size, stride=stride)
        self.second = nn.Conv2d(OUT, OUT, 3)
        self.loss = loss

    def forward(self) -> nn.Tensor:
        y = self.second(nn.tanh(self.first(grid_())))
        first, second = [dim for dim in y.dims if dim.is_dynamic]
        y = nn.reduce_sum(y * y, second)
        if self.loss:
            nn.reduce_sum(y).mark_as_loss("sum")
        return y


def of_grid(stride: tuple[int, int], loss: bool) -> Any:
    """The reference of :class:`OfGrid`."""

    def reference(grid: numpy.ndarray, p: Parameters) -> Any:
        y = convolved(p, "second", numpy.tanh(convolved(p, "first", grid, stride)))
        y = (y**2).sum(axis=1)
        return {"output": y, "sum": y.sum(axis=1)} if loss else y

    return reference


class Spectrogram(nn.Module):
    """Over time and features, which are put together again, and a convolution over time after it."""

    def __init__(self, stride: tuple[int, int]) -> None:
        super().__init__()
        self.conv, self.stride = nn.Conv2d(CHANNEL, OUT, (3, 2), stride=stride), stride
        self.frames = nn.Conv1d(-(-4 // stride[1]) * 3, OUT, 3)

    def forward(self) -> nn.Tensor:
        y = self.conv(nn.expand(x_(), [CHANNEL]), axes=[TIME, FEATURES])
        bins = next(dim for dim in y.dims if dim.is_static and dim is not OUT)
        y = self.frames(nn.relu(nn.merge_dims(y, [bins, OUT], out_dim=bins.size * 3)))
        nn.reduce_sum(y * y).mark_as_loss("square")
        return y


def spectrogram(stride: tuple[int, int]) -> Any:
    """The reference of :class:`Spectrogram`."""

    def reference(x: numpy.ndarray, p: Parameters) -> Any:
        y = convolved(p, "conv", x[:, :, None], stride)
        y = numpy.maximum(y, 0).reshape(len(y), 1, -1)
        whole = {"c/W": p["frames/W"][:, None], "c/b": p["frames/b"]}
        y = convolved(whole, "c", y)[:, 0]
        return {"output": y, "square": (y**2).sum(axis=1)}

    return reference


class InSteps(nn.Module):
    """Of a grid that the state of each step changes, strided; and of frames as pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.plain = nn.Conv2d(FEATURES, FEATURES, 3, stride=(2, 1)), nn.Conv2d(CHANNEL, CHANNEL, 2)
        self.sides = [nn.Dim(2, "height"), nn.Dim(2, "width")]

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            y = self.conv(grid_() * loop.state.s)
            first, second = [dim for dim in y.dims if dim.is_dynamic]
            picture = nn.expand(nn.split_dims(loop.unstack(x_()), self.sides), [CHANNEL])
            plain = nn.merge_dims(self.plain(picture, axes=self.sides), [*self.sides, CHANNEL], out_dim=FEATURES)
            loop.state.s = nn.tanh(nn.reduce_sum(y, [first, second]) + plain)
            nn.reduce_sum(loop.state.s).mark_as_loss("sum")
            return {"s": loop.stack(loop.state.s), "plain": loop.stack(plain)}


def in_steps_reference(grid: numpy.ndarray, x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, steps, every = v, [], []
    for frame in x:
        y = convolved(p, "conv", grid * s, (2, 1))
        plain = convolved(p, "plain", frame.reshape(2, 2, 1)).reshape(4)
        s = numpy.tanh(y.sum(axis=(0, 1)) + plain)
        steps.append(s)
        every.append(plain)
    return {"s": steps, "plain": every, "sum": [s.sum() for s in steps]}


class Search(nn.Module):
    """Of a sequence that each hypothesis changes."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(OUT, LABELS)
        self.conv = nn.Conv2d(CHANNEL, OUT, 3, stride=2)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.s = label(1), v_()
        with loop:
            loop.state.s = loop.state.s * 0.5 + self.embedding(loop.state.letter)
            y = self.conv(nn.expand(x_() * loop.state.s, [CHANNEL]), axes=[TIME, FEATURES])
            rest = [dim for dim in y.dims if not dim.is_batch and dim is not OUT]
            loop.state.letter = nn.choice(self.output(nn.reduce_sum(y, rest)))
            loop.end(loop.state.letter == 0, include_eos=True)
            return loop.stack(loop.state.letter)


def search_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, s = [1], v
    for _ in range(3):
        s = s * 0.5 + p["embedding/W"][letters[-1]]
        y = convolved(p, "conv", (x * s)[:, :, None], (2, 2)).sum(axis=(0, 1))
        letters.append(choose(log_softmax(linear(p, "output", y))))
        if letters[-1] == 0:
            break
    return letters[1:]


@programs(
    [
        Program("grid", OfGrid(3, 1, True), of_grid((1, 1), True)),
        Program("even_sizes", OfGrid((4, 2), 1, False), of_grid((1, 1), False), padding=math.nan),
        Program("strided", OfGrid(3, 2, True), of_grid((2, 2), True), batch=LONGEST_LAST),
        Program("wide_strides", OfGrid((2, 5), (2, 3), False), of_grid((2, 3), False), padding=math.nan),
        Program("empty", OfGrid((2, 3), (1, 2), True), of_grid((1, 2), True), batch=WITH_EMPTY),
        Program("alone", OfGrid((5, 5), (3, 1), False), of_grid((3, 1), False), batch=ALONE),
        Program("spectrogram", Spectrogram((1, 1)), spectrogram((1, 1))),
        Program("strided_spectrogram", Spectrogram((2, 2)), spectrogram((2, 2)), batch=LONGEST_LAST),
        Program("in_steps", InSteps(), in_steps_reference),
        Program("search", Search(), search_reference, beam_size=3),
    ]
)
def test_conv_2d(program: Program, engine: str) -> None:
    check(program, engine)


def test_same_lengths_as_pooling_and_parameters() -> None:
    conv = nn.Conv2d(FEATURES, FEATURES, 3, stride=(2, 3))

    def model() -> nn.Tensor:
        y = nn.pool(nn.pool(grid_(), 2, axis=TIME), 3, axis=OTHER)
        z = conv(grid_()) + y
        return nn.reduce_max(z, [dim for dim in z.dims if dim.is_dynamic][1])

    network = nn.Network(model)
    assert {name: value.shape for name, value in network.parameters.items()} == {
        "conv2d/W": (3, 3, 4, 4),
        "conv2d/b": (4,),
    }
    check_agreement(network, Program("", model, max).feeds(network, RAGGED))


def test_wrong_use() -> None:
    with pytest.raises(nn.NetworkError, match="a stride greater than the size would leave out entries"):
        nn.Conv2d(FEATURES, OUT, (3, 2), stride=3)
    with pytest.raises(nn.NetworkError, match=r"Conv2d of the size \(3, 3, 3\)"):
        nn.Conv2d(FEATURES, OUT, (3, 3, 3))  # type: ignore[arg-type]
    with pytest.raises(nn.NetworkError, match=r"goes over two axes .* of .*\[time\].*nn.expand\(x, \[channel\]\)"):
        nn.Network(lambda: nn.Conv2d(FEATURES, OUT, 3)(x_()))
    with pytest.raises(nn.NetworkError, match="has in_dim out=3, but its input has the feature dim features=4"):
        nn.Network(lambda: nn.Conv2d(OUT, OUT, 3)(grid_()))
