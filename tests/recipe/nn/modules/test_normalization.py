"""Normalization by groups, by squares, and over the batch: in NumPy, in RETURNN, and per sequence in plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

from recipe import nn

from ....without_returnn import is_left_out
from ..agreement import assert_same_output, check_agreement, random_parameters
from ..programs.checks import check, programs
from ..programs.inputs import FEATURES, LABELS, LONGEST_LAST, OTHER, RAGGED, TIME, Batch, grid_, label, v_, x_
from ..programs.plain_layers import Parameters, linear, log_softmax
from ..programs.plain_search import Choose
from ..programs.program import Program
from ..returnn_run import run_returnn

pytestmark = pytest.mark.xdist_group("returnn-2")

WITH_EMPTY = Batch((3, 0, 2), (2, 3, 0))


def rms(p: Parameters, name: str, x: numpy.ndarray, epsilon: float = 1e-6) -> numpy.ndarray:
    """The formula of the docstring."""
    return p[f"{name}/scale"] * x / numpy.sqrt((x**2).mean(axis=-1, keepdims=True) + epsilon)


def groups(p: Parameters, name: str, x: numpy.ndarray, number: int, over: tuple[int, ...]) -> numpy.ndarray:
    """The formula of the docstring, group by group."""
    parts = []
    for part in numpy.split(x, number, axis=-1):
        axes = (*over, -1)
        mean, variance = part.mean(axis=axes, keepdims=True), part.var(axis=axes, keepdims=True)
        parts.append((part - mean) / numpy.sqrt(variance + 1e-5))
    return numpy.concatenate(parts, axis=-1) * p[f"{name}/scale"] + p[f"{name}/bias"]


class OfSequences(nn.Module):
    """All that normalizes without a batch, over sequences and over a grid."""

    def __init__(self) -> None:
        super().__init__()
        self.rms, self.by_groups = nn.RmsNorm(FEATURES, epsilon=0.1), nn.GroupNorm(2, FEATURES)
        self.whole, self.of_grid, self.rows = (nn.GroupNorm(number, FEATURES) for number in (1, 4, 2))

    def forward(self) -> dict[str, nn.Tensor]:
        x, grid = x_(), grid_()
        y = self.by_groups(x)
        nn.reduce_sum(y * y * x).mark_as_loss("product")
        return {
            "rms": self.rms(x),
            "groups": y,
            "whole": self.whole(x, axes=[]),
            "grid": nn.reduce_sum(self.of_grid(grid) ** 2, OTHER),
            "rows": nn.reduce_sum(self.rows(grid, axes=[OTHER]) ** 2, OTHER),
        }


def of_sequences_reference(x: numpy.ndarray, grid: numpy.ndarray, p: Parameters) -> Any:
    if not len(x):
        return {**dict.fromkeys(("rms", "groups", "whole", "grid", "rows"), []), "product": []}
    y = groups(p, "by_groups", x, 2, (0,))
    return {
        "rms": rms(p, "rms", x, 0.1),
        "groups": y,
        "whole": groups(p, "whole", x, 1, ()),
        "grid": (groups(p, "of_grid", grid, 4, (0, 1)) ** 2).sum(axis=1),
        "rows": (groups(p, "rows", grid, 2, (1,)) ** 2).sum(axis=1),
        "product": (y * y * x).sum(axis=1),
    }


class InSteps(nn.Module):
    """In a loop, of states, and of a sequence that each step changes."""

    def __init__(self) -> None:
        super().__init__()
        self.rms, self.frame, self.whole = nn.RmsNorm(FEATURES), nn.GroupNorm(2, FEATURES), nn.GroupNorm(2, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            x = self.whole(x_() * loop.state.s)
            loop.state.s = self.frame(self.rms(loop.state.s + loop.unstack(x_()))) + x[0]
            nn.reduce_sum(loop.state.s * loop.state.s).mark_as_loss("square")
            return {"s": loop.stack(loop.state.s)}


def in_steps_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, steps = v, []
    for frame in x:
        first = groups(p, "whole", x * s, 2, (0,))[0]
        s = groups(p, "frame", rms(p, "rms", s + frame), 2, ()) + first
        steps.append(s)
    return {"s": steps, "square": [(frame**2).sum() for frame in steps]}


class Search(nn.Module):
    """In a search, of the state of each hypothesis; over the batch before it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)
        self.rms, self.groups, self.batch = nn.RmsNorm(FEATURES), nn.GroupNorm(1, FEATURES), nn.BatchNorm(FEATURES)

    def forward(self) -> nn.Tensor:
        x = self.batch(x_())
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.s = label(1), v_()
        with loop:
            s = self.rms(loop.state.s) + self.embedding(loop.state.letter) + x[0]
            loop.state.s = self.groups(s)
            loop.state.letter = nn.choice(self.output(loop.state.s))
            loop.end(loop.state.letter == 0, include_eos=True)
            return loop.stack(loop.state.letter)


