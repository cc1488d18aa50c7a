"""Loops and layers over what a search found: rescoring, second passes, what is spoken of what was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, OTHER, TIME, label, v_, x_, z_, zeros
from .plain_layers import (
    Parameters,
    convolution,
    cross_entropy,
    dot_attention,
    linear,
    log_softmax,
    lstm,
    lstm_sequence,
    pooled,
)
from .plain_search import Choose
from .program import Program


class Found(nn.Module):
    """
    A search for letters, and then something else with them.

    :param include_eos: whether the letter of the end is one of those found
    """

    def __init__(self, include_eos: bool = False) -> None:
        super().__init__()
        self.include_eos = include_eos
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def search(self) -> tuple[nn.Tensor, nn.Tensor, nn.Tensor]:
        """The letters and the states in all steps, and the last state."""
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter, loop.state.h = label(1), v_()
        with loop:
            loop.state.h = nn.tanh(loop.state.h + self.embedding(loop.state.letter))
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.end(loop.state.letter == 0, include_eos=self.include_eos)
            letters, states = loop.stack(loop.state.letter), loop.stack(loop.state.h)
        return letters, states, loop.state.h


def found(
    v: numpy.ndarray, p: Parameters, choose: Choose, include_eos: bool = False
) -> tuple[list[int], list[numpy.ndarray], numpy.ndarray]:
    """The letters and states of one hypothesis, and its last state."""
    letters: list[int] = []
    states: list[numpy.ndarray] = []
    letter, h = 1, v
    for _ in range(4):
        new = numpy.tanh(h + p["embedding/W"][letter])
        letter = choose(log_softmax(linear(p, "output", new)))
        if letter == 0 and not include_eos:
            break
        h = new
        letters.append(letter)
        states.append(h)
        if letter == 0:
            break
    return letters, states, h


class Again(Found):
    """A loop over the letters, from nothing; what it stacks and its last state."""

    def forward(self) -> dict[str, nn.Tensor]:
        letters, _, _ = self.search()
        again = nn.Loop()
        again.state.s = zeros()
        with again:
            again.state.s = nn.tanh(again.state.s + self.embedding(again.unstack(letters)))
            steps = again.stack(again.state.s)
        return {"letters": letters, "steps": steps, "s": again.state.s}


def again_reference(include_eos: bool) -> Callable[..., Any]:
    def reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
        letters, _, _ = found(v, p, choose, include_eos)
        s, steps = numpy.zeros(4), []
        for letter in letters:
            s = numpy.tanh(s + p["embedding/W"][letter])
            steps.append(s)
        return {"letters": letters, "steps": steps, "s": s}

    return reference


class Rescoring(Found):
    """A second model scores the letters: an LSTM cell, and the sum of cross entropies for each hypothesis."""

    def __init__(self) -> None:
        super().__init__(include_eos=True)
        self.cell, self.scores = nn.LstmCell(FEATURES, 3), nn.Linear(3, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        letters, _, h = self.search()
        again = nn.Loop()
        again.state.cell, again.state.letter = self.cell.initial_state(), label(1)
        again.state.total = nn.zeros([nn.batch_dim])
        with again:
            y, again.state.cell = self.cell(self.embedding(again.state.letter) + h, again.state.cell)
            again.state.letter = again.unstack(letters)
            again.state.total = again.state.total + nn.cross_entropy(self.scores(y), again.state.letter)
        return {"letters": letters, "total": again.state.total}


def rescoring_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, _, h = found(v, p, choose, True)
    state, total = (numpy.zeros(3), numpy.zeros(3)), 0.0
    for before, letter in zip([1, *letters], letters):
        y, state = lstm(p, "cell", p["embedding/W"][before] + h, state)
        total += cross_entropy(linear(p, "scores", y), letter)
    return {"letters": letters, "total": total}


class BothDirections(Found):
    """A bidirectional LSTM over the vectors of the letters, read backwards by a loop."""

    def __init__(self) -> None:
        super().__init__(include_eos=True)
        self.lstm = nn.BidirectionalLstm(FEATURES, 2)

    def forward(self) -> dict[str, nn.Tensor]:
        letters, _, _ = self.search()
        y = self.lstm(self.embedding(letters))
        again = nn.Loop()
        again.state.s = zeros(self.lstm.out_dim)
        with again:
            again.state.s = again.state.s * 0.5 + again.unstack(nn.reverse(y))
        return {"y": y, "s": again.state.s}


def both_directions_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    embedded = p["embedding/W"][found(v, p, choose, True)[0]]
    forwards, _ = lstm_sequence(p, "lstm/fw", embedded)
    backwards, _ = lstm_sequence(p, "lstm/bw", embedded[::-1])
    y = [numpy.concatenate(pair) for pair in zip(forwards, backwards[::-1])]
    s = numpy.zeros(4)
    for step in y[::-1]:
        s = s * 0.5 + step
    return {"y": y, "s": s}


class Spoken(Found):
    """For each letter a loop over frames, which attends over all letters as well."""

    def __init__(self) -> None:
        super().__init__(include_eos=True)
        self.attention = nn.DotAttention(FEATURES, FEATURES, 3)

    def forward(self) -> nn.Tensor:
        letters, states, _ = self.search()
        z = z_()
        outer = nn.Loop()
        outer.state.s = zeros()
        with outer:
            vector = self.embedding(outer.unstack(letters))
            with nn.Loop() as inner:
                outer.state.s = nn.tanh(outer.state.s + vector * inner.unstack(z))
            outer.state.s = outer.state.s + self.attention(outer.state.s, states)
            return outer.stack(outer.state.s)


def spoken_reference(v: numpy.ndarray, z: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, states, _ = found(v, p, choose, True)
    s, out = numpy.zeros(4), []
    for letter in letters:
        for frame in z:
            s = numpy.tanh(s + p["embedding/W"][letter] * frame)
        s = s + dot_attention(p, "attention", s, states)
        out.append(s)
    return out


class FramesAfterwards(Found):
    """A loop over the frames of the input, from the last state of each hypothesis, with attention to its letters."""

    def __init__(self) -> None:
        super().__init__(include_eos=True)
        self.attention = nn.DotAttention(FEATURES, FEATURES, 3)

    def forward(self) -> dict[str, nn.Tensor]:
        letters, _, h = self.search()
        vectors = self.embedding(letters)
        loop = nn.Loop()
        loop.state.h = h
        with loop:
            loop.state.h = nn.tanh(loop.state.h + self.attention(loop.unstack(x_()), vectors))
            steps = loop.stack(loop.state.h)
        return {"letters": letters, "steps": steps}


def frames_afterwards_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, _, h = found(v, p, choose, True)
    steps = []
    for frame in x:
        h = numpy.tanh(h + dot_attention(p, "attention", frame, p["embedding/W"][letters]))
        steps.append(h)
    return {"letters": letters, "steps": steps}


class Layers(Found):
    """No second loop: pooling, a convolution, a mean, the length, one more letter, and all pairs with frames."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(FEATURES, 3, 2, stride=1)

    def forward(self) -> dict[str, nn.Tensor]:
        letters, states, h = self.search()
        longer = nn.postfix_in_time(letters, 0)
        energies = nn.dot(self.embedding(longer), x_(), reduce=FEATURES)
        return {
            "longer": longer,
            "pooled": nn.pool(states, 2),
            "conv": self.conv(self.embedding(longer)),
            "mean": nn.reduce_mean(self.embedding(longer), longer.spatial_dim),
            "length": letters.seq_len,
            "best": nn.reduce_max(nn.log_softmax(energies, TIME), TIME),
            "h": h,
        }


