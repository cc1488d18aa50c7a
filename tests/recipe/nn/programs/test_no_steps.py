"""Loops in which no sequence of the whole batch makes a step that counts."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, label, v_, x_, z_, zeros
from .plain_layers import (
    Parameters,
    convolution,
    dot_attention,
    linear,
    log_softmax,
    lstm,
    lstm_sequence,
    pooled,
    weighted_mean,
)
from .plain_search import Choose
from .program import Program

ENDS = {"output/b": [30.0, 0, 0, 0, 0]}


class Speller(nn.Module):
    """
    Writes letters; all that leaves the search, and what is made of it afterwards.

    :param include_eos: whether the step of the end counts
    """

    def __init__(self, include_eos: bool = False) -> None:
        super().__init__()
        self.include_eos = include_eos
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter, loop.state.h = label(1), v_()
        with loop:
            loop.state.h = nn.tanh(loop.state.h + self.embedding(loop.state.letter))
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.end(loop.state.letter == 0, include_eos=self.include_eos)
            states = loop.stack(loop.state.h)
            results = {"letters": loop.stack(loop.state.letter), "states": states, "last": loop.last(loop.state.h)}
        sums = nn.reduce_sum(states, states.spatial_dim)
        return {**results, "h": loop.state.h, "letter": loop.state.letter, "sums": sums}


def speller_reference(include_eos: bool = False) -> Any:
    def reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
        letters: list[int] = []
        states: list[numpy.ndarray] = []
        letter, h = 1, v
        for _ in range(4):
            new = numpy.tanh(h + p["embedding/W"][letter])
            chosen = choose(log_softmax(linear(p, "output", new)))
            if chosen == 0 and not include_eos:
                break
            letter, h = chosen, new
            letters.append(letter)
            states.append(h)
            if letter == 0:
                break
        last = states[-1] if states else numpy.zeros(4)
        sums = numpy.sum(states, axis=0) if states else numpy.zeros(4)
        return {"letters": letters, "states": states, "last": last, "h": h, "letter": letter, "sums": sums}

    return reference


class SearchWithMemory(nn.Module):
    """A cell and attention in a search that finds nothing; then attention over the states that were found."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)
        self.cell, self.attention = nn.LstmCell(FEATURES, FEATURES), nn.DotAttention(FEATURES, FEATURES, 3)

    def forward(self) -> dict[str, nn.Tensor]:
        x = x_()
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.cell = label(1), self.cell.initial_state()
        with loop:
            h, loop.state.cell = self.cell(self.embedding(loop.state.letter), loop.state.cell)
            context = self.attention(h, x)
            loop.state.letter = nn.choice(self.output(h + context))
            loop.end(loop.state.letter == 0, include_eos=False)
            contexts = loop.stack(context)
            results = {"letters": loop.stack(loop.state.letter), "c": loop.stack(loop.state.cell.c)}
        return {**results, "after": self.attention(v_(), contexts), "cell": loop.state.cell.h}


def search_with_memory_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    contexts: list[numpy.ndarray] = []
    cells: list[numpy.ndarray] = []
    state = (numpy.zeros(4), numpy.zeros(4))
    for _ in range(3):
        h, new = lstm(p, "cell", p["embedding/W"][letters[-1]], state)
        context = dot_attention(p, "attention", h, x)
        letter = choose(log_softmax(linear(p, "output", h + context)))
        if letter == 0:
            break
        state = new
        letters.append(letter)
        contexts.append(context)
        cells.append(state[1])
    after = dot_attention(p, "attention", v, contexts) if contexts else numpy.zeros(4)
    return {"letters": letters[1:], "c": cells, "after": after, "cell": state[0]}


