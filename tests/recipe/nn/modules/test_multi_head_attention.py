"""Attention with several heads: in NumPy, in RETURNN, and in plain loops over one sequence, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy
import pytest

from recipe import nn

from ....without_returnn import is_left_out
from ..agreement import check_agreement, random_parameters
from ..programs.checks import check, programs
from ..programs.inputs import FEATURES, LABELS, LONGEST_LAST, OTHER, RAGGED, TIME, Batch, grid_, label, v_, x_, z_
from ..programs.plain_layers import Parameters, Vectors, linear, log_softmax, softmax
from ..programs.plain_search import Choose
from ..programs.program import Program
from ..returnn_run import run_returnn

pytestmark = pytest.mark.xdist_group("returnn-1")

DIM, FIRST = nn.Dim(4, "model"), nn.Dim(2, "first")
WITH_EMPTY = Batch((3, 0, 2), (2, 3, 1))
Sees = Callable[[int, int], bool]


def turned(x: numpy.ndarray, position: int) -> numpy.ndarray:
    """Rotary positions: complex numbers, turned."""
    half = len(x) // 2
    pairs = (x[:half] + 1j * x[half:]) * numpy.exp(1j * position * 1e4 ** (-numpy.arange(half) / half))
    return numpy.concatenate([pairs.real, pairs.imag])


def attention(
    p: Parameters,
    name: str,
    query: numpy.ndarray,
    keys: Vectors,
    values: Vectors | None = None,
    *,
    heads: int = 2,
    sees: Sees = lambda t, s: True,
    t: int = 0,
    rotary: bool = False,
) -> numpy.ndarray:
    """The formulas of the docstring, of one query at position ``t``."""
    values = keys if values is None else values
    q = linear(p, f"{name}/query", query)
    size = len(q) // heads
    contexts = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        of_query = turned(q[part], t) if rotary else q[part]
        energies, seen = [], []
        for s, (key, value) in enumerate(zip(keys, values)):
            if not sees(t, s):
                continue
            k = linear(p, f"{name}/key", key)[part]
            k = turned(k, s) if rotary else k
            if f"{name}/relative" in p:
                greatest = len(p[f"{name}/relative"]) // 2
                k = k + p[f"{name}/relative"][numpy.clip(s - t, -greatest, greatest) + greatest]
            energies.append(of_query @ k / math.sqrt(size))
            seen.append(linear(p, f"{name}/value", value)[part])
        contexts.append(softmax(energies) @ numpy.array(seen) if seen else numpy.zeros(size))
    return linear(p, f"{name}/output", numpy.concatenate(contexts))


def of_itself(p: Parameters, name: str, x: Vectors, sees: Sees, **options: Any) -> list[numpy.ndarray]:
    """Of each frame to all that it sees."""
    return [attention(p, name, frame, x, sees=sees, t=t, **options) for t, frame in enumerate(x)]


def causal(t: int, s: int) -> bool:
    """What is seen without anything that comes later."""
    return s <= t


class OfItself(nn.Module):
    """Of a whole sequence to itself; if it is causal, also step by step: with a state around it, and without."""

    def __init__(self, loss: bool = False, options: Any = None, **call: Any):
        super().__init__()
        self.attention = nn.MultiHeadAttention(FEATURES, 2, **(options or {}))
        self.loss, self.call = loss, call

    def forward(self) -> dict[str, nn.Tensor]:
        x = x_()
        outputs = {"whole": self.attention(x, **self.call)}
        if self.loss:
            nn.reduce_sum(outputs["whole"] * x).mark_as_loss("product")
        if not self.call.get("causal"):
            return outputs
        with nn.Loop() as loop:
            outputs["steps"] = loop.stack(self.attention(loop.unstack(x), **self.call))
        loop = nn.Loop()
        loop.state.y = v_()
        with loop:
            y = self.attention(loop.unstack(x) + loop.state.y, **self.call)
            loop.state.y = nn.tanh(y)
            if self.loss:
                nn.reduce_sum(y * y).mark_as_loss("square")
            outputs["fed"] = loop.stack(y)
        return outputs


def fed(p: Parameters, x: numpy.ndarray, v: numpy.ndarray, sees: Sees, **options: Any) -> list[numpy.ndarray]:
    """Each step is seen as the state before has changed it."""
    frames: list[numpy.ndarray] = []
    y, steps = v, []
    for t, frame in enumerate(x):
        frames.append(frame + y)
        steps.append(attention(p, "attention", frames[-1], frames, sees=sees, t=t, **options))
        y = numpy.tanh(steps[-1])
    return steps


def of_itself_reference(sees: Sees, steps: bool = True, loss: bool = False, **options: Any) -> Any:
    """The reference of :class:`OfItself`."""

    def reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
        whole = of_itself(p, "attention", x, sees, **options)
        outputs: dict[str, Any] = {"whole": whole}
        if loss:
            outputs["product"] = [y @ frame for y, frame in zip(whole, x)]
        if steps:
            outputs |= {"steps": whole, "fed": fed(p, x, v, sees, **options)}
            if loss:
                outputs["square"] = [(y**2).sum() for y in outputs["fed"]]
        return outputs

    return reference


class ToOthers(nn.Module):
    """Of one sequence to another one, with keys and values of other features and a mask."""

    def __init__(self, with_bias: bool = True) -> None:
        super().__init__()
        self.attention = nn.MultiHeadAttention(FEATURES, 2, keys_dim=FIRST, values_dim=FEATURES, with_bias=with_bias)
        self.one = nn.MultiHeadAttention(FEATURES, 4, with_bias=with_bias)

    def forward(self) -> dict[str, nn.Tensor]:
        x, z = x_(), z_()
        keys, _ = nn.split(z, size_splits=[FIRST, FIRST])
        positive = nn.reduce_sum(z) > 0.0
        higher = nn.compare("greater", nn.reduce_sum(z), nn.reduce_sum(x), allow_broadcast_all_sources=True)
        y = self.attention(x, keys, z, mask=higher)
        nn.reduce_sum(y * y).mark_as_loss("square")
        return {"higher": y, "positive": self.one(x, z, mask=positive), "vector": self.one(v_(), z)}


def to_others_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    higher = [
        attention(p, "attention", frame, z[:, :2], z, sees=lambda t, s, frame=frame: z[s].sum() > frame.sum())
        for frame in x
    ]
    positive = [attention(p, "one", frame, z, heads=4, sees=lambda t, s: z[s].sum() > 0) for frame in x]
    vector = attention(p, "one", v, z, heads=4)
    return {"higher": higher, "positive": positive, "vector": vector, "square": [(y**2).sum() for y in higher]}


class ByPosition(nn.Module):
    """Of the steps of a loop, and of frames, to those of another sequence that are near, by their positions."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiHeadAttention(FEATURES, 2, relative=1, rotary=True)

    def forward(self) -> dict[str, nn.Tensor]:
        x, z = x_(), z_()
        loop = nn.Loop()
        loop.state.y = v_()
        with loop:
            loop.state.y = nn.tanh(self.attention(loop.unstack(x) - loop.state.y, z, left=1, right=1))
            own = self.attention(loop.state.y, x, causal=True)
            nn.reduce_sum(own * own).mark_as_loss("square")
            outputs = {"near": loop.stack(loop.state.y), "own": loop.stack(own)}
        return {**outputs, "whole": self.attention(x, z, left=0, right=1)}