def search_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, s = [1], v
    first = batch_norm(p, "batch", x, p["batch/running_mean"], p["batch/running_variance"])[0]
    for _ in range(3):
        s = groups(p, "groups", rms(p, "rms", s) + p["embedding/W"][letters[-1]] + first, 1, ())
        letters.append(choose(log_softmax(linear(p, "output", s))))
        if letters[-1] == 0:
            break
    return letters[1:]


@programs(
    [
        Program("of_sequences", OfSequences(), of_sequences_reference),
        Program("of_sequences_with_empty", OfSequences(), of_sequences_reference, batch=WITH_EMPTY),
        Program("longest_last", OfSequences(), of_sequences_reference, batch=LONGEST_LAST),
        Program("in_steps", InSteps(), in_steps_reference),
        Program("search", Search(), search_reference, beam_size=3, seed=5, add={"batch/running_variance": 2.0}),
    ]
)
def test_normalization(program: Program, engine: str) -> None:
    check(program, engine)


def batch_norm(
    p: Parameters, name: str, x: numpy.ndarray, mean: numpy.ndarray, variance: numpy.ndarray
) -> numpy.ndarray:
    """The formula of the docstring."""
    return p[f"{name}/scale"] * (x - mean) / numpy.sqrt(variance + 1e-3) + p[f"{name}/bias"]


class OfBatches(nn.Module):
    """Over sequences, a grid, and vectors; one of them twice."""

    def __init__(self) -> None:
        super().__init__()
        self.frames, self.grid, self.vectors = (
            nn.BatchNorm(FEATURES, momentum=0.25),
            nn.BatchNorm(FEATURES),
            nn.BatchNorm(FEATURES),
        )

    def forward(self) -> dict[str, nn.Tensor]:
        y = self.frames(self.frames(x_()) * 2.0 + 1.0)
        grid = self.grid(grid_())
        nn.reduce_sum(y * y * y).mark_as_loss("frames")
        nn.reduce_sum(grid * grid * grid, [OTHER, FEATURES]).mark_as_loss("cells")
        return {"y": y, "grid": nn.reduce_sum(grid, OTHER), "vectors": self.vectors(v_())}


def parameters_of(network: nn.Network) -> dict[str, numpy.ndarray]:
    """Random ones; no variance is negative."""
    parameters = random_parameters(network)
    return {name: abs(value) if name.endswith("variance") else value for name, value in parameters.items()}


def inside(feed: tuple[numpy.ndarray, ...]) -> numpy.ndarray:
    """All frames of a batch that are there, [frames, features]."""
    value, *lengths = feed
    return numpy.concatenate(
        [row[tuple(slice(length) for length in of_row)].reshape(-1, 4) for row, of_row in zip(value, zip(*lengths))]
    ).astype("float64")


@pytest.mark.parametrize("padding", [77.0, math.nan])
@pytest.mark.parametrize("batch", [RAGGED, LONGEST_LAST, WITH_EMPTY])
def test_statistics_of_the_batch_in_training(batch: Batch, padding: float) -> None:
    network = nn.Network(OfBatches())
    feeds, parameters = batch.feeds(padding), parameters_of(network)
    run = nn.run_numpy(network, feeds, parameters, train=True)
    frames = inside(feeds["x"])
    for _ in range(2):
        normalized = batch_norm(parameters, "frames", frames, frames.mean(axis=0), frames.var(axis=0))
        frames = normalized * 2.0 + 1.0
    rows = run.outputs["y"].sequences()
    numpy.testing.assert_allclose(numpy.concatenate(rows), normalized, rtol=1e-4, atol=1e-4)
    vectors = feeds["v"].astype("float64")
    expected = batch_norm(parameters, "vectors", vectors, vectors.mean(axis=0), vectors.var(axis=0))
    numpy.testing.assert_allclose(run.outputs["vectors"].value, expected, rtol=1e-4, atol=1e-4)
    cells = inside(feeds["grid"])
    cells = batch_norm(parameters, "grid", cells, cells.mean(axis=0), cells.var(axis=0))
    numpy.testing.assert_allclose(run.losses["cells"], (cells**3).sum() / sum(batch.time), rtol=1e-3)


