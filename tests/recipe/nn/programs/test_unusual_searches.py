"""Two searches in one network, and inner loops of a search whose number of steps is fixed or depends on choices."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import FEATURES, LABELS, LONGEST_LAST, label, v_, x_
from .plain_layers import Parameters, linear, log_softmax
from .plain_search import Choose
from .program import Program


class FactorsInASearch(nn.Module):
    """In a search, over the features of the state of each hypothesis."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.h = label(1), v_()
        with loop:
            h = nn.tanh(loop.state.h + self.embedding(loop.state.letter))
            inner = nn.Loop()
            inner.state.a = nn.zeros([nn.batch_dim])
            with inner:
                inner.state.a = inner.state.a * 0.5 + inner.unstack(h, axis=FEATURES)
                sums = inner.stack(inner.state.a)
            loop.state.h = sums
            loop.state.letter = nn.choice(self.output(sums))
            loop.end(loop.state.letter == 0, include_eos=True)
            return {"letters": loop.stack(loop.state.letter), "h": loop.stack(loop.state.h)}


def factors_in_a_search_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    h, states = v, []
    for _ in range(3):
        new = numpy.tanh(h + p["embedding/W"][letters[-1]])
        a, sums = 0.0, []
        for number in new:
            a = a * 0.5 + number
            sums.append(a)
        h = numpy.array(sums)
        states.append(h)
        letters.append(choose(log_softmax(linear(p, "output", h))))
        if letters[-1] == 0:
            break
    return {"letters": letters[1:], "h": states}


class AsManyStepsAsTheLabel(nn.Module):
    """The inner loop makes as many steps as the label before says, for each hypothesis."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.h = label(2), v_()
        with loop:
            inner = nn.Loop(max_seq_len=6)
            inner.state.t = loop.state.h + self.embedding(loop.state.letter)
            with inner:
                inner.state.t = nn.tanh(inner.state.t * 1.5)
                inner.end(inner.iter_idx >= nn.cast(loop.state.letter, "int32"), include_eos=True)
                largest = inner.last(nn.reduce_max(inner.state.t))
            loop.state.h = inner.state.t * largest
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.end(loop.state.letter == 0, include_eos=True)
            return loop.stack(loop.state.letter)


def as_many_steps_as_the_label_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [2]
    h = v
    for _ in range(3):
        t = h + p["embedding/W"][letters[-1]]
        for _ in range(letters[-1] + 1):
            t = numpy.tanh(t * 1.5)
        h = t * t.max()
        letters.append(choose(log_softmax(linear(p, "output", h))))
        if letters[-1] == 0:
            break
    return letters[1:]


class TwoSearches(nn.Module):
    """The second search starts from what each hypothesis of the first one ended with, and keeps its hypotheses."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)
        self.second = nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        first = nn.Loop(max_seq_len=3)
        first.state.letter, first.state.h = label(1), v_()
        with first:
            first.state.h = nn.tanh(first.state.h + self.embedding(first.state.letter))
            first.state.letter = nn.choice(self.output(first.state.h))
            first.end(first.state.letter == 0, include_eos=True)
        second = nn.Loop()
        second.state.h = first.state.h
        with second:
            h = nn.tanh(second.state.h + second.unstack(x_()))
            letter = nn.choice(self.second(h))
            second.state.h = h + self.embedding(letter)
            return {"letters": second.stack(letter), "h": second.stack(h)}


def two_searches_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    h, letter = v, 1
    for i in range(3):
        h = numpy.tanh(h + p["embedding/W"][letter])
        letter = choose(log_softmax(linear(p, "output", h)), moment=(0, i))
        if letter == 0:
            break
    letters, states = [], []
    for i, frame in enumerate(x):
        new = numpy.tanh(h + frame)
        letters.append(choose(log_softmax(linear(p, "second", new)), moment=(1, i)))
        h = new + p["embedding/W"][letters[-1]]
        states.append(new)
    return {"letters": letters, "h": states}


@programs(
    [
        Program("factors_in_a_search", FactorsInASearch(), factors_in_a_search_reference, beam_size=3, scale=2.0),
        Program(
            "as_many_steps_as_the_label",
            AsManyStepsAsTheLabel(),
            as_many_steps_as_the_label_reference,
            beam_size=3,
            scale=2.0,
        ),
        Program("two_searches", TwoSearches(), two_searches_reference, batch=LONGEST_LAST, beam_size=3, scale=2.0),
    ]
)
def test_unusual_searches(program: Program, engine: str) -> None:
    check(program, engine)
