"""GRUs: the same in NumPy, in RETURNN, and in a plain loop over one sequence."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, random_parameters
from ..programs.checks import check, programs
from ..programs.inputs import FEATURES, LABELS, LONGEST_LAST, TIME, Batch, label, v_, x_, z_
from ..programs.plain_layers import Parameters, Vectors, linear, log_softmax, sigmoid
from ..programs.plain_search import Choose
from ..programs.program import Program

DIM = nn.Dim(3, "gru")
WITH_EMPTY = Batch((3, 0, 2), (2, 3, 0))


def gru_step(p: Parameters, name: str, x: numpy.ndarray, h: numpy.ndarray) -> numpy.ndarray:
    """The formulas of the docstring."""
    w_r, w_z, w_n = numpy.split(p[f"{name}/W"], 3, axis=1)
    u_r, u_z, u_n = numpy.split(p[f"{name}/W_re"], 3, axis=1)
    b_r, b_z, b_n = numpy.split(p[f"{name}/b"], 3)
    r = sigmoid(x @ w_r + h @ u_r + b_r)
    z = sigmoid(x @ w_z + h @ u_z + b_z)
    n = numpy.tanh(x @ w_n + b_n + r * (h @ u_n + p[f"{name}/b_re"]))
    return (1 - z) * n + z * h


def gru(p: Parameters, name: str, frames: Vectors, h: numpy.ndarray | None = None) -> tuple[list, numpy.ndarray]:
    """All steps, and the last state."""
    h = h if h is not None else numpy.zeros(len(p[f"{name}/b_re"]))
    steps = []
    for frame in frames:
        h = gru_step(p, name, frame, h)
        steps.append(h)
    return steps, h


def backward(p: Parameters, name: str, frames: Vectors, h: numpy.ndarray | None = None) -> tuple[list, numpy.ndarray]:
    """The same from the last frame to the first."""
    steps, last = gru(p, name, list(frames)[::-1], h)
    return steps[::-1], last


class OverASequence(nn.Module):
    """Forward and backward, from zeros and from given states."""

    def __init__(self) -> None:
        super().__init__()
        self.fw, self.bw = nn.Gru(FEATURES, DIM), nn.Gru(DIM, FEATURES, direction=-1)

    def forward(self) -> dict[str, nn.Tensor]:
        y, h = self.fw(x_())
        z, last = self.bw(y, nn.tanh(v_()))
        nn.reduce_sum(z * z).mark_as_loss("square")
        return {"y": y, "h": h, "z": z, "last": last}


def over_a_sequence_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    y, h = gru(p, "fw", x)
    z, last = backward(p, "bw", y, numpy.tanh(v))
    return {"y": y, "h": h, "z": z, "last": last, "square": [(frame**2).sum() for frame in z]}


class Bidirectional(nn.Module):
    """Two layers, one above the other."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.BidirectionalGru(FEATURES, DIM), nn.BidirectionalGru(FEATURES)])

    def forward(self) -> nn.Tensor:
        x = x_()
        for layer in self.layers:
            x = layer(x)
        return x


def bidirectional_reference(x: numpy.ndarray, p: Parameters) -> Any:
    y: Vectors = x
    for name in ("layers/0", "layers/1"):
        pair = gru(p, f"{name}/fw", y)[0], backward(p, f"{name}/bw", y)[0]
        y = [numpy.concatenate(both) for both in zip(*pair)]
    return y


class Fed(nn.Module):
    """A cell whose input depends on its state, halved between the steps."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GruCell(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.cell = v_()
        with loop:
            h, state = self.cell(loop.unstack(x_()) - loop.state.cell, loop.state.cell)
            loop.state.cell = state * 0.5
            nn.reduce_sum(h * h).mark_as_loss("square")
            return {"h": loop.stack(h), "last": loop.last(state)}


def fed_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    steps, h, last = [], v, numpy.zeros_like(v)
    for frame in x:
        last = gru_step(p, "cell", frame - h, h)
        h = 0.5 * last
        steps.append(last)
    return {"h": steps, "last": last, "square": [(frame**2).sum() for frame in steps]}


class WithoutInitialState(nn.Module):
    """A state that the cell says how to start."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GruCell(DIM)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            h, loop.state.cell = self.cell(loop.unstack(x_()), loop.state.cell)
            return loop.stack(h)