class LettersByFrames(nn.Module):
    """A search within the frames that there are, which finds nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.letter = label(1)
        with loop:
            frame = loop.unstack(x_())
            loop.state.letter = nn.choice(self.output(nn.where(loop.state.letter == 2, -frame, frame)))
            loop.end(loop.state.letter == 0, include_eos=False)
            return loop.stack(loop.state.letter)


def letters_by_frames_reference(x: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    for frame in x:
        letter = choose(log_softmax(linear(p, "output", -frame if letters[-1] == 2 else frame)))
        if letter == 0:
            break
        letters.append(letter)
    return letters[1:]


class EndsForEveryLetter(nn.Module):
    """Whatever the hypotheses of the beam choose first ends them."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter, loop.state.h = label(1), v_()
        with loop:
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.state.h = nn.tanh(loop.state.h * nn.cast(loop.state.letter, "float32"))
            loop.end(nn.reduce_sum(loop.state.h * loop.state.h) >= 0.0, include_eos=False)
            results = {"letters": loop.stack(loop.state.letter), "states": loop.stack(loop.state.h)}
        return {**results, "h": loop.state.h}


def ends_for_every_letter_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    choose(log_softmax(linear(p, "output", v)))
    return {"letters": [], "states": [], "h": v}


def ends_at_once() -> dict[str, nn.Tensor]:
    """No search: the condition is true in the first step for all sequences."""
    loop = nn.Loop(max_seq_len=5)
    loop.state.s = v_()
    with loop:
        loop.state.s = loop.state.s * 2.0
        loop.end(nn.reduce_sum(abs(loop.state.s)) > 0.0, include_eos=False)
        steps, last = loop.stack(loop.state.s), loop.last(loop.state.s)
        largest = loop.stack(nn.argmax(loop.state.s))
    longer = nn.postfix_in_time(steps, 1.0)
    return {"steps": steps, "last": last, "largest": largest, "s": loop.state.s, "longer": longer}


def ends_at_once_reference(v: numpy.ndarray) -> Any:
    return {"steps": [], "last": numpy.zeros(4), "largest": [], "s": v, "longer": numpy.ones((1, 4))}


def ends_at_once_over_frames() -> dict[str, nn.Tensor]:
    """The same in a loop over frames; what is stacked goes into another loop, and is pooled."""
    x = x_()
    loop = nn.Loop()
    loop.state.s = v_()
    with loop:
        loop.state.s = loop.state.s + loop.unstack(x)
        loop.end(loop.iter_idx >= 0, include_eos=False)
        steps = loop.stack(loop.state.s)
    again = nn.Loop()
    again.state.t = loop.state.s
    with again:
        again.state.t = nn.tanh(again.state.t + again.unstack(steps))
        more = again.stack(again.state.t)
    return {"more": more, "t": again.state.t, "pooled": nn.pool(steps, 2)}


def ends_at_once_over_frames_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    return {"more": [], "t": v, "pooled": []}