def by_position_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    def at(query: numpy.ndarray, keys: numpy.ndarray, t: int, sees: Sees) -> numpy.ndarray:
        return attention(p, "attention", query, keys, t=t, sees=sees, rotary=True)

    y, near, own = v, [], []
    for t, frame in enumerate(x):
        y = numpy.tanh(at(frame - y, z, t, lambda t, s: abs(t - s) <= 1))
        near.append(y)
        own.append(at(y, x, t, causal))
    whole = [at(frame, z, t, lambda t, s: 0 <= s - t <= 1) for t, frame in enumerate(x)]
    return {"near": near, "own": own, "whole": whole, "square": [(y**2).sum() for y in own]}


class FromGrid(nn.Module):
    """Of the cells of a grid to a sequence, by the position along one of their axes."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiHeadAttention(FEATURES, 2, relative=1)

    def forward(self) -> nn.Tensor:
        y = self.attention(grid_(), nn.replace_dim(x_()), left=1, right=1, query_axis=OTHER)
        nn.reduce_sum(y * y, [OTHER, FEATURES]).mark_as_loss("square")
        return nn.reduce_sum(y, OTHER)


def from_grid_reference(grid: numpy.ndarray, x: numpy.ndarray, p: Parameters) -> Any:
    rows = [
        [attention(p, "attention", cell, x, t=t, sees=lambda t, s: abs(t - s) <= 1) for t, cell in enumerate(row)]
        for row in grid
    ]
    return {"output": numpy.sum(rows, axis=1), "square": numpy.square(rows).sum(axis=(1, 2))}


class Near(nn.Module):
    """To the frames around, along either axis of a grid, and of a sequence that each step changes."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiHeadAttention(FEATURES, 2, relative=1)

    def forward(self) -> dict[str, nn.Tensor]:
        rows = self.attention(grid_(), axis=OTHER, left=1, right=1)
        columns = self.attention(grid_(), axis=TIME, chunk=2, left=0)
        nn.reduce_sum(columns * rows, [OTHER, FEATURES]).mark_as_loss("product")
        with nn.Loop() as loop:
            y = self.attention(z_() * loop.unstack(x_()), left=2, right=0)
            nn.reduce_sum(y * y, [OTHER, FEATURES]).mark_as_loss("square")
            steps = loop.stack(nn.reduce_sum(y, OTHER))
        loop = nn.Loop()
        loop.state.z = z_()
        with loop:
            loop.state.z = nn.tanh(self.attention(loop.state.z * loop.unstack(x_()), left=1, right=1))
            fed = loop.stack(nn.reduce_sum(loop.state.z, OTHER))
        return {"steps": steps, "fed": fed}