class Hierarchical(nn.Module):
    """A layer over another sequence in each step, which starts with the state of a cell around it."""

    def __init__(self) -> None:
        super().__init__()
        self.outer, self.inner = nn.GruCell(FEATURES, DIM), nn.Gru(FEATURES, DIM)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.outer = self.outer.initial_state()
        with loop:
            frame = loop.unstack(x_())
            steps, last = self.inner(z_() * frame, loop.state.outer)
            _, loop.state.outer = self.outer(frame, last)
            nn.reduce_sum(loop.state.outer).mark_as_loss("sum")
            return loop.stack(nn.reduce_sum(steps, steps.spatial_dim) + last)


def hierarchical_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    h, steps, sums = numpy.zeros(DIM.size), [], []
    for frame in x:
        inner, last = gru(p, "inner", z * frame, h)
        steps.append(numpy.sum(inner, axis=0) + last)
        h = gru_step(p, "outer", frame, last)
        sums.append(h.sum())
    return {"output": steps, "sum": sums}


class OverParts(nn.Module):
    """Over an axis of fixed size, of every frame."""

    def __init__(self) -> None:
        super().__init__()
        self.parts, self.size = nn.Dim(2, "parts"), nn.Dim(2, "size")
        self.fw, self.bw = nn.Gru(self.size, DIM), nn.Gru(self.size, DIM, direction=-1)

    def forward(self) -> dict[str, nn.Tensor]:
        parts = nn.split_dims(x_(), [self.parts, self.size])
        y, h = self.fw(parts, axis=self.parts)
        z, last = self.bw(parts, axis=self.parts)
        return {"y": nn.reduce_max(y, TIME), "h": h, "z": nn.reduce_max(z, TIME), "last": last}


def over_parts_reference(x: numpy.ndarray, p: Parameters) -> Any:
    every = [(*gru(p, "fw", frame.reshape(2, 2)), *backward(p, "bw", frame.reshape(2, 2))) for frame in x]
    y, h, z, last = zip(*every)
    return {"y": numpy.max(y, axis=0), "h": h, "z": numpy.max(z, axis=0), "last": last}


