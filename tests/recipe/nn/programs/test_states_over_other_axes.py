"""States that are sequences themselves, over another axis than the loop's; only their last values leave the loop."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LONGEST_LAST, OTHER, TIME, label, v_, w_, x_, y_, z_, zeros
from .plain_layers import Parameters, linear, pooled, softmax
from .program import Program


def as_often_as_frames() -> nn.Tensor:
    """All frames go through tanh as often as there are frames."""
    x = x_()
    loop = nn.Loop()
    loop.state.x = x
    with loop:
        loop.end(loop.iter_idx >= x.seq_len)
        loop.state.x = nn.tanh(loop.state.x)
    return loop.state.x


def as_often_as_frames_reference(x: numpy.ndarray) -> Any:
    for _ in range(len(x)):
        x = numpy.tanh(x)
    return x


def until_small(include_eos: bool) -> Any:
    """Halved until a sequence's largest number is small."""

    def model() -> nn.Tensor:
        loop = nn.Loop(max_seq_len=6)
        loop.state.x = x_()
        with loop:
            loop.state.x = loop.state.x * 0.6
            largest = nn.reduce_max(nn.reduce_max(abs(loop.state.x), FEATURES), TIME)
            loop.end(largest < 0.5, include_eos=include_eos)
        return loop.state.x

    return model


def until_small_reference(include_eos: bool) -> Any:
    def reference(x: numpy.ndarray) -> Any:
        for _ in range(6):
            new = x * 0.6
            if numpy.abs(new).max() < 0.5:
                return new if include_eos else x
            x = new
        return x

    return reference


class MessagePassing(nn.Module):
    """All frames attend to all others, a number of times that each sequence decides; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.x, loop.state.rounds = x_(), nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            before = loop.state.x
            others = nn.replace_dim(before, axis=TIME)
            weights = nn.softmax(nn.dot(before, others), others.spatial_dim)
            loop.state.x = nn.tanh(self.linear(nn.dot(weights, others, reduce=others.spatial_dim)) + before)
            loop.state.rounds = loop.state.rounds + 1
            loop.end(loop.state.rounds >= x_().seq_len, include_eos=True)
        nn.reduce_sum(loop.state.x * loop.state.x).mark_as_loss("square")
        return {"x": loop.state.x, "rounds": loop.state.rounds}


def message_passing_reference(x: numpy.ndarray, p: Parameters) -> Any:
    rounds = min(len(x), 4)
    for _ in range(rounds):
        weights = numpy.array([softmax(row) for row in x @ x.T])
        x = numpy.tanh(linear(p, "linear", weights @ x) + x)
    return {"x": x, "rounds": rounds, "square": (x**2).sum(axis=1)}


class TwoAxes(nn.Module):
    """Two sequences change each other until a condition of the step number; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.DotAttention(FEATURES, FEATURES, 3), nn.DotAttention(FEATURES, FEATURES, 3)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.x, loop.state.z = x_(), z_()
        with loop:
            x, z = loop.state.x, loop.state.z
            loop.state.x = nn.tanh(x + self.first(x, z, axis=OTHER))
            loop.state.z = nn.tanh(z + self.second(z, x, axis=TIME))
            loop.end(loop.iter_idx >= z_().seq_len, include_eos=True)
            last = loop.last(loop.state.x - x)
        nn.reduce_sum(loop.state.z).mark_as_loss("sum")
        return {"x": loop.state.x, "z": loop.state.z, "change": last}


def two_axes_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    def attend(name: str, queries: numpy.ndarray, frames: numpy.ndarray) -> numpy.ndarray:
        energies = (queries @ p[f"{name}/query/W"]) @ (frames @ p[f"{name}/key/W"]).T / numpy.sqrt(3)
        return numpy.array([softmax(row) for row in energies]) @ frames

    change = numpy.zeros_like(x)
    for _ in range(len(z) + 1):
        new_x, new_z = numpy.tanh(x + attend("first", x, z)), numpy.tanh(z + attend("second", z, x))
        x, z, change = new_x, new_z, new_x - x
    return {"x": x, "z": z, "change": change, "sum": z.sum(axis=1)}