class TriangleOfSteps(nn.Module):
    """In outer step ``i`` an inner loop makes ``i`` steps, none in the first; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop(max_seq_len=10)
            inner.state.t = outer.state.s
            with inner:
                inner.state.t = nn.tanh(self.linear(inner.state.t) + frame)
                inner.end(inner.iter_idx >= outer.iter_idx, include_eos=False)
                steps = inner.stack(inner.state.t)
            outer.state.s = inner.state.t
            total = nn.reduce_sum(steps, steps.spatial_dim)
            nn.reduce_sum(outer.state.s * outer.state.s).mark_as_loss("square")
            return {"s": outer.stack(outer.state.s), "total": outer.stack(total)}


def triangle_of_steps_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    out: dict[str, list[Any]] = {"s": [], "total": [], "square": []}
    s = v
    for i, frame in enumerate(x):
        total = numpy.zeros(4)
        for _ in range(i):
            s = numpy.tanh(linear(p, "linear", s) + frame)
            total = total + s
        for name, value in (("s", s), ("total", total), ("square", s @ s)):
            out[name].append(value)
    return out


def inner_frames_cut_off() -> dict[str, nn.Tensor]:
    """The inner loop over frames ends before the first one in outer steps that the whole batch shares."""
    x, z = x_(), z_()
    outer = nn.Loop()
    outer.state.s = v_()
    with outer:
        frame = outer.unstack(x)
        with nn.Loop() as inner:
            other = inner.unstack(z)
            outer.state.s = nn.tanh(outer.state.s + other * frame)
            inner.end(outer.iter_idx == 1)
            energies = inner.stack(nn.dot(other, frame))
            last = inner.last(other)
        most = nn.reduce_sum(nn.softmax_over_spatial(energies), energies.spatial_dim)
        return {"s": outer.stack(outer.state.s), "most": outer.stack(most), "last": outer.stack(last)}


def inner_frames_cut_off_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray) -> Any:
    out: dict[str, list[Any]] = {"s": [], "most": [], "last": []}
    s = v
    for i, frame in enumerate(x):
        others = z if i != 1 else z[:0]
        for other in others:
            s = numpy.tanh(s + other * frame)
        out["s"].append(s)
        out["most"].append(1.0 if len(others) else 0.0)
        out["last"].append(others[-1] if len(others) else numpy.zeros(4))
    return out


class InnerLoopOfSearch(nn.Module):
    """In a search, an inner loop of as many steps as letters were written, and attention over what it stacks."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.h = label(1), v_()
        with loop:
            inner = nn.Loop(max_seq_len=5)
            inner.state.t = v_()
            with inner:
                inner.state.t = nn.tanh(inner.state.t * 1.5)
                inner.end(inner.iter_idx >= loop.iter_idx, include_eos=False)
                steps = inner.stack(inner.state.t)
            weights = nn.softmax_over_spatial(nn.dot(steps, loop.state.h))
            context = nn.dot(weights, steps, reduce=weights.spatial_dim)
            loop.state.h = nn.tanh(loop.state.h + self.embedding(loop.state.letter) + context)
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.end(loop.state.letter == 0, include_eos=False)
            return loop.stack(loop.state.letter)


def inner_loop_of_search_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    h = v
    for i in range(3):
        steps: list[numpy.ndarray] = []
        for _ in range(i):
            steps.append(numpy.tanh((steps[-1] if steps else v) * 1.5))
        context = weighted_mean([step @ h for step in steps], steps)
        h = numpy.tanh(h + p["embedding/W"][letters[-1]] + context)
        letter = choose(log_softmax(linear(p, "output", h)))
        if letter == 0:
            break
        letters.append(letter)
    return letters[1:]


class LossOfNothing(nn.Module):
    """A loss in an inner loop without steps in the first outer one, under a mask; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = zeros()
        with outer:
            outer.state.s = nn.tanh(self.linear(outer.state.s) + outer.unstack(x_()))
            with nn.Loop(max_seq_len=2) as inner:
                distance = outer.state.s * nn.cast(inner.iter_idx + 1, "float32") - v_()
                inner.end(outer.iter_idx <= inner.iter_idx, include_eos=False)
                squares = inner.stack(nn.reduce_sum(distance * distance))
            with nn.MaskedComputation(mask=nn.reduce_sum(outer.state.s) > 0.0):
                nn.reduce_sum(squares, squares.spatial_dim).mark_as_loss("squares")
            return outer.stack(outer.state.s)


def loss_of_nothing_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    out: dict[str, list[Any]] = {"output": [], "squares": []}
    s = numpy.zeros(4)
    for i, frame in enumerate(x):
        s = numpy.tanh(linear(p, "linear", s) + frame)
        squares = [((s * (j + 1) - v) ** 2).sum() for j in range(min(i, 2))]
        out["output"].append(s)
        out["squares"].append(sum(squares) if s.sum() > 0 else 0.0)
    return out


class StepsOfSteps(nn.Module):
    """Loops over what an inner loop without steps stacked, pooled and convolved, too; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.conv = nn.Linear(FEATURES, FEATURES), nn.Conv1d(FEATURES, FEATURES, 3)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop(max_seq_len=5)
            inner.state.t = outer.state.s
            with inner:
                inner.end(inner.iter_idx >= outer.iter_idx - 1, include_eos=False)
                inner.state.t = nn.tanh(self.linear(inner.state.t))
                rows = inner.stack(inner.state.t)
            again = nn.Loop()
            again.state.t = inner.state.t
            with again:
                again.state.t = nn.tanh(again.state.t + again.unstack(self.conv(rows)))
                more = again.stack(again.state.t)
            short = nn.pool(more, 2)
            total = nn.reduce_sum(more * rows, rows.spatial_dim) + nn.reduce_sum(short, short.spatial_dim)
            outer.state.s = nn.tanh(frame + total)
            nn.reduce_sum(outer.state.s).mark_as_loss("sum")
            return outer.stack(outer.state.s)


