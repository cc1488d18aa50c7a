"""Searches with more than one choice in a step."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, label, v_, x_, y_, z_, zeros
from .plain_layers import Parameters, additive_attention, cross_entropy, dot_attention, linear, log_softmax, lstm
from .plain_search import Choose
from .program import Program

DURATIONS = nn.Dim(3, "durations")
MOVES = nn.Dim(2, "moves", labels=["stay", "move"])


class MoveAndLabel(nn.Module):
    """
    A move and a label, each fed back by itself.

    :param include_eos: whether the step of the end counts
    :param end_of_move: whether the end depends on the first of the two choices
    """

    def __init__(self, include_eos: bool, end_of_move: bool = False) -> None:
        super().__init__()
        self.include_eos, self.end_of_move = include_eos, end_of_move
        self.a, self.e = nn.Linear(FEATURES, DURATIONS), nn.Embedding(DURATIONS, FEATURES)
        self.b = nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.h = v_()
        with loop:
            mv = nn.choice(self.a(loop.state.h))
            loop.state.h = nn.tanh(loop.state.h + self.e(mv))
            y = nn.choice(self.b(loop.state.h))
            if self.end_of_move:
                loop.end(mv == 0, include_eos=self.include_eos)
            else:
                loop.end(y == 0, include_eos=self.include_eos)
            return {"y": loop.stack(y), "m": loop.stack(mv)}


def move_and_label_reference(include_eos: bool, end_of_move: bool = False) -> Any:
    def reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
        moves: list[int] = []
        labels: list[int] = []
        h = v
        for _ in range(4):
            mv = choose(log_softmax(linear(p, "a", h)))
            h = numpy.tanh(h + p["e/W"][mv])
            y = choose(log_softmax(linear(p, "b", h)))
            ends = (mv if end_of_move else y) == 0
            if include_eos or not ends:
                moves.append(mv)
                labels.append(y)
            if ends:
                break
        return {"y": labels, "m": moves}

    return reference


class TwoLetters(nn.Module):
    """Two letters of one alphabet in a step, both fed back; the states after the search."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.first, self.second = nn.Linear(FEATURES, LABELS), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.h = v_()
        loop.state.before = label(1)
        with loop:
            first = nn.choice(self.first(loop.state.h + self.embedding(loop.state.before)))
            loop.state.h = nn.tanh(loop.state.h + self.embedding(first))
            second = nn.choice(self.second(loop.state.h))
            loop.state.h = nn.tanh(loop.state.h - self.embedding(second))
            loop.state.before = second
            loop.end(second == 0, include_eos=False)
            results = {"first": loop.stack(first), "second": loop.stack(second), "last": loop.last(first)}
        return {**results, "h": loop.state.h, "before": loop.state.before}


def two_letters_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    embedding = p["embedding/W"]
    firsts: list[int] = []
    seconds: list[int] = []
    h, before = v, 1
    for _ in range(4):
        first = choose(log_softmax(linear(p, "first", h + embedding[before])))
        new = numpy.tanh(h + embedding[first])
        second = choose(log_softmax(linear(p, "second", new)))
        if second == 0:
            break
        h, before = numpy.tanh(new - embedding[second]), second
        firsts.append(first)
        seconds.append(second)
    return {"first": firsts, "second": seconds, "last": (firsts or [0])[-1], "h": h, "before": before}


class Segmental(nn.Module):
    """A label and how many frames it lasts, until the frames are used up."""

    def __init__(self) -> None:
        super().__init__()
        self.label, self.duration = nn.Linear(FEATURES, LABELS), nn.Linear(FEATURES, DURATIONS)
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        x = x_()
        loop = nn.Loop(max_seq_len=6)
        loop.state.position = nn.zeros([nn.batch_dim], dtype="int32")
        loop.state.h = zeros()
        with loop:
            h = nn.tanh(loop.state.h + nn.gather(x, nn.minimum(loop.state.position, x.seq_len - 1)))
            segment = nn.choice(self.label(h))
            loop.state.h = nn.tanh(h + self.embedding(segment))
            duration = nn.choice(self.duration(loop.state.h))
            loop.state.position = loop.state.position + 1 + nn.cast(duration, "int32")
            loop.end(loop.state.position >= x.seq_len, include_eos=True)
            results = {"label": loop.stack(segment), "duration": loop.stack(duration)}
        return {**results, "position": loop.state.position}