def labels_and_marks() -> dict[str, nn.Tensor]:
    """Labels and conditions over time: the first remaining one is crossed out in each step."""
    y = y_()
    loop = nn.Loop(max_seq_len=2)
    loop.state.letters, loop.state.crossed = y, nn.zeros([nn.batch_dim, TIME], dtype="bool")
    loop.state.count = nn.zeros([nn.batch_dim, TIME])
    with loop:
        position = nn.range_over(TIME, like=y)
        here = nn.compare("equal", nn.expand(position, [nn.batch_dim]), loop.iter_idx)
        loop.state.letters = nn.where(here, label(0), loop.state.letters)
        loop.state.crossed = nn.logical_or(loop.state.crossed, here)
        loop.state.count = loop.state.count + nn.cast(loop.state.crossed, "float32")
        left = nn.reduce_sum(nn.cast(nn.logical_not(loop.state.crossed), "int32"), TIME)
        loop.end(left == 0, include_eos=True)
    return {"letters": loop.state.letters, "crossed": loop.state.crossed, "count": loop.state.count}


def labels_and_marks_reference(y: numpy.ndarray) -> Any:
    letters, count = y.copy(), numpy.zeros(len(y))
    crossed: numpy.ndarray = numpy.zeros(len(y), bool)
    for t in range(min(len(y), 2)):
        letters[t], crossed[t] = 0, True
        count += crossed
    return {"letters": letters, "crossed": crossed, "count": count}


class InLoopOverFrames(nn.Module):
    """Such a loop within another one, which starts from its state and keeps the result; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        z = z_()
        outer = nn.Loop()
        outer.state.memory = z
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop(max_seq_len=3)
            inner.state.m = outer.state.memory
            with inner:
                inner.state.m = nn.tanh(self.linear(inner.state.m) + frame)
                inner.end(inner.iter_idx >= outer.iter_idx, include_eos=True)
            outer.state.memory = inner.state.m
            read = nn.reduce_mean(outer.state.memory, OTHER)
            nn.reduce_sum(read * read).mark_as_loss("square")
            steps = outer.stack(read)
        return {"steps": steps, "memory": outer.state.memory}


def in_loop_over_frames_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    memory, steps = z, []
    for i, frame in enumerate(x):
        for _ in range(min(i + 1, 3)):
            memory = numpy.tanh(linear(p, "linear", memory) + frame)
        steps.append(memory.mean(axis=0))
    return {"steps": steps, "memory": memory, "square": [read @ read for read in steps]}


def with_branches() -> nn.Tensor:
    """In Cond and MaskedComputation; started without a value from outside."""
    x, w = x_(), w_()
    loop = nn.Loop()
    loop.state.sums, loop.state.weights = zeros(TIME, FEATURES), nn.ones([nn.batch_dim, TIME])
    with loop:
        letter = nn.gather(w, nn.minimum(loop.iter_idx, w.seq_len - 1))
        with nn.Cond(letter > label(2)) as cond:
            loop.state.sums = loop.state.sums + x
        with cond.false_branch():
            loop.state.sums = loop.state.sums - 0.5 * x
        with nn.MaskedComputation(mask=letter != 1):
            loop.state.weights = loop.state.weights * 0.5 + nn.reduce_sum(x)
        loop.end(loop.iter_idx >= w.seq_len, include_eos=False)
    return loop.state.sums * loop.state.weights


def with_branches_reference(x: numpy.ndarray, w: numpy.ndarray) -> Any:
    sums, weights = numpy.zeros_like(x), numpy.ones(len(x))
    for letter in w:
        sums = sums + x if letter > 2 else sums - 0.5 * x
        weights = weights * 0.5 + x.sum(axis=1) if letter != 1 else weights
    return sums * weights[:, None]


def sequence_moved_on() -> dict[str, nn.Tensor]:
    """Each step moves all frames one place; another loop goes over what came out."""
    x = x_()
    loop = nn.Loop(max_seq_len=10)
    loop.state.x, loop.state.v = x, v_()
    with loop:
        position = nn.minimum(nn.expand(nn.range_over(TIME, like=x), [nn.batch_dim]) + 1, x.seq_len - 1)
        loop.state.x = nn.gather(loop.state.x, position)
        loop.state.v = loop.state.v * 0.5
        loop.end(nn.reduce_sum(abs(loop.state.v)) < 1.0, include_eos=True)
    moved = loop.state.x
    again = nn.Loop()
    again.state.s = loop.state.v
    with again:
        again.state.s = nn.tanh(again.state.s + again.unstack(moved))
        steps = again.stack(again.state.s)
    return {"x": moved, "steps": steps}


def sequence_moved_on_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    for _ in range(10):
        x, v = numpy.concatenate([x[1:], x[-1:]]), v * 0.5
        if numpy.abs(v).sum() < 1.0:
            break
    s, steps = v, []
    for frame in x:
        s = numpy.tanh(s + frame)
        steps.append(s)
    return {"x": x, "steps": steps}


def limited() -> nn.Tensor:
    """Nothing but a limit ends the loop before its input does; in a loop over frames."""
    outer = nn.Loop()
    outer.state.memory = z_()
    with outer:
        frame = outer.unstack(x_())
        inner = nn.Loop(max_seq_len=2)
        inner.state.m = outer.state.memory
        with inner:
            inner.state.m = nn.tanh(inner.state.m + inner.unstack(x_()) - frame)
        outer.state.memory = inner.state.m
        return outer.stack(nn.reduce_max(outer.state.memory, OTHER))


def limited_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    memory, out = z, []
    for frame in x:
        for other in x[:2]:
            memory = numpy.tanh(memory + other - frame)
        out.append(memory.max(axis=0))
    return out


def numbers_of_steps() -> dict[str, nn.Tensor]:
    """A value without batch dim is stacked, though each sequence has its own number of steps."""
    loop = nn.Loop(max_seq_len=5)
    loop.state.x = x_()
    with loop:
        loop.state.x = loop.state.x * 0.5
        loop.end(nn.reduce_max(nn.reduce_max(abs(loop.state.x), FEATURES), TIME) < 0.5, include_eos=True)
        return {"numbers": loop.stack(loop.iter_idx * 2), "x": loop.last(loop.state.x)}


def numbers_of_steps_reference(x: numpy.ndarray) -> Any:
    numbers: list[int] = []
    for step in range(5):
        x = x * 0.5
        numbers.append(2 * step)
        if numpy.abs(x).max() < 0.5:
            break
    return {"numbers": numbers, "x": x}


class OverPooledFrames(nn.Module):
    """A loop over pooled frames stacks weights over other pooled frames, and nothing else; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        memory, frames = nn.pool(self.linear(x_()), 2), nn.pool(z_(), 2)
        axis = memory.spatial_dim
        loop = nn.Loop()
        loop.state.weights = nn.zeros([nn.batch_dim, axis])
        with loop:
            energies = nn.dot(memory, loop.unstack(frames)) - loop.state.weights
            loop.state.weights = nn.softmax(energies, axis)
            weights = loop.stack(loop.state.weights)
        nn.reduce_max(weights, axis).mark_as_loss("largest")
        return {"weights": weights, "last": loop.state.weights}


