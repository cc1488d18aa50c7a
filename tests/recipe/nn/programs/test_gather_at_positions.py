"""Frames at positions that are a sequence or a window themselves; beyond an end it is the sequence's own last frame."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, TIME, label, v_, x_, y_, z_, zeros
from .plain_layers import Parameters, cross_entropy, linear, log_softmax, weighted_mean
from .plain_search import Choose
from .program import Program

WINDOW = nn.Dim(2, "window")


def at(frames: numpy.ndarray, position: int) -> numpy.ndarray:
    """The frame at a position, the first or last one beyond an end."""
    return frames[min(max(position, 0), len(frames) - 1)]


def window_positions() -> nn.Tensor:
    """0 and 1, [window]."""
    return nn.range_over(WINDOW, like=nn.zeros([WINDOW]))


def next_frames() -> dict[str, nn.Tensor]:
    """Each frame's successor, its predecessor, and how both differ."""
    x = x_()
    position = nn.range_over(TIME, like=x)
    following, before = nn.gather(x, position + 1), nn.gather(x, position - 1)
    return {"following": following, "before": before, "delta": following - before}


def next_frames_reference(x: numpy.ndarray) -> Any:
    following = numpy.array([at(x, t + 1) for t in range(len(x))])
    before = numpy.array([at(x, t - 1) for t in range(len(x))])
    return {"following": following, "before": before, "delta": following - before}


class WindowInALoop(nn.Module):
    """This frame and the next one in each step, joined; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        x = x_()
        loop = nn.Loop(axis=TIME)
        loop.state.s = zeros()
        with loop:
            frames = nn.gather(x, loop.iter_idx + window_positions())
            joined = nn.merge_dims(frames, [WINDOW, FEATURES], out_dim=2 * FEATURES)
            loop.state.s = nn.tanh(self.linear(joined) + loop.state.s)
            nn.reduce_sum(loop.state.s * loop.state.s).mark_as_loss("square")
            return loop.stack(loop.state.s)


def window_in_a_loop_reference(x: numpy.ndarray, p: Parameters) -> Any:
    s, out = numpy.zeros(4), []
    for t in range(len(x)):
        s = numpy.tanh(linear(p, "linear", numpy.concatenate([x[t], at(x, t + 1)])) + s)
        out.append(s)
    return {"output": out, "square": [s @ s for s in out]}


def window_in_another_loop() -> dict[str, nn.Tensor]:
    """A loop of another length reads windows, which go beyond the end of the sequence, and are reduced and stacked."""
    x, z = x_(), z_()
    with nn.Loop() as loop:
        frame = loop.unstack(z)
        window = nn.gather(x, loop.iter_idx + window_positions())
        weights = nn.softmax(nn.dot(window, frame), WINDOW)
        context = nn.dot(weights, window, reduce=WINDOW)
        return {"context": loop.stack(context), "window": loop.stack(window), "last": loop.last(window)}


def window_in_another_loop_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    windows = [numpy.array([at(x, t), at(x, t + 1)]) for t in range(len(z))]
    contexts = [weighted_mean(list(window @ frame), window) for window, frame in zip(windows, z)]
    return {"context": contexts, "window": windows, "last": windows[-1]}


def windows_outside() -> nn.Tensor:
    """All windows of a sequence at once: frames t and t + 2, over two dims of positions."""
    x = x_()
    steps, offsets = nn.range_over(TIME, like=x), 2 * window_positions()
    positions = nn.combine("add", steps, offsets, allow_broadcast_all_sources=True)
    return nn.reduce_max(nn.gather(x, positions), WINDOW)


def windows_outside_reference(x: numpy.ndarray) -> Any:
    return [numpy.maximum(x[t], at(x, t + 2)) for t in range(len(x))]


def labels_as_positions() -> dict[str, nn.Tensor]:
    """The labels of one sequence say which frames of another; outside of loops, and in a loop over labels."""
    y, z = y_(), z_()
    positions = nn.cast(y, "int32")
    picked = nn.gather(z, positions)
    loop = nn.Loop()
    loop.state.s = zeros()
    with loop:
        position = nn.cast(loop.unstack(y), "int32")
        window = nn.gather(z, nn.combine("add", position, window_positions(), allow_broadcast_all_sources=True))
        loop.state.s = nn.tanh(loop.state.s + nn.reduce_sum(window, WINDOW))
    return {"picked": picked, "s": loop.state.s}


def labels_as_positions_reference(y: numpy.ndarray, z: numpy.ndarray) -> Any:
    s = numpy.zeros(4)
    for letter in y:
        s = numpy.tanh(s + at(z, letter) + at(z, letter + 1))
    return {"picked": [at(z, letter) for letter in y], "s": s}


class NextLabels(nn.Module):
    """A language model on shifted labels: from each one the next one is predicted; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        y = y_()
        following = nn.gather(y, nn.range_over(TIME, like=y) + 1)
        loop = nn.Loop()
        loop.state.s = zeros()
        with loop:
            loop.state.s = nn.tanh(loop.state.s + self.embedding(loop.unstack(y)))
            logits = self.output(loop.state.s)
            nn.cross_entropy(logits, loop.unstack(following)).mark_as_loss("ce")
        return following