@pytest.mark.parametrize("padding", [77.0, math.nan])
def test_running_averages_elsewhere(padding: float) -> None:
    """Also in the engine, when it does not train; then each sequence is as if it were alone."""
    network = nn.Network(OfBatches())
    feeds, parameters = RAGGED.feeds(padding), parameters_of(network)
    run = check_agreement(network, feeds, parameters=parameters).in_numpy
    mean, variance = parameters["frames/running_mean"], parameters["frames/running_variance"]
    for row, value, length in zip(run.outputs["y"].sequences(), feeds["x"][0], feeds["x"][1]):
        expected = value[:length]
        for _ in range(2):
            normalized = batch_norm(parameters, "frames", expected, mean, variance)
            expected = normalized * 2.0 + 1.0
        numpy.testing.assert_allclose(row, normalized, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("batch", [RAGGED, WITH_EMPTY])
def test_running_averages_after_a_step_of_training(batch: Batch) -> None:
    network = nn.Network(OfBatches())
    feeds, parameters = batch.feeds(), parameters_of(network)
    in_numpy = nn.run_numpy(network, feeds, parameters, train=True)
    run = run_returnn(network, feeds, parameters, train=True, trains=True)
    if is_left_out():
        return
    for name, output in in_numpy.outputs.items():
        assert_same_output(name, output, run.outputs[name], rtol=1e-3)
    for name, loss in in_numpy.losses.items():
        numpy.testing.assert_allclose(run.losses[name], loss, rtol=1e-3)
    frames = inside(feeds["x"])
    mean, variance = (parameters[f"frames/running_{name}"] for name in ("mean", "variance"))
    for _ in range(2):
        mean = mean + 0.25 * (frames.mean(axis=0) - mean)
        variance = variance + 0.25 * (frames.var(axis=0) - variance)
        frames = batch_norm(parameters, "frames", frames, frames.mean(axis=0), frames.var(axis=0)) * 2.0 + 1.0
    numpy.testing.assert_allclose(run.trained["frames/running_mean"], mean, rtol=1e-4, atol=1e-5)
    numpy.testing.assert_allclose(run.trained["frames/running_variance"], variance, rtol=1e-4, atol=1e-5)
    cells = inside(feeds["grid"])
    before = parameters["grid/running_mean"]
    numpy.testing.assert_allclose(
        run.trained["grid/running_mean"], before + 0.1 * (cells.mean(axis=0) - before), rtol=1e-4, atol=1e-5
    )
    assert (run.trained["frames/scale"] != parameters["frames/scale"]).any()


def test_gradients_through_the_statistics() -> None:
    """The loss of RETURNN changes with each parameter as that of NumPy does."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.norm = nn.Linear(FEATURES, FEATURES), nn.BatchNorm(FEATURES)

        def forward(self) -> None:
            y = self.norm(nn.tanh(self.linear(x_())))
            nn.reduce_sum(y * y * y).mark_as_loss("cubes")

    network = nn.Network(Model())
    feeds, parameters = Program("gradients", Model(), max).feeds(network, RAGGED), parameters_of(network)
    run = run_returnn(network, feeds, parameters, train=True, gradients=True)
    if is_left_out():
        return
    for name, gradient in run.gradients.items():
        if "running" in name:
            assert gradient is None or not gradient.any()
            continue
        direction = numpy.random.default_rng(3).standard_normal(parameters[name].shape)
        losses = []
        for sign in (-1, 1):
            changed = {key: value.astype("float64") for key, value in parameters.items()}
            changed[name] = changed[name] + sign * 1e-4 * direction
            losses.append(nn.run_numpy(network, feeds, changed, train=True).losses["cubes"] * sum(RAGGED.time))
        assert gradient is not None
        slope = (losses[1] - losses[0]) / 2e-4
        numpy.testing.assert_allclose((gradient * direction).sum(), slope, rtol=2e-2, atol=1e-2, err_msg=name)


def test_in_a_loop() -> None:
    """What the steps have nothing to do with is computed outside of them; all else is refused."""
    norm = nn.BatchNorm(FEATURES)

    def outside() -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(loop.unstack(norm(x_() * 2.0)))

    network = nn.Network(outside)
    check_agreement(network, Program("", outside, max).feeds(network, RAGGED), parameters=parameters_of(network))

    def of_steps() -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(norm(loop.unstack(x_())))

    with pytest.raises(nn.NetworkError, match="BatchNorm takes its mean.* is a value of the steps of a loop"):
        nn.Network(of_steps)

    def in_a_branch() -> nn.Tensor:
        with nn.Cond(nn.reduce_sum(v_()) > 0.0) as cond:
            cond.true = norm(v_())
        with cond.false_branch():
            cond.false = v_()
        return cond.result

    with pytest.raises(nn.NetworkError, match="is a value in Cond or MaskedComputation. Call it before"):
        nn.Network(in_a_branch)


def test_wrong_use() -> None:
    with pytest.raises(nn.NetworkError, match=r"GroupNorm\(3, features=4\): features=4 cannot be parted into 3"):
        nn.GroupNorm(3, FEATURES)
    with pytest.raises(nn.NetworkError, match="has no axis"):
        nn.Network(lambda: nn.RmsNorm(LABELS)(x_()))
    with pytest.raises(nn.NetworkError, match="the momentum .*above 0 and at most 1"):
        nn.Network(lambda: nn.BatchNorm(FEATURES, momentum=1.5)(x_()))

    class Trained(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.average = nn.Parameter([FEATURES])

        def forward(self) -> nn.Tensor:
            return nn.running_average(nn.reduce_sum(v_(), nn.batch_dim), self.average)

    with pytest.raises(nn.NetworkError, match=r"so it is not trained: nn.Parameter\(trainable=False\)"):
        nn.Network(Trained())


def test_parameters() -> None:
    network = nn.Network(Search(), search=nn.BeamSearch(2))
    names = {name: value.trainable for name, value in network.parameters.items() if name.startswith("batch")}
    assert names == {
        "batch/scale": True,
        "batch/bias": True,
        "batch/running_mean": False,
        "batch/running_variance": False,
    }
    assert TIME not in network.parameters["batch/scale"].dims
