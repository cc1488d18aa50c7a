"""Loops over an axis that is a number alone, and dims that are products of dims."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, TIME, label, v_, x_, zeros
from .plain_layers import Parameters, linear, log_softmax
from .plain_search import Choose
from .program import Program

LAYERS = nn.Dim(3, "layers")
WINDOW: Any = nn.Dim(2, "window")
HEADS: Any = nn.Dim(3, "heads")
KEY: Any = nn.Dim(2, "key")


def so_many_steps() -> dict[str, nn.Tensor]:
    """Nothing is unstacked: the axis says how many steps."""
    loop = nn.Loop(axis=LAYERS)
    loop.state.s = v_()
    with loop:
        loop.state.s = nn.tanh(loop.state.s * nn.cast(loop.iter_idx + 1, "float32"))
        steps = loop.stack(loop.state.s)
    assert LAYERS in steps.dims
    return {"steps": steps, "s": loop.state.s}


def so_many_steps_reference(v: numpy.ndarray) -> Any:
    steps = []
    for i in range(3):
        v = numpy.tanh(v * (i + 1))
        steps.append(v)
    return {"steps": steps, "s": v}


class LayersInEachStep(nn.Module):
    """In each step of a loop over frames, with an end and a limit beside it; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = zeros()
        with outer:
            outer.state.s = outer.state.s + outer.unstack(x_())
            with nn.Loop(axis=LAYERS, max_seq_len=5) as inner:
                outer.state.s = nn.tanh(self.linear(outer.state.s))
                inner.end(nn.reduce_sum(outer.state.s) > 0.5, include_eos=True)
            nn.reduce_sum(outer.state.s * outer.state.s).mark_as_loss("square")
            return outer.stack(outer.state.s)


def layers_in_each_step_reference(x: numpy.ndarray, p: Parameters) -> Any:
    s, out = numpy.zeros(4), []
    for frame in x:
        s = s + frame
        for _ in range(3):
            s = numpy.tanh(linear(p, "linear", s))
            if s.sum() > 0.5:
                break
        out.append(s)
    return {"output": out, "square": [s @ s for s in out]}


class ThreeLetters(nn.Module):
    """A search for words of three letters."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(axis=LAYERS)
        loop.state.letter, loop.state.h = label(1), v_()
        with loop:
            loop.state.h = nn.tanh(loop.state.h + self.embedding(loop.state.letter))
            loop.state.letter = nn.choice(self.output(loop.state.h))
            return loop.stack(loop.state.letter)


def three_letters_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    for _ in range(3):
        v = numpy.tanh(v + p["embedding/W"][letters[-1]])
        letters.append(choose(log_softmax(linear(p, "output", v))))
    return letters[1:]


class JoinedWindow(nn.Module):
    """Two frames as one vector, of the product of two dims, into a layer; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WINDOW * FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.before = zeros()
        with loop:
            frame = loop.unstack(x_())
            joined = nn.concat(loop.state.before, frame)
            pairs = nn.split_dims(joined, [WINDOW, FEATURES])
            y = self.linear(nn.merge_dims(nn.tanh(pairs), [WINDOW, FEATURES], out_dim=WINDOW * FEATURES))
            loop.state.before = frame
            nn.reduce_sum(y).mark_as_loss("sum")
            return loop.stack(y)


def joined_window_reference(x: numpy.ndarray, p: Parameters) -> Any:
    before, out = numpy.zeros(4), []
    for frame in x:
        out.append(linear(p, "linear", numpy.tanh(numpy.concatenate([before, frame]))))
        before = frame
    return {"output": out, "sum": [y.sum() for y in out]}


class ManyHeads(nn.Module):
    """A layer to the product of heads and key dim; the product is the same Dim each time; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(FEATURES, HEADS * KEY)
        self.output = nn.Linear(HEADS * KEY, FEATURES)

    def forward(self) -> nn.Tensor:
        keys = nn.split_dims(self.query(x_()), [HEADS, KEY])
        query = nn.split_dims(self.query(v_()), [HEADS, KEY])
        weights = nn.softmax_over_spatial(nn.dot(keys, query, reduce=KEY), TIME)
        context = nn.dot(weights, keys, reduce=TIME)
        y = self.output(nn.merge_dims(context, [HEADS, KEY], out_dim=HEADS * KEY))
        nn.reduce_sum(y * y).mark_as_loss("square")
        return y


def many_heads_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    keys, query = linear(p, "query", x).reshape(-1, 3, 2), linear(p, "query", v).reshape(3, 2)
    parts = []
    for head in range(3):
        weights = numpy.exp(keys[:, head] @ query[head])
        parts.append((weights / weights.sum()) @ keys[:, head])
    y = linear(p, "output", numpy.concatenate(parts))
    return {"output": y, "square": y @ y}


@programs(
    [
        Program("so_many_steps", so_many_steps, so_many_steps_reference),
        Program("so_many_steps_alone", so_many_steps, so_many_steps_reference, batch=ALONE),
        Program("layers_in_each_step", LayersInEachStep(), layers_in_each_step_reference, batch=LONGEST_LAST),
        Program("three_letters", ThreeLetters(), three_letters_reference, beam_size=3, scale=2.0),
        Program("joined_window", JoinedWindow, joined_window_reference),
        Program("many_heads", ManyHeads, many_heads_reference),
    ]
)
def test_sizes_and_products(program: Program, engine: str) -> None:
    check(program, engine)