def steps_of_steps_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, out = v, []
    for i, frame in enumerate(x):
        t, rows = s, numpy.zeros((0, 4))
        for _ in range(i - 1):
            t = numpy.tanh(linear(p, "linear", t))
            rows = numpy.concatenate([rows, [t]])
        more = []
        for row in convolution(p, "conv", rows) if len(rows) else []:
            t = numpy.tanh(t + row)
            more.append(t)
        total = numpy.zeros(4)
        if more:
            total = (numpy.array(more) * rows).sum(axis=0) + numpy.sum(pooled(more, 2), axis=0)
        s = numpy.tanh(frame + total)
        out.append(s)
    return {"output": out, "sum": [s.sum() for s in out]}


class LstmsInSteps(nn.Module):
    """LSTMs over what an inner loop stacked, forward, backward, and by cells; nothing in the first step; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.forth, self.back = nn.Lstm(FEATURES, FEATURES), nn.Lstm(FEATURES, FEATURES, direction=-1)
        self.cell = nn.LstmCell(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop(max_seq_len=5)
            inner.state.t = outer.state.s
            with inner:
                inner.end(inner.iter_idx >= outer.iter_idx, include_eos=False)
                inner.state.t = nn.tanh(inner.state.t + frame)
                rows = inner.stack(inner.state.t)
            forth, state = self.forth(rows, nn.LstmState(outer.state.s, frame))
            back, _ = self.back(nn.pool(rows, 2))
            cells = nn.Loop()
            cells.state.cell = self.cell.initial_state()
            with cells:
                _, cells.state.cell = self.cell(cells.unstack(rows), cells.state.cell)
            total = nn.reduce_sum(forth, forth.spatial_dim) + nn.reduce_sum(back, back.spatial_dim)
            outer.state.s = nn.tanh(frame + total + cells.state.cell.h * 2.0 - state.c)
            nn.reduce_sum(outer.state.s).mark_as_loss("sum")
            return {"s": outer.stack(outer.state.s), "h": outer.stack(state.h)}


def lstms_in_steps_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, out, hs = v, [], []
    for i, frame in enumerate(x):
        t, rows = s, []
        for _ in range(i):
            t = numpy.tanh(t + frame)
            rows.append(t)
        forth, (h, c) = lstm_sequence(p, "forth", rows, (s, frame))
        back, _ = lstm_sequence(p, "back", list(reversed(pooled(rows, 2))))
        _, (cell, _) = lstm_sequence(p, "cell", rows)
        s = numpy.tanh(frame + sum(forth) + sum(back) + cell * 2 - c)
        out.append(s)
        hs.append(h)
    return {"s": out, "h": hs, "sum": [s.sum() for s in out]}


class LstmsOverNothing(nn.Module):
    """The same of a loop outside of others, which makes no step at all."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.cell = nn.Lstm(FEATURES, FEATURES), nn.LstmCell(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        steps = nothing()
        y, state = self.lstm(steps, nn.LstmState(v_(), v_()))
        again = nn.Loop()
        again.state.cell = self.cell.initial_state()
        with again:
            h, again.state.cell = self.cell(again.unstack(steps), again.state.cell)
            hs = again.stack(h)
        return {"y": y, "c": state.c, "hs": hs, "h": again.state.cell.h}


def lstms_over_nothing_reference(v: numpy.ndarray) -> Any:
    return {"y": [], "c": v, "hs": [], "h": numpy.zeros(4)}


