"""
Choices in an inner loop, as a transducer makes them: for each frame some labels, until one says to go on.

The hypotheses are those of the whole search, over all outer steps. With a single one, a search that starts anew in each
outer step finds the same; its scores are others, so they are not compared there.
"""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, label, v_, x_, z_, zeros
from .plain_layers import Parameters, dot_attention, linear, log_softmax, lstm
from .plain_search import Choose
from .program import Program


class LabelsOfEachFrame(nn.Module):
    """
    Up to three labels for each frame; label 0 goes on to the next one.

    :param include_eos: whether the step of that label counts
    """

    def __init__(self, include_eos: bool) -> None:
        super().__init__()
        self.include_eos = include_eos
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s, outer.state.letter = v_(), label(1)
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop(max_seq_len=3)
            inner.state.t, inner.state.letter = outer.state.s + frame, outer.state.letter
            inner.state.count = nn.zeros([nn.batch_dim], dtype="int32")
            with inner:
                inner.state.t = nn.tanh(inner.state.t + self.embedding(inner.state.letter))
                inner.state.letter = nn.choice(self.output(inner.state.t))
                inner.state.count = inner.state.count + 1
                inner.end(inner.state.letter == 0, include_eos=self.include_eos)
                states = inner.stack(inner.state.t)
            outer.state.s, outer.state.letter = inner.state.t, inner.state.letter
            results = {
                "sum": outer.stack(nn.reduce_sum(states, states.spatial_dim)),
                "letter": outer.stack(outer.state.letter),
                "count": outer.stack(inner.state.count),
            }
        return {**results, "s": outer.state.s}


def labels_of_each_frame_reference(include_eos: bool) -> Any:
    def reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
        out: dict[str, Any] = {"sum": [], "letter": [], "count": []}
        s, letter = v, 1
        for t, frame in enumerate(x):
            s, count, total = s + frame, 0, numpy.zeros(4)
            for i in range(3):
                new = numpy.tanh(s + p["embedding/W"][letter])
                chosen = choose(log_softmax(linear(p, "output", new)), moment=(t, i))
                if chosen == 0 and not include_eos:
                    break
                s, letter, count, total = new, chosen, count + 1, total + new
                if chosen == 0:
                    break
            for name, value in (("sum", total), ("letter", letter), ("count", count)):
                out[name].append(value)
        return {**out, "s": s}

    return reference


class Transducer(nn.Module):
    """The predictor, an LSTM cell, sees labels only where one was written, and attends over another sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.embedding = nn.LstmCell(FEATURES, FEATURES), nn.Embedding(LABELS, FEATURES)
        self.output, self.attention = nn.Linear(FEATURES, LABELS), nn.DotAttention(FEATURES, FEATURES, 3)

    def forward(self) -> dict[str, nn.Tensor]:
        z = z_()
        outer = nn.Loop()
        outer.state.cell, outer.state.letter = self.cell.initial_state(), label(1)
        with outer:
            frame = outer.unstack(x_())
            with nn.Loop(max_seq_len=2) as inner:
                h = nn.tanh(frame + outer.state.cell.h)
                letter = nn.choice(self.output(h + self.attention(h, z)))
                with nn.MaskedComputation(mask=letter != 0):
                    _, outer.state.cell = self.cell(self.embedding(letter), outer.state.cell)
                    outer.state.letter = letter
                inner.end(letter == 0, include_eos=True)
            results = {"letter": outer.stack(outer.state.letter), "h": outer.stack(outer.state.cell.h)}
        return {**results, "c": outer.state.cell.c}


def transducer_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters, states, letter = [], [], 1
    state = (numpy.zeros(4), numpy.zeros(4))
    for t, frame in enumerate(x):
        for i in range(2):
            h = numpy.tanh(frame + state[0])
            scores = linear(p, "output", h + dot_attention(p, "attention", h, z))
            chosen = choose(log_softmax(scores), moment=(t, i))
            if chosen == 0:
                break
            _, state = lstm(p, "cell", p["embedding/W"][chosen], state)
            letter = chosen
        letters.append(letter)
        states.append(state[0])
    return {"letter": letters, "h": states, "c": state[1]}


class LabelForEachPair(nn.Module):
    """The inner loop runs over frames, with a label for each; no end."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        z = z_()
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            with nn.Loop() as inner:
                letter = nn.choice(self.output(nn.tanh(outer.state.s + frame * inner.unstack(z))))
                outer.state.s = nn.tanh(outer.state.s * 0.5 + self.embedding(letter))
                letters = inner.stack(letter)
            return {"letters": outer.stack(letters), "s": outer.stack(outer.state.s)}