def layers_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, states, h = found(v, p, choose)
    longer = [*letters, 0]
    vectors = p["embedding/W"][longer]
    return {
        "longer": longer,
        "pooled": pooled(states, 2),
        "conv": convolution(p, "conv", vectors),
        "mean": vectors.mean(axis=0),
        "length": len(letters),
        "best": [log_softmax(x @ vector).max() for vector in vectors],
        "h": h,
    }


class BranchesAndEnd(Found):
    """The second loop skips a letter by a mask, changes its state in Cond, and may end before."""

    def forward(self) -> dict[str, nn.Tensor]:
        letters, states, _ = self.search()
        again = nn.Loop()
        again.state.s, again.state.count = v_(), nn.zeros([nn.batch_dim], dtype="int32")
        with again:
            letter, state = again.unstack(letters), again.unstack(states)
            with nn.MaskedComputation(mask=letter != 3):
                again.state.count = again.state.count + 1
                again.state.s = again.state.s + state
            with nn.Cond(letter == 2) as cond:
                cond.true = again.state.s
            with cond.false_branch():
                cond.false = state
            again.end(again.state.count >= 2, include_eos=True)
            steps = again.stack(cond.result)
        return {"steps": steps, "count": again.state.count, "s": again.state.s}


def branches_and_end_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, states, _ = found(v, p, choose)
    s, count, steps = v, 0, []
    for letter, state in zip(letters, states):
        if letter != 3:
            count, s = count + 1, s + state
        steps.append(s if letter == 2 else state)
        if count >= 2:
            break
    return {"steps": steps, "count": count, "s": s}