def near_reference(grid: numpy.ndarray, x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    rows = numpy.array([of_itself(p, "attention", row, lambda t, s: abs(t - s) <= 1) for row in grid])
    every = [of_itself(p, "attention", grid[:, k], lambda t, s: t // 2 == s // 2) for k in range(grid.shape[1])]
    product = (rows * numpy.array(every).swapaxes(0, 1)).sum(axis=(1, 2))
    steps = [numpy.array(of_itself(p, "attention", z * frame, lambda t, s: 0 <= t - s <= 2)) for frame in x]
    fed, state = [], z
    for frame in x:
        state = numpy.tanh(of_itself(p, "attention", state * frame, lambda t, s: abs(t - s) <= 1))
        fed.append(state.sum(axis=0))
    square = [(y**2).sum() for y in steps]
    return {"product": product, "steps": [y.sum(axis=0) for y in steps], "fed": fed, "square": square}


class OfGrid(nn.Module):
    """Along one of two axes; over parts of a fixed number; and in an inner loop."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiHeadAttention(FEATURES, 2, relative=2)
        self.parts = [nn.Dim(2, "parts"), nn.Dim(2, "part")]
        self.small = nn.MultiHeadAttention(self.parts[1], 1)

    def forward(self) -> dict[str, nn.Tensor]:
        rows = self.attention(grid_(), axis=OTHER, right=0)
        small = self.small(nn.split_dims(x_(), self.parts), axis=self.parts[0])
        with nn.Loop() as outer:
            row = outer.unstack(grid_(), axis=TIME)
            with nn.Loop() as inner:
                y = inner.stack(self.attention(inner.unstack(row), causal=True))
            total = outer.stack(nn.reduce_sum(y * y, y.spatial_dim))
        parts = nn.merge_dims(small, self.parts, out_dim=FEATURES)
        return {"rows": nn.reduce_sum(rows * rows, OTHER), "total": total, "parts": parts}


def of_grid_reference(grid: numpy.ndarray, x: numpy.ndarray, p: Parameters) -> Any:
    rows = [numpy.sum(numpy.square(of_itself(p, "attention", row, causal)), axis=0) for row in grid]
    parts = [numpy.concatenate(of_itself(p, "small", frame.reshape(2, 2), lambda t, s: True, heads=1)) for frame in x]
    return {"rows": rows, "total": rows, "parts": parts}


class Decoder(nn.Module):
    """A search: attention to what was found so far, and to the input."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.logits = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)
        self.own = nn.MultiHeadAttention(FEATURES, 2, relative=1, rotary=True)
        self.cross = nn.MultiHeadAttention(FEATURES, 2)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter = label(1)
        with loop:
            x = self.embedding(loop.state.letter)
            y = x + self.own(x, causal=True, left=2)
            y = nn.tanh(y + self.cross(y, z_()))
            loop.state.letter = nn.choice(self.logits(y))
            loop.end(loop.state.letter == 0, include_eos=True)
            return loop.stack(loop.state.letter)


def decoder_reference(z: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, frames = [1], list[numpy.ndarray]()
    for t in range(4):
        x = p["embedding/W"][letters[-1]]
        frames.append(x)
        y = x + attention(p, "own", x, frames, sees=lambda t, s: t - s <= 2, t=t, rotary=True)
        y = numpy.tanh(y + attention(p, "cross", y, z))
        letters.append(choose(log_softmax(linear(p, "logits", y))))
        if letters[-1] == 0:
            break
    return letters[1:]


def itself(name: str, model: OfItself, sees: Sees, **more: Any) -> Program:
    """A program of :class:`OfItself`."""
    options = {key: more.pop(key) for key in ("rotary", "heads") if key in more}
    reference = of_itself_reference(sees, bool(model.call.get("causal")), model.loss, **options)
    return Program(name, model, reference, **more)


@programs(
    [
        itself("all", OfItself(loss=True), lambda t, s: True),
        itself("longest_last", OfItself(), lambda t, s: True, batch=LONGEST_LAST),
        itself("causal", OfItself(loss=True, causal=True), causal),
        itself("with_empty", OfItself(loss=True, causal=True), causal, batch=WITH_EMPTY),
        itself("left", OfItself(causal=True, left=1), lambda t, s: t - 1 <= s <= t, batch=LONGEST_LAST),
        itself("own_frame", OfItself(causal=True, left=0), lambda t, s: s == t),
        itself("both_sides", OfItself(loss=True, left=1, right=2), lambda t, s: -1 <= s - t <= 2),
        itself("later", OfItself(left=0), lambda t, s: s >= t),
        itself("chunks", OfItself(chunk=2), lambda t, s: s // 2 <= t // 2, batch=LONGEST_LAST),
        itself("chunk_alone", OfItself(loss=True, chunk=2, left=0), lambda t, s: s // 2 == t // 2),
        itself("chunks_around", OfItself(chunk=2, left=1, right=1), lambda t, s: abs(s // 2 - t // 2) <= 1),
        itself("relative", OfItself(loss=True, options={"relative": 2}), lambda t, s: True),
        itself("relative_causal", OfItself(loss=True, options={"relative": 1}, causal=True), causal),
        itself("rotary", OfItself(loss=True, options={"rotary": True}), lambda t, s: True, rotary=True),
        itself("rotary_causal", OfItself(loss=True, options={"rotary": True}, causal=True), causal, rotary=True),
        itself(
            "relative_and_rotary",
            OfItself(options={"rotary": True, "relative": 3, "with_bias": False}, causal=True, left=2),
            lambda t, s: 0 <= t - s <= 2,
            rotary=True,
            batch=LONGEST_LAST,
        ),
        Program("to_others", ToOthers(), to_others_reference),
        Program("to_others_without_bias", ToOthers(with_bias=False), to_others_reference, batch=LONGEST_LAST),
        Program("by_position", ByPosition(), by_position_reference),
        Program("of_grid", OfGrid(), of_grid_reference),
        Program("near", Near(), near_reference),
        Program("near_longest_last", Near(), near_reference, batch=LONGEST_LAST),
        Program("from_grid", FromGrid(), from_grid_reference),
        Program("decoder", Decoder(), decoder_reference, beam_size=3),
    ]
)
def test_multi_head_attention(program: Program, engine: str) -> None:
    check(program, engine)


@pytest.mark.parametrize(
    "program",
    [
        itself("causal", OfItself(causal=True), causal, padding=math.nan),
        itself("relative", OfItself(options={"relative": 1}, left=1), lambda t, s: t - s <= 1, padding=math.nan),
        Program("to_others", ToOthers(), to_others_reference, padding=math.nan),
        Program("of_grid", OfGrid(), of_grid_reference, padding=math.nan),
    ],
    ids=lambda program: program.name,
)
def test_numpy_reads_no_padding(program: Program) -> None:
    check(program, "numpy")


def test_parameters() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.MultiHeadAttention(FEATURES, 2, keys_dim=FIRST, values_dim=DIM, relative=3)

        def forward(self) -> nn.Tensor:
            keys, values = nn.split(z_(), size_splits=[FIRST, FIRST])[0], nn.Linear(FEATURES, DIM)(z_())
            return self.a(x_(), keys, values)

    shapes = {name: value.shape for name, value in nn.Network(Model()).parameters.items() if name.startswith("a/")}
    matrices = {"a/query/W": (4, 4), "a/key/W": (2, 4), "a/value/W": (4, 4), "a/output/W": (4, 4)}
    assert shapes == {
        **matrices,
        **{name.replace("W", "b"): (4,) for name in matrices},
        "a/relative": (7, 2),
    }


@pytest.mark.parametrize("options", [{}, {"relative": 2}, {"rotary": True, "dropout": 0.1}])
def test_steps_without_a_state_are_computed_at_once(options: dict[str, Any]) -> None:
    """No loop is written for a decoder in training."""
    layers = [nn.MultiHeadAttention(FEATURES, 2, **options) for _ in range(2)]

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            x = loop.unstack(x_())
            for layer in layers:
                x = x + layer(x, causal=True, left=2)
            return loop.stack(x)

    classes = {layer["class"] for layer in nn.Network(model).net_dict("cpu").values()}
    assert "dot" in classes and not classes & {"rec", "cum_concat"}


def test_dropout_in_training() -> None:
    """The weights are dropped; without training nothing is."""
    model = OfItself(loss=True, options={"dropout": 0.5}, causal=True)
    network = nn.Network(model)
    parameters, feeds = random_parameters(network), Program("", model, max).feeds(network, RAGGED)
    evaluated = check_agreement(network, feeds, parameters=parameters).in_numpy
    trained = nn.run_numpy(network, feeds, parameters, train=True)
    for name in ("whole", "steps", "fed"):
        assert numpy.abs(trained.outputs[name].value - evaluated.outputs[name].value)[0].max() > 1e-3, name
    run = run_returnn(network, feeds, parameters, train=True, gradients=True)
    if not is_left_out():
        assert all(numpy.isfinite(loss) for loss in run.losses.values())
        assert run.losses != pytest.approx(evaluated.losses, rel=1e-3)


def test_keys_that_the_query_is_part_of() -> None:
    """As in PyTorch, ``attention(x, x, x)`` is self attention; keys of an axis of their own can have a mask."""
    layer = nn.MultiHeadAttention(FEATURES, 2)

    def model() -> dict[str, nn.Tensor]:
        x = x_()
        keys = nn.replace_dim(x)
        other = keys.spatial_dim
        seen = nn.compare(
            "not_equal", nn.range_over(other, like=keys), nn.range_over(TIME, like=x), allow_broadcast_all_sources=True
        )
        own = nn.compare("equal", nn.range_over(other, like=keys), 0)
        return {
            "one": layer(x),
            "three": layer(x, x, x),
            "keys": layer(x, keys, keys),
            "first": layer(x, keys, mask=own),
            "others": layer(x, keys, mask=seen),
        }

    network = nn.Network(model)
    parameters, feeds = random_parameters(network), Program("", model, max).feeds(network, RAGGED)
    outputs = check_agreement(network, feeds, parameters=parameters).in_numpy.outputs
    every = {name: output.sequences() for name, output in outputs.items()}
    p = {name.replace("multi_head_attention", "a"): value for name, value in parameters.items()}
    for index, length in enumerate(RAGGED.time):
        x = feeds["x"][0][index, :length]
        for name in ("three", "keys"):
            numpy.testing.assert_allclose(every[name][index], every["one"][index], rtol=1e-4, atol=1e-5)
        expected: Sequence[Any] = of_itself(p, "a", x, lambda t, s: s == 0)
        numpy.testing.assert_allclose(every["first"][index], expected, rtol=1e-4, atol=1e-5)
        expected = of_itself(p, "a", x, lambda t, s: s != t)
        numpy.testing.assert_allclose(every["others"][index], expected, rtol=1e-4, atol=1e-5)


def test_rotary_encoding_of_far_positions() -> None:
    """In RETURNN as exact as in NumPy; products depend on the distance alone."""
    dim = nn.Dim(6, "six")

    def model() -> dict[str, nn.Tensor]:
        positions = nn.cast(nn.get_extern_data(nn.ExternData("positions", [nn.batch_dim, TIME])), "int32")
        x = nn.ones([nn.batch_dim, TIME, dim]) + nn.cast(positions * 0, "float32")
        near = nn.dot(nn.rotary_encoding(x, positions), nn.rotary_encoding(x, positions + 3), reduce=dim)
        return {"turned": nn.rotary_encoding(x, positions, base=100.0), "near": near}

    feeds = {"positions": (numpy.array([[0, 7, 1000], [50_000, 3, 9]], "float32"), numpy.array([3, 1], "int32"))}
    outputs = check_agreement(model, feeds).in_numpy.outputs
    expected = [turned(numpy.ones(6), 0) @ turned(numpy.ones(6), 3)] * 3
    numpy.testing.assert_allclose(outputs["near"].sequences()[0], expected, rtol=1e-3)
    numpy.testing.assert_allclose(outputs["turned"].sequences()[1][0], turned_by(50_000, 100.0), rtol=1e-3)


def turned_by(position: int, base: float) -> numpy.ndarray:
    """A vector of six ones."""
    angle = position * base ** (-numpy.arange(3) / 3)
    return numpy.concatenate([numpy.cos(angle) - numpy.sin(angle), numpy.cos(angle) + numpy.sin(angle)])


def test_wrong_use() -> None:
    layer = nn.MultiHeadAttention(FEATURES, 2)

    def in_a_loop(**call: Any) -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(layer(loop.unstack(x_()), **call))

    wrong: list[tuple[Callable[[], Any], str]] = [
        (lambda: nn.MultiHeadAttention(FEATURES, 3), r"MultiHeadAttention\(features=4, 3\): features=4 cannot be"),
        (lambda: nn.MultiHeadAttention(FEATURES, 4, rotary=True), "turn pairs of features, but each head has 1"),
        (lambda: nn.MultiHeadAttention(FEATURES, 2, relative=0), "relative=0: up to how many frames"),
        (lambda: nn.Network(lambda: layer(v_())), "a sequence or a value of a loop's steps, but .* is neither"),
        (lambda: nn.Network(in_a_loop), r"only see those so far. Write attention\(x, causal=True\)"),
        (lambda: nn.Network(lambda: in_a_loop(chunk=2)), "only see those so far"),
        (lambda: nn.Network(lambda: layer(x_(), causal=True, right=1)), "but right=1 does. Leave out one"),
        (lambda: nn.Network(lambda: layer(x_(), causal=True, chunk=2)), "but chunk=2 does. Leave out one"),
        (lambda: nn.Network(lambda: layer(x_(), left=-1)), "left=-1 is no number of frames"),
        (lambda: nn.Network(lambda: layer(x_(), chunk=0)), "chunk=0 is no number of frames"),
        (
            lambda: nn.Network(lambda: layer(x_(), mask=nn.reduce_sum(x_()) > 0.0)),
            "has time, which the query and .*both",
        ),
        (lambda: nn.Network(lambda: layer(v_(), z_(), mask=nn.reduce_sum(x_()) > 0.0)), r"has \[time\], which neither"),
        (lambda: nn.Network(lambda: layer(x_(), z_(), mask=nn.reduce_sum(z_()))), "a mask is bool, .* write x != 0"),
        (lambda: nn.Network(lambda: layer(v_(), z_(), left=1)), "position of the query .* is not known"),
        (lambda: nn.Network(lambda: layer(grid_())), "has 2 dims with lengths; say which is meant: axis"),
        (lambda: nn.Network(lambda: nn.rotary_encoding(nn.split(x_(), size_splits=[3, 1])[0], 0)), "an even number"),
    ]
    for model, message in wrong:
        with pytest.raises(nn.NetworkError, match=message):
            model()