def segmental_reference(x: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    segments: list[int] = []
    durations: list[int] = []
    position, h = 0, numpy.zeros(4)
    while position < len(x):
        h = numpy.tanh(h + x[position])
        segments.append(choose(log_softmax(linear(p, "label", h))))
        h = numpy.tanh(h + p["embedding/W"][segments[-1]])
        durations.append(choose(log_softmax(linear(p, "duration", h))))
        position += 1 + durations[-1]
    return {"label": segments, "duration": durations, "position": position}


class HardMonotonic(nn.Module):
    """Move to the next frame, or emit a label of this one; what is emitted changes the state only where it counts."""

    def __init__(self) -> None:
        super().__init__()
        self.move, self.emit = nn.Linear(FEATURES, MOVES), nn.Linear(FEATURES, LABELS)
        self.cell, self.embedding = nn.LstmCell(FEATURES, FEATURES), nn.Embedding(LABELS, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        x = x_()
        loop = nn.Loop(max_seq_len=6)
        loop.state.position = nn.zeros([nn.batch_dim], dtype="int32")
        loop.state.cell = self.cell.initial_state()
        loop.state.letter = label(0)
        with loop:
            frame = nn.gather(x, nn.minimum(loop.state.position, x.seq_len - 1))
            h = nn.tanh(frame + loop.state.cell.h)
            moves = nn.choice(self.move(h)) == 1
            letter = nn.choice(nn.log_softmax(self.emit(h)), input_type="log_prob")
            loop.state.position = loop.state.position + nn.cast(moves, "int32")
            with nn.MaskedComputation(mask=nn.logical_not(moves)):
                _, loop.state.cell = self.cell(self.embedding(letter), loop.state.cell)
                loop.state.letter = letter
            loop.end(loop.state.position >= x.seq_len, include_eos=False)
            return {"moves": loop.stack(moves), "letter": loop.stack(loop.state.letter), "c": loop.stack(h)}


def hard_monotonic_reference(x: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    out: dict[str, list[Any]] = {"moves": [], "letter": [], "c": []}
    position, letter = 0, 0
    state = (numpy.zeros(4), numpy.zeros(4))
    for _ in range(6):
        h = numpy.tanh(x[min(position, len(x) - 1)] + state[0])
        moves = choose(log_softmax(linear(p, "move", h))) == 1
        chosen = choose(log_softmax(linear(p, "emit", h)))
        if moves:
            position += 1
        else:
            _, state = lstm(p, "cell", p["embedding/W"][chosen], state)
            letter = chosen
        if position >= len(x):
            break
        for name, value in (("moves", moves), ("letter", letter), ("c", h)):
            out[name].append(value)
    return out


class FactoredLabels(nn.Module):
    """Three factors of a label, each from the ones before it in the step, for each frame of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs = nn.ModuleList(nn.Linear(FEATURES, LABELS) for _ in range(3))
        self.embeddings = nn.ModuleList(nn.Embedding(LABELS, FEATURES) for _ in range(3))

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.h = zeros()
        with loop:
            h = loop.unstack(x_()) - loop.state.h
            factors = []
            for output, embedding in zip(self.outputs, self.embeddings):
                factors.append(nn.choice(output(h)))
                h = nn.tanh(h + embedding(factors[-1]))
            loop.state.h = h
            return {str(number): loop.stack(factor) for number, factor in enumerate(factors)}


def factored_labels_reference(x: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    out: dict[str, list[int]] = {"0": [], "1": [], "2": []}
    state = numpy.zeros(4)
    for frame in x:
        h = frame - state
        for number in range(3):
            factor = choose(log_softmax(linear(p, f"outputs/{number}", h)))
            h = numpy.tanh(h + p[f"embeddings/{number}/W"][factor])
            out[str(number)].append(factor)
        state = h
    return out


class WithAttention(nn.Module):
    """A label from attention over one sequence, another one from attention over a second one, which is not fed back."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.DotAttention(FEATURES, FEATURES, 3), nn.AdditiveAttention(FEATURES, FEATURES, 3)
        self.output, self.other_output = nn.Linear(FEATURES, LABELS), nn.Linear(FEATURES, DURATIONS)
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        x, z = x_(), z_()
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.h = label(2), v_()
        with loop:
            query = self.embedding(loop.state.letter) + loop.state.h
            loop.state.h = nn.tanh(query + self.first(query, x))
            scores = self.other_output(self.second(loop.state.h, z) + loop.state.h)
            beside = nn.choice(nn.softmax(scores), input_type="prob")
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.end(loop.state.letter == 0, include_eos=True)
            return {"letter": loop.stack(loop.state.letter), "beside": loop.stack(beside)}


def with_attention_reference(
    x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose
) -> Any:
    letters: list[int] = [2]
    besides: list[int] = []
    h = v
    for _ in range(3):
        query = p["embedding/W"][letters[-1]] + h
        h = numpy.tanh(query + dot_attention(p, "first", query, x))
        besides.append(choose(log_softmax(linear(p, "other_output", additive_attention(p, "second", h, z) + h))))
        letters.append(choose(log_softmax(linear(p, "output", h))))
        if letters[-1] == 0:
            break
    return {"letter": letters[1:], "beside": besides}


class WithInnerLoop(nn.Module):
    """Between the two choices a loop over frames, from what the first one chose."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.first, self.second = nn.Linear(FEATURES, LABELS), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        z = z_()
        loop = nn.Loop(max_seq_len=3)
        loop.state.h = v_()
        with loop:
            first = nn.choice(self.first(loop.state.h))
            inner = nn.Loop()
            inner.state.s = self.embedding(first)
            with inner:
                inner.state.s = nn.tanh(inner.state.s + inner.unstack(z) * loop.state.h)
            second = nn.choice(self.second(inner.state.s))
            loop.state.h = inner.state.s + self.embedding(second)
            loop.end(first == second, include_eos=True)
            return {"first": loop.stack(first), "second": loop.stack(second)}


def with_inner_loop_reference(z: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    firsts: list[int] = []
    seconds: list[int] = []
    h = v
    for _ in range(3):
        firsts.append(choose(log_softmax(linear(p, "first", h))))
        s = p["embedding/W"][firsts[-1]]
        for frame in z:
            s = numpy.tanh(s + frame * h)
        seconds.append(choose(log_softmax(linear(p, "second", s))))
        h = s + p["embedding/W"][seconds[-1]]
        if firsts[-1] == seconds[-1]:
            break
    return {"first": firsts, "second": seconds}


class OneIsGiven(nn.Module):
    """
    Of two labels for each frame.

    :param train: both are given, and trained; else the first is given, the second searched for
    """

    def __init__(self, train: bool) -> None:
        super().__init__()
        self.train = train
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.first, self.second = nn.Linear(FEATURES, LABELS), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        y = y_()
        loop = nn.Loop()
        loop.state.h = v_()
        with loop:
            letter = loop.unstack(y)
            scores = self.first(loop.state.h)
            first = nn.choice(scores, target=letter)
            others = self.second(nn.tanh(loop.state.h + self.embedding(first)))
            second = nn.choice(others, target=letter if self.train else None)
            loop.state.h = nn.tanh(loop.state.h + self.embedding(second) * self.embedding(first))
            if self.train:
                nn.cross_entropy(scores, letter).mark_as_loss("first_ce")
                nn.cross_entropy(others, letter).mark_as_loss("second_ce")
            return {"second": loop.stack(second), "h": loop.stack(loop.state.h)}


def one_is_given_reference(y: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    return two_labels(y, v, p, lambda scores, _: choose(log_softmax(scores)))


def both_given_reference(y: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    losses: dict[str, list[float]] = {"first_ce": [], "second_ce": []}
    out = two_labels(y, v, p, lambda _, letter: letter, losses)
    return {**out, **losses}


def two_labels(y: numpy.ndarray, v: numpy.ndarray, p: Parameters, second_of: Any, losses: Any = None) -> Any:
    """
    What comes out.

    :param second_of: gives the second label from its scores and the first one
    :param losses: to which those of each frame are added
    """
    out: dict[str, list[Any]] = {"second": [], "h": []}
    h = v
    for first in y:
        others = linear(p, "second", numpy.tanh(h + p["embedding/W"][first]))
        if losses is not None:
            losses["first_ce"].append(cross_entropy(linear(p, "first", h), first))
            losses["second_ce"].append(cross_entropy(others, first))
        second = second_of(others, first)
        h = numpy.tanh(h + p["embedding/W"][second] * p["embedding/W"][first])
        out["second"].append(second)
        out["h"].append(h)
    return out


class OwnBeams(nn.Module):
    """
    Each choice keeps its own number of hypotheses.

    :param sizes: of the first and of the second choice
    """

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.sizes = sizes
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.first, self.second = nn.Linear(FEATURES, LABELS), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        one, two = (nn.BeamSearch(size, length_normalization=0.0) for size in self.sizes)
        loop = nn.Loop(max_seq_len=4)
        loop.state.h = v_()
        with loop:
            first = nn.choice(self.first(loop.state.h), search=one)
            h = nn.tanh(loop.state.h + self.embedding(first))
            second = nn.choice(self.second(h), search=two)
            loop.state.h = nn.tanh(h - self.embedding(second))
            loop.end(first == 0, include_eos=True)
            return {"first": loop.stack(first), "second": loop.stack(second), "h": loop.stack(h)}


def own_beams_reference(*sizes: int) -> Any:
    def reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
        out: dict[str, list[Any]] = {"first": [], "second": [], "h": []}
        state = v
        for _ in range(4):
            first = choose(log_softmax(linear(p, "first", state)), sizes[0])
            h = numpy.tanh(state + p["embedding/W"][first])
            second = choose(log_softmax(linear(p, "second", h)), sizes[1])
            state = numpy.tanh(h - p["embedding/W"][second])
            for name, value in (("first", first), ("second", second), ("h", h)):
                out[name].append(value)
            if first == 0:
                break
        return out

    return reference


EOS = {"b/b": [0.5, 0, 0, 0, 0]}


@programs(
    [
        Program(
            "move_and_label", MoveAndLabel(False), move_and_label_reference(False), beam_size=3, scale=2.0, add=EOS
        ),
        Program(
            "move_and_label_with_the_last_step",
            MoveAndLabel(True),
            move_and_label_reference(True),
            batch=LONGEST_LAST,
            beam_size=4,
            scale=2.0,
            add=EOS,
        ),
        Program(
            "end_of_the_first_choice",
            MoveAndLabel(False, True),
            move_and_label_reference(False, True),
            beam_size=3,
            scale=2.0,
        ),
        Program(
            "end_of_the_first_choice_with_the_last_step",
            MoveAndLabel(True, True),
            move_and_label_reference(True, True),
            batch=ALONE,
            beam_size=5,
            scale=2.0,
        ),
        Program("greedy", MoveAndLabel(True), move_and_label_reference(True), beam_size=1, scale=2.0),
        Program("two_letters", TwoLetters(), two_letters_reference, beam_size=3, scale=2.0),
        Program("segmental", Segmental(), segmental_reference, batch=LONGEST_LAST, beam_size=3, scale=2.0),
        Program("hard_monotonic", HardMonotonic(), hard_monotonic_reference, beam_size=3, scale=2.0),
        Program("factored_labels", FactoredLabels(), factored_labels_reference, beam_size=3),
        Program("with_attention", WithAttention(), with_attention_reference, beam_size=4, scale=2.0),
        Program("with_inner_loop", WithInnerLoop(), with_inner_loop_reference, beam_size=3, scale=2.0),
        Program("one_is_given", OneIsGiven(False), one_is_given_reference, beam_size=3),
        Program("both_given", OneIsGiven(True), both_given_reference),
        Program("beams_of_4_and_2", OwnBeams(4, 2), own_beams_reference(4, 2), scale=2.0),
        Program("beams_of_2_and_5", OwnBeams(2, 5), own_beams_reference(2, 5), batch=LONGEST_LAST, scale=2.0),
    ]
)
def test_several_choices(program: Program, engine: str) -> None:
    check(program, engine)