class Search(nn.Module):
    """A decoder with a cell."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(DIM, LABELS)
        self.cell, self.first = nn.GruCell(FEATURES, DIM), nn.Linear(FEATURES, DIM)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter, loop.state.cell = label(1), self.first(v_())
        with loop:
            h, loop.state.cell = self.cell(self.embedding(loop.state.letter), loop.state.cell)
            loop.state.letter = nn.choice(self.output(h))
            loop.end(loop.state.letter == 0, include_eos=True)
            return {"letters": loop.stack(loop.state.letter), "h": loop.stack(h)}


def search_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, h, states = [1], linear(p, "first", v), []
    for _ in range(4):
        h = gru_step(p, "cell", p["embedding/W"][letters[-1]], h)
        states.append(h)
        letters.append(choose(log_softmax(linear(p, "output", h))))
        if letters[-1] == 0:
            break
    return {"letters": letters[1:], "h": states}


@programs(
    [
        Program("over_a_sequence", OverASequence(), over_a_sequence_reference),
        Program("with_empty_sequences", OverASequence(), over_a_sequence_reference, batch=WITH_EMPTY),
        Program("bidirectional", Bidirectional(), bidirectional_reference, batch=LONGEST_LAST, padding=math.nan),
        Program("fed", Fed(), fed_reference),
        Program("without_initial_state", WithoutInitialState(), lambda x, p: gru(p, "cell", x)[0], padding=math.nan),
        Program("hierarchical", Hierarchical(), hierarchical_reference),
        Program("hierarchical_with_empty", Hierarchical(), hierarchical_reference, batch=WITH_EMPTY),
        Program("over_parts", OverParts(), over_parts_reference),
        Program("search", Search(), search_reference, beam_size=3),
    ]
)
def test_gru(program: Program, engine: str) -> None:
    check(program, engine)


def test_parameters_are_those_of_pytorch_and_keras() -> None:
    """Numbers that Keras 3.15 gave for ``GRU(reset_after=True)`` with these weights, in its own order of gates."""
    in_dim, size = nn.Dim(3, "in"), nn.Dim(2, "size")
    weight_ih = numpy.arange(18).reshape(6, 3) / 10 - 0.8
    weight_hh = 0.5 - numpy.arange(12).reshape(6, 2) / 8
    bias_ih, bias_hh = numpy.arange(6) / 7 - 0.4, 0.3 - numpy.arange(6) / 9
    frames = nn.ExternData("x", [nn.batch_dim, TIME, in_dim])
    network = nn.Network(lambda: nn.Gru(in_dim, size)(nn.get_extern_data(frames))[0])
    values = {"W": weight_ih.T, "W_re": weight_hh.T, "b_re": bias_hh[4:]}
    values["b"] = bias_ih + numpy.concatenate([bias_hh[:4], numpy.zeros(2)])
    parameters = {name: values[name.rpartition("/")[2]].astype("float32") for name in network.parameters}
    x = (numpy.arange(12).reshape(1, 4, 3) / 6 - 1).astype("float32")
    run = nn.run_numpy(network, {"x": (x, [4])}, parameters)
    expected = [[-0.36111474, -0.5852735], [-0.22827846, -0.3876831], [0.12794499, 0.06400467], [0.5100032, 0.42497727]]
    numpy.testing.assert_allclose(run.outputs["output"].value[0], expected, rtol=1e-5)


def test_both_have_the_same_parameters() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.cell = nn.Gru(FEATURES, DIM), nn.GruCell(FEATURES, DIM)

        def forward(self) -> dict[str, nn.Tensor]:
            """The layer is called in a step, but not of it."""
            with nn.Loop() as loop:
                y, _ = self.layer(x_())
                h, loop.state.cell = self.cell(loop.unstack(x_()), loop.state.cell)
                return {"cell": loop.stack(h), "layer": loop.stack(loop.unstack(y)), "whole": y}

    network = nn.Network(Both())
    shapes = {name: value.shape for name, value in network.parameters.items()}
    own = {"W": (4, 9), "W_re": (3, 9), "b": (9,), "b_re": (3,)}
    assert shapes == {f"{module}/{name}": shape for module in ("layer", "cell") for name, shape in own.items()}
    parameters = random_parameters(network)
    parameters |= {f"cell/{name}": parameters[f"layer/{name}"] for name in own}
    feeds = Program("both", Both(), max).feeds(network, LONGEST_LAST)
    outputs = check_agreement(network, feeds, parameters=parameters).in_numpy.outputs
    every = zip(*(outputs[name].sequences() for name in ("cell", "layer", "whole")))
    for in_cell, in_layer, whole in every:
        numpy.testing.assert_allclose(in_cell, in_layer, rtol=1e-5)
        numpy.testing.assert_allclose(in_layer, whole, rtol=1e-5)


def test_wrong_use() -> None:
    cell = nn.GruCell(FEATURES, DIM)
    with pytest.raises(nn.NetworkError, match="direction is 1 .* or -1 .*BidirectionalGru"):
        nn.Gru(FEATURES, DIM, direction=2)
    with pytest.raises(nn.NetworkError, match=r"Gru\(out_dim\) or Gru\(in_dim, out_dim\)"):
        nn.Gru(1, 2, 3)
    with pytest.raises(nn.NetworkError, match="GruCell wants its state, h, not None: h, loop.state.cell = cell"):
        nn.Network(lambda: cell(v_()))
    with pytest.raises(nn.NetworkError, match="state h of GruCell must be .*batch, time, gru=3.* or use nn.Gru for"):
        nn.Network(lambda: cell(x_(), cell.initial_state()))
    with pytest.raises(nn.NetworkError, match="state h of Gru must be .*batch, gru=3.*but it is"):
        nn.Network(lambda: nn.Gru(FEATURES, DIM)(x_(), v_()))
    with pytest.raises(nn.NetworkError, match="Gru goes over a whole sequence.*there is nn.GruCell"):
        nn.Network(lambda: nn.Gru(FEATURES, DIM)(v_()))
    with pytest.raises(nn.NetworkError, match="GruCell 'gru_cell' has in_dim gru=3, but its input has the feature dim"):
        nn.Network(lambda: nn.GruCell(DIM, DIM)(v_(), cell.initial_state()))


def test_a_state_that_starts_anew_is_told() -> None:
    cell = nn.GruCell(FEATURES, DIM)

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(cell(loop.unstack(x_()), cell.initial_state())[0])

    with pytest.warns(nn.NetworkWarning, match="GruCell gets the same state in each step"):
        nn.Network(model)