def next_labels_reference(y: numpy.ndarray, p: Parameters) -> Any:
    s, losses = numpy.zeros(4), []
    following = [*y[1:], y[-1]]
    for letter, target in zip(y, following):
        s = numpy.tanh(s + p["embedding/W"][letter])
        losses.append(cross_entropy(linear(p, "output", s), target))
    return {"output": following, "ce": losses}


def from_the_own_end() -> dict[str, nn.Tensor]:
    """Positions counted from each sequence's end; each second frame; a position per sequence and window place."""
    x = x_()
    mirrored = nn.gather(
        x, nn.combine("sub", x.seq_len - 1, nn.range_over(TIME, like=x), allow_broadcast_all_sources=True)
    )
    short = nn.pool(x, 2)
    second = nn.gather(x, 2 * nn.range_over(short.spatial_dim, like=short) + 1)
    last = nn.combine("sub", x.seq_len - 1, window_positions(), allow_broadcast_all_sources=True)
    ends = nn.gather(x, last)
    return {"mirrored": mirrored, "second": second, "ends": ends}


def from_the_own_end_reference(x: numpy.ndarray) -> Any:
    return {
        "mirrored": x[::-1],
        "second": [at(x, t + 1) for t in range(0, len(x), 2)],
        "ends": [at(x, len(x) - 1), at(x, len(x) - 2)],
    }


class InASearch(nn.Module):
    """A window of the input around a position that depends on the letters, in a search."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        x = x_()
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter, loop.state.h = label(1), zeros()
        loop.state.position = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            positions = nn.combine("add", loop.state.position, window_positions(), allow_broadcast_all_sources=True)
            window = nn.reduce_max(nn.gather(x, positions), WINDOW)
            fixed = nn.reduce_sum(nn.gather(x, loop.iter_idx + window_positions()), WINDOW)
            loop.state.h = nn.tanh(loop.state.h * 0.7 + window + self.embedding(loop.state.letter) - fixed)
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.state.position = loop.state.position + nn.cast(loop.state.letter > label(2), "int32")
            loop.end(loop.state.letter == 0, include_eos=True)
            return loop.stack(loop.state.letter)


def in_a_search_reference(x: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    position, h = 0, numpy.zeros(4)
    for t in range(4):
        window = numpy.maximum(at(x, position), at(x, position + 1))
        fixed = at(x, t) + at(x, t + 1)
        h = numpy.tanh(h * 0.7 + window + p["embedding/W"][letters[-1]] - fixed)
        letters.append(choose(log_softmax(linear(p, "output", h))))
        position += letters[-1] > 2
        if letters[-1] == 0:
            break
    return letters[1:]


def beyond_the_end_in_a_loop() -> dict[str, nn.Tensor]:
    """Single positions beyond the end: the step of another loop, a fixed number, one after the last frame."""
    x, z = x_(), z_()
    with nn.Loop() as loop:
        frame = loop.unstack(x)
        other = nn.gather(z, loop.iter_idx)
        following = x[loop.iter_idx + 1]
        with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 0.0):
            masked = nn.gather(z, loop.iter_idx + 1)
        results = {"product": loop.stack(frame * other - following), "masked": loop.stack(masked)}
    return {**results, "third": x[2], "after": nn.gather(x, x.seq_len + 1), "sum": x[1] + v_()}


def beyond_the_end_in_a_loop_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray) -> Any:
    product, masked = [], []
    value = numpy.zeros(4)
    for t, frame in enumerate(x):
        product.append(frame * at(z, t) - at(x, t + 1))
        value = at(z, t + 1) if frame.sum() > 0 else value
        masked.append(value)
    return {"product": product, "masked": masked, "third": at(x, 2), "after": x[-1], "sum": at(x, 1) + v}


@programs(
    [
        Program("next_frames", next_frames, next_frames_reference, batch=LONGEST_LAST),
        Program("next_frames_alone", next_frames, next_frames_reference, batch=ALONE),
        Program("window_in_a_loop", WindowInALoop(), window_in_a_loop_reference),
        Program("window_in_another_loop", window_in_another_loop, window_in_another_loop_reference),
        Program("windows_outside", windows_outside, windows_outside_reference),
        Program("labels_as_positions", labels_as_positions, labels_as_positions_reference),
        Program("next_labels", NextLabels(), next_labels_reference),
        Program("from_the_own_end", from_the_own_end, from_the_own_end_reference),
        Program("in_a_search", InASearch(), in_a_search_reference, beam_size=3, scale=2.0),
        Program("beyond_the_end_in_a_loop", beyond_the_end_in_a_loop, beyond_the_end_in_a_loop_reference),
    ]
)
def test_gather_at_positions(program: Program, engine: str) -> None:
    check(program, engine)