def over_pooled_frames_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    memory = numpy.array(pooled(linear(p, "linear", x), 2))
    weights, out = numpy.zeros(len(memory)), []
    for frame in pooled(z, 2):
        weights = softmax(memory @ frame - weights)
        out.append(weights)
    return {"weights": out, "last": weights, "largest": numpy.max(out, axis=1)}


@programs(
    [
        Program("as_often_as_frames", as_often_as_frames, as_often_as_frames_reference, padding=numpy.nan),
        Program("as_often_as_frames_alone", as_often_as_frames, as_often_as_frames_reference, batch=ALONE),
        Program("until_small", until_small(False), until_small_reference(False)),
        Program("until_small_with_the_last_step", until_small(True), until_small_reference(True), batch=LONGEST_LAST),
        Program("message_passing", MessagePassing(), message_passing_reference),
        Program("two_axes", TwoAxes(), two_axes_reference),
        Program("labels_and_marks", labels_and_marks, labels_and_marks_reference),
        Program("in_loop_over_frames", InLoopOverFrames(), in_loop_over_frames_reference),
        Program("with_branches", with_branches, with_branches_reference),
        Program("sequence_moved_on", sequence_moved_on, sequence_moved_on_reference, batch=LONGEST_LAST),
        Program("limited", limited, limited_reference),
        Program("over_pooled_frames", OverPooledFrames(), over_pooled_frames_reference),
        Program("numbers_of_steps", numbers_of_steps, numbers_of_steps_reference),
    ]
)
def test_states_over_other_axes(program: Program, engine: str) -> None:
    check(program, engine)
