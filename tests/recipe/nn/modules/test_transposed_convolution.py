"""Transposed convolutions: in NumPy, in RETURNN, and written out for each sequence."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, random_parameters
from ..programs.checks import check, programs
from ..programs.inputs import FEATURES, LONGEST_LAST, RAGGED, TIME, Batch, grid_, v_, x_, z_
from ..programs.plain_layers import Parameters, Vectors, convolution, pooled
from ..programs.program import Program

pytestmark = pytest.mark.xdist_group("returnn-2")

OUT = nn.Dim(3, "out")
WITH_EMPTY = Batch((3, 0, 2), (2, 3, 0))


def transposed(p: Parameters, name: str, frames: Vectors, stride: int) -> list[numpy.ndarray]:
    """Each frame is added to those that a convolution would have made it of."""
    w, b = p[f"{name}/W"], p[f"{name}/b"]
    y = [b.copy() for _ in range(stride * len(frames))]
    for s, frame in enumerate(frames):
        for j, weight in enumerate(w):
            t = stride * s + j - (len(w) - stride) // 2
            if 0 <= t < len(y):
                y[t] += frame @ weight
    return y


class Upsampled(nn.Module):
    """Made longer, and then shorter by a convolution."""

    def __init__(self, size: int, stride: int):
        super().__init__()
        self.up, self.down = nn.TransposedConv1d(FEATURES, OUT, size, stride=stride), nn.Conv1d(OUT, OUT, 3, stride=2)

    def forward(self) -> dict[str, nn.Tensor]:
        y = self.up(x_())
        nn.reduce_sum(y * y).mark_as_loss("square")
        return {"up": y, "down": self.down(nn.tanh(y))}


def upsampled(stride: int) -> Any:
    """The reference of :class:`Upsampled`."""

    def reference(x: numpy.ndarray, p: Parameters) -> Any:
        y = transposed(p, "up", x, stride)
        down = convolution(p, "down", [numpy.tanh(frame) for frame in y], 2)
        return {"up": y, "down": down, "square": [(frame**2).sum() for frame in y]}

    return reference


class OnlyForward(nn.Module):
    """The same without a loss, of a pooled sequence; and one of each row of a grid."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.rows = (nn.TransposedConv1d(FEATURES, FEATURES, size, stride=2) for size in (4, 3))

    def forward(self) -> dict[str, nn.Tensor]:
        rows = self.rows(grid_(), axis=TIME)
        return {"pooled": self.up(nn.pool(x_(), 2)), "rows": nn.reduce_max(rows, grid_().dims[2])}


def only_forward_reference(x: numpy.ndarray, grid: numpy.ndarray, p: Parameters) -> Any:
    pooled = [numpy.max(x[t : t + 2], axis=0) for t in range(0, len(x), 2)]
    rows = [transposed(p, "rows", grid[:, column], 2) for column in range(grid.shape[1])]
    return {"pooled": transposed(p, "up", pooled, 2), "rows": numpy.max(rows, axis=0)}


class InSteps(nn.Module):
    """Of a sequence that the state of each step changes."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.TransposedConv1d(FEATURES, FEATURES, 3, stride=2)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            y = self.up(x_() * loop.state.s)
            loop.state.s = nn.tanh(nn.reduce_sum(y * y, y.spatial_dim) + loop.unstack(x_()))
            nn.reduce_sum(loop.state.s).mark_as_loss("sum")
            return loop.stack(loop.state.s)


def in_steps_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, steps = v, []
    for frame in x:
        s = numpy.tanh(numpy.sum(numpy.square(transposed(p, "up", x * s, 2)), axis=0) + frame)
        steps.append(s)
    return {"output": steps, "sum": [s.sum() for s in steps]}


class Stacked(nn.Module):
    """A longer sequence in each step, of a pooled one, and all of them in each sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.TransposedConv1d(FEATURES, FEATURES, 3, stride=3)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            y = self.up(nn.pool(z_() * loop.unstack(x_()), 2))
            nn.reduce_sum(y * y, [y.spatial_dim, FEATURES]).mark_as_loss("square")
            return loop.stack(y)


def stacked_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    steps = [numpy.array(transposed(p, "up", pooled(z * frame, 2), 3)) for frame in x]
    return {"output": steps, "square": [(y**2).sum() for y in steps]}


@programs(
    [
        *(
            Program(f"size_{size}_stride_{stride}", Upsampled(size, stride), upsampled(stride), batch=LONGEST_LAST)
            for size, stride in ((1, 1), (3, 1), (2, 2), (3, 2), (4, 2), (5, 3))
        ),
        Program("with_empty", Upsampled(4, 3), upsampled(3), batch=WITH_EMPTY),
        Program("only_forward", OnlyForward(), only_forward_reference, padding=math.nan),
        Program("stacked", Stacked(), stacked_reference),
        Program("in_steps", InSteps(), in_steps_reference),
    ]
)
def test_transposed_conv(program: Program, engine: str) -> None:
    check(program, engine)


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (4, 2), (3, 2), (5, 3)])
def test_it_is_the_convolution_transposed(size: int, stride: int) -> None:
    """``<conv(x), y> = <x, transposed(y)>`` for all x and y, with one filter and no bias."""
    down, up = nn.Conv1d(FEATURES, OUT, size, stride=stride), nn.TransposedConv1d(OUT, FEATURES, size, stride=stride)
    frames, short = nn.Dim(None, "frames"), nn.Dim(None, "short")
    inputs = nn.ExternData("x", [nn.batch_dim, frames, FEATURES]), nn.ExternData("y", [nn.batch_dim, short, OUT])

    def model() -> dict[str, nn.Tensor]:
        x, y = (nn.get_extern_data(data) for data in inputs)
        return {"down": down(x), "up": up(y)}

    network = nn.Network(model)
    parameters = {
        name: 0 * value if name.endswith("b") else value for name, value in random_parameters(network).items()
    }
    parameters["transposed_conv1d/W"] = parameters["conv1d/W"].transpose(0, 2, 1)
    generator = numpy.random.default_rng(0)
    x = generator.standard_normal((1, 4 * stride, 4)).astype("float32")
    y = generator.standard_normal((1, 4, 3)).astype("float32")
    run = nn.run_numpy(network, {"x": (x, [4 * stride]), "y": (y, [4])}, parameters)
    products = (run.outputs["down"].value * y).sum(), (x * run.outputs["up"].value).sum()
    numpy.testing.assert_allclose(*products, rtol=1e-4)


def test_same_axis_of_the_same_factor() -> None:
    one, two = (nn.TransposedConv1d(FEATURES, OUT, size, stride=2) for size in (2, 3))

    def model() -> nn.Tensor:
        return one(x_()) + two(x_())

    network = nn.Network(model)
    check_agreement(network, Program("", model, max).feeds(network, RAGGED))


def test_wrong_use() -> None:
    with pytest.raises(nn.NetworkError, match="with a stride greater than the size, some results would be of no frame"):
        nn.TransposedConv1d(FEATURES, OUT, 2, stride=3)
    with pytest.raises(nn.NetworkError, match="features=4 of .* has a fixed size"):
        nn.Network(lambda: nn.TransposedConv1d(FEATURES, OUT, 3, stride=2)(x_(), axis=FEATURES))