class LettersByFrames(nn.Module):
    """A search with a letter for each frame; a second loop over letters and frames together, and over both axes."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        x = x_()
        loop = nn.Loop()
        loop.state.h = zeros()
        with loop:
            h = nn.tanh(loop.state.h + loop.unstack(x))
            letter = nn.choice(self.output(h))
            loop.state.h = h * self.embedding(letter)
            letters = loop.stack(letter)
        again = nn.Loop()
        again.state.s = nn.zeros([nn.batch_dim, OTHER, FEATURES])
        with again:
            vector = self.embedding(again.unstack(letters)) * again.unstack(x)
            again.state.s = nn.tanh(again.state.s + z_() * vector)
        return {"letters": letters, "s": again.state.s}


def letters_by_frames_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    h, letters, s = numpy.zeros(4), [], numpy.zeros_like(z)
    for frame in x:
        h = numpy.tanh(h + frame)
        letters.append(choose(log_softmax(linear(p, "output", h))))
        h = h * p["embedding/W"][letters[-1]]
    for letter, frame in zip(letters, x):
        s = numpy.tanh(s + z * (p["embedding/W"][letter] * frame))
    return {"letters": letters, "s": s}


@programs(
    [
        Program("again", Again(), again_reference(False), beam_size=3, scale=2.0),
        Program("again_greedy", Again(), again_reference(False), beam_size=1, scale=2.0, seed=3),
        Program("again_with_the_end", Again(True), again_reference(True), batch=LONGEST_LAST, beam_size=2, scale=2.0),
        Program("again_alone", Again(True), again_reference(True), batch=ALONE, beam_size=4, scale=2.0),
        Program("rescoring", Rescoring(), rescoring_reference, beam_size=3, scale=2.0),
        Program("both_directions", BothDirections(), both_directions_reference, beam_size=3, scale=2.0),
        Program("spoken", Spoken(), spoken_reference, beam_size=2, scale=2.0),
        Program("frames_afterwards", FramesAfterwards(), frames_afterwards_reference, beam_size=3, scale=2.0),
        Program("layers", Layers(), layers_reference, beam_size=3, scale=2.0),
        Program("branches_and_end", BranchesAndEnd(), branches_and_end_reference, beam_size=3, scale=2.0),
        Program("letters_by_frames", LettersByFrames(), letters_by_frames_reference, beam_size=3),
    ]
)
def test_after_a_search(program: Program, engine: str) -> None:
    check(program, engine)