def nothing() -> nn.Tensor:
    """Vectors of a loop without steps."""
    loop = nn.Loop()
    loop.state.s = v_()
    with loop:
        loop.end(loop.iter_idx >= 0)
        loop.state.s = nn.tanh(loop.state.s)
        return loop.stack(loop.state.s)


def entries_of_nothing() -> dict[str, nn.Tensor]:
    """Entries by position, backwards, maxima, and positions, where there is nothing."""
    steps = nothing()
    return {
        "first": steps[0],
        "some": nn.gather(steps, nn.range_over(z_().spatial_dim, like=z_())),
        "backwards": nn.reverse(steps),
        "greatest": nn.cum_max(steps, axis=steps.spatial_dim),
        "encoded": nn.positional_encoding(steps),
    }


def entries_of_nothing_reference(z: numpy.ndarray) -> Any:
    return {"first": numpy.zeros(4), "some": 0.0 * z, "backwards": [], "greatest": [], "encoded": []}


def entries_of_few() -> dict[str, nn.Tensor]:
    """A loop that makes one step less than there are frames, so none for some of the sequences; labels, too."""
    x = x_()
    loop = nn.Loop()
    loop.state.s = v_()
    with loop:
        loop.end(loop.iter_idx + 1 >= x.seq_len)
        loop.state.s = loop.state.s + 1.0
        steps, labels = loop.stack(loop.state.s), loop.stack(nn.argmax(loop.state.s))
    positions = nn.range_over(z_().spatial_dim, like=z_())
    return {
        "last": nn.gather(steps, -1),
        "some": nn.gather(steps, positions),
        "labels": nn.gather(labels, positions),
        "greatest": nn.cum_max(steps, axis=steps.spatial_dim),
    }


def entries_of_few_reference(x: numpy.ndarray, v: numpy.ndarray, z: numpy.ndarray) -> Any:
    steps = [v + number + 1.0 for number in range(len(x) - 1)]
    some = [steps[min(position, len(steps) - 1)] if steps else numpy.zeros(4) for position in range(len(z))]
    labels = [int(v.argmax()) if steps else 0 for _ in range(len(z))]
    return {"last": steps[-1] if steps else numpy.zeros(4), "some": some, "labels": labels, "greatest": steps}


@programs(
    [
        Program("lstms_in_steps", LstmsInSteps(), lstms_in_steps_reference),
        Program("lstms_over_nothing", LstmsOverNothing(), lstms_over_nothing_reference),
        Program("entries_of_nothing", entries_of_nothing, entries_of_nothing_reference),
        Program("entries_of_few", entries_of_few, entries_of_few_reference),
        Program("search", Speller(), speller_reference(), beam_size=1, add=ENDS),
        Program("search_with_the_last_step", Speller(True), speller_reference(True), beam_size=1, add=ENDS),
        Program("search_of_one_sequence", Speller(), speller_reference(), batch=ALONE, beam_size=1, add=ENDS),
        Program("search_with_memory", SearchWithMemory(), search_with_memory_reference, beam_size=1, add=ENDS),
        Program("letters_by_frames", LettersByFrames(), letters_by_frames_reference, beam_size=1, add=ENDS),
        Program("ends_for_every_letter", EndsForEveryLetter(), ends_for_every_letter_reference, beam_size=3),
        Program("ends_at_once", ends_at_once, ends_at_once_reference),
        Program("ends_at_once_over_frames", ends_at_once_over_frames, ends_at_once_over_frames_reference),
        Program("triangle_of_steps", TriangleOfSteps(), triangle_of_steps_reference, batch=LONGEST_LAST),
        Program("inner_frames_cut_off", inner_frames_cut_off, inner_frames_cut_off_reference),
        Program("inner_loop_of_search", InnerLoopOfSearch(), inner_loop_of_search_reference, beam_size=3, scale=2.0),
        Program("steps_of_steps", StepsOfSteps(), steps_of_steps_reference),
        Program("loss_of_nothing", LossOfNothing(), loss_of_nothing_reference),
    ]
)
def test_no_steps(program: Program, engine: str) -> None:
    check(program, engine)