def label_for_each_pair_reference(
    x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose
) -> Any:
    s, every, states = v, [], []
    for frame in x:
        letters = []
        for other in z:
            letters.append(choose(log_softmax(linear(p, "output", numpy.tanh(s + frame * other)))))
            s = numpy.tanh(s * 0.5 + p["embedding/W"][letters[-1]])
        every.append(letters)
        states.append(s)
    return {"letters": every, "s": states}


class WordOfEachFrame(nn.Module):
    """A word for each frame, each from its start; the outer loop only collects what became of them."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as outer:
            inner = nn.Loop(max_seq_len=4)
            inner.state.h, inner.state.letter = outer.unstack(x_()), label(1)
            inner.state.sum = zeros()
            with inner:
                inner.state.h = nn.tanh(inner.state.h + self.embedding(inner.state.letter))
                inner.state.letter = nn.choice(self.output(inner.state.h))
                inner.state.sum = inner.state.sum + self.embedding(inner.state.letter)
                inner.end(inner.state.letter == 0, include_eos=False)
            return outer.stack(inner.state.sum)


def word_of_each_frame_reference(x: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    out = []
    for t, h in enumerate(x):
        letter, total = 1, numpy.zeros(4)
        for i in range(4):
            h = numpy.tanh(h + p["embedding/W"][letter])
            letter = choose(log_softmax(linear(p, "output", h)), moment=(t, i))
            if letter == 0:
                break
            total = total + p["embedding/W"][letter]
        out.append(total)
    return out


class TwoInEachInnerStep(nn.Module):
    """Two choices in each inner step, and an outer loop that ends by what was chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)
        self.second = nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        outer = nn.Loop(max_seq_len=3)
        outer.state.s, outer.state.letter = v_(), label(1)
        with outer:
            with nn.Loop(max_seq_len=2) as inner:
                first = nn.choice(self.output(outer.state.s))
                outer.state.s = nn.tanh(outer.state.s + self.embedding(first))
                outer.state.letter = nn.choice(self.second(outer.state.s))
                outer.state.s = nn.tanh(outer.state.s - self.embedding(outer.state.letter))
                inner.end(first == 0, include_eos=True)
            outer.end(outer.state.letter == 0, include_eos=True)
            return {"letter": outer.stack(outer.state.letter), "s": outer.stack(outer.state.s)}


def two_in_each_inner_step_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = []
    s, letter, states = v, 1, []
    for t in range(3):
        for i in range(2):
            first = choose(log_softmax(linear(p, "output", s)), moment=(t, i, 0))
            s = numpy.tanh(s + p["embedding/W"][first])
            letter = choose(log_softmax(linear(p, "second", s)), moment=(t, i, 1))
            s = numpy.tanh(s - p["embedding/W"][letter])
            if first == 0:
                break
        letters.append(letter)
        states.append(s)
        if letter == 0:
            break
    return {"letter": letters, "s": states}


@programs(
    [
        Program(
            "labels_of_each_frame",
            LabelsOfEachFrame(True),
            labels_of_each_frame_reference(True),
            beam_size=1,
            scale=2.0,
            compares_scores=False,
        ),
        Program(
            "labels_of_each_frame_without_the_end",
            LabelsOfEachFrame(False),
            labels_of_each_frame_reference(False),
            batch=ALONE,
            beam_size=1,
            scale=2.0,
            compares_scores=False,
        ),
        Program(
            "transducer", Transducer(), transducer_reference, batch=LONGEST_LAST, beam_size=1, compares_scores=False
        ),
        Program(
            "label_for_each_pair",
            LabelForEachPair(),
            label_for_each_pair_reference,
            beam_size=1,
            compares_scores=False,
        ),
        Program(
            "word_of_each_frame",
            WordOfEachFrame(),
            word_of_each_frame_reference,
            beam_size=1,
            scale=2.0,
            compares_scores=False,
        ),
        Program(
            "two_in_each_inner_step",
            TwoInEachInnerStep(),
            two_in_each_inner_step_reference,
            beam_size=1,
            scale=2.0,
            compares_scores=False,
        ),
        Program(
            "labels_of_each_frame_with_a_beam",
            LabelsOfEachFrame(True),
            labels_of_each_frame_reference(True),
            beam_size=3,
            scale=2.0,
        ),
        Program("transducer_with_a_beam", Transducer(), transducer_reference, beam_size=3),
        Program("label_for_each_pair_with_a_beam", LabelForEachPair(), label_for_each_pair_reference, beam_size=2),
        Program(
            "two_in_each_inner_step_with_a_beam",
            TwoInEachInnerStep(),
            two_in_each_inner_step_reference,
            beam_size=3,
            scale=2.0,
        ),
    ]
)
def test_choices_in_inner_loops(program: Program, engine: str) -> None:
    check(program, engine)
