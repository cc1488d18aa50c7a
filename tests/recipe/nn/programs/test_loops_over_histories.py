"""Inner loops over what the outer loop collected so far."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, label, v_, x_, y_, z_, zeros
from .plain_layers import Parameters, linear, log_softmax, lstm, weighted_mean
from .plain_search import Choose
from .program import Program


def recurrent() -> nn.Tensor:
    """All frames so far, from the first one on, in each step."""
    with nn.Loop() as outer:
        history = nn.cum_concat(outer.unstack(x_()))
        inner = nn.Loop()
        inner.state.s = zeros()
        with inner:
            inner.state.s = nn.tanh(inner.state.s * 0.5 + inner.unstack(history))
        return outer.stack(inner.state.s)


def recurrent_reference(x: numpy.ndarray) -> Any:
    out = []
    for t in range(len(x)):
        s = numpy.zeros(4)
        for frame in x[: t + 1]:
            s = numpy.tanh(s * 0.5 + frame)
        out.append(s)
    return out


class OfState(nn.Module):
    """The history of a state; the inner loop reads the frame of the outer one, and goes on with its state; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            outer.state.s = nn.tanh(self.linear(outer.state.s) + frame)
            history = nn.cum_concat(outer.state.s)
            inner = nn.Loop()
            inner.state.t = zeros()
            with inner:
                past = inner.unstack(history)
                inner.state.t = inner.state.t + past * nn.sigmoid(nn.dot(past, frame))
            outer.state.s = nn.tanh(inner.state.t)
            nn.reduce_sum(outer.state.s * outer.state.s).mark_as_loss("square")
            return outer.stack(outer.state.s)


def of_state_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, history, out = v, [], []
    for frame in x:
        history.append(numpy.tanh(linear(p, "linear", s) + frame))
        t = numpy.zeros(4)
        for past in history:
            t = t + past / (1 + numpy.exp(-past @ frame))
        s = numpy.tanh(t)
        out.append(s)
    return {"output": out, "square": [s @ s for s in out]}


def attention_by_hand() -> nn.Tensor:
    """Keys and values; the energies that the inner loop stacks weigh the values."""
    with nn.Loop() as outer:
        frame = outer.unstack(x_())
        keys, values = nn.cum_concat(nn.tanh(frame)), nn.cum_concat(frame * 2.0)
        with nn.Loop() as inner:
            energies = inner.stack(nn.dot(inner.unstack(keys), frame))
        weights = nn.softmax_over_spatial(energies)
        return outer.stack(nn.dot(weights, values, reduce=values.spatial_dim))


def attention_by_hand_reference(x: numpy.ndarray) -> Any:
    keys = numpy.tanh(x)
    return [weighted_mean(list(keys[: t + 1] @ x[t]), 2 * x[: t + 1]) for t in range(len(x))]


class CellOverHistory(nn.Module):
    """An LSTM cell over keys and values together; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.key = nn.LstmCell(2 * FEATURES, 3), nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as outer:
            frame = outer.unstack(x_())
            keys, values = nn.cum_concat(self.key(frame)), nn.cum_concat(frame)
            inner = nn.Loop()
            inner.state.cell = self.cell.initial_state()
            with inner:
                joined = nn.concat(inner.unstack(keys) * frame, inner.unstack(values))
                _, inner.state.cell = self.cell(joined, inner.state.cell)
            nn.reduce_sum(inner.state.cell.h).mark_as_loss("sum")
            return outer.stack(inner.state.cell.c)


def cell_over_history_reference(x: numpy.ndarray, p: Parameters) -> Any:
    out, sums = [], []
    for t, frame in enumerate(x):
        state = (numpy.zeros(3), numpy.zeros(3))
        for past in x[: t + 1]:
            _, state = lstm(p, "cell", numpy.concatenate([linear(p, "key", past) * frame, past]), state)
        out.append(state[1])
        sums.append(state[0].sum())
    return {"output": out, "sum": sums}


def until_found() -> dict[str, nn.Tensor]:
    """The inner loop ends at the first frame that is large; its length, and the number of frames of this label."""
    x, y = x_(), y_()
    with nn.Loop() as outer:
        letter = outer.unstack(y)
        frames, letters = nn.cum_concat(outer.unstack(x)), nn.cum_concat(letter)
        first = nn.Loop()
        first.state.steps = nn.zeros([nn.batch_dim], dtype="int32")
        with first:
            frame = first.unstack(frames)
            first.state.steps = first.state.steps + 1
            first.end(nn.reduce_max(frame) > 1.0, include_eos=True)
            largest = first.last(nn.reduce_max(frame))
        second = nn.Loop()
        second.state.count = nn.zeros([nn.batch_dim], dtype="int32")
        with second:
            with nn.MaskedComputation(mask=second.unstack(letters) == letter):
                second.state.count = second.state.count + 1
        return {
            "steps": outer.stack(first.state.steps),
            "largest": outer.stack(largest),
            "count": outer.stack(second.state.count),
        }


def until_found_reference(x: numpy.ndarray, y: numpy.ndarray) -> Any:
    out: dict[str, list[Any]] = {"steps": [], "largest": [], "count": []}
    for t in range(len(x)):
        steps = 0
        for frame in x[: t + 1]:
            steps += 1
            if frame.max() > 1.0:
                break
        out["steps"].append(steps)
        out["largest"].append(frame.max())
        out["count"].append(int((y[: t + 1] == y[t]).sum()))
    return out


class InASearch(nn.Module):
    """The letters written so far, read again in each step by each hypothesis."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter = label(1)
        with loop:
            history = nn.cum_concat(self.embedding(loop.state.letter))
            inner = nn.Loop()
            inner.state.s = v_()
            with inner:
                inner.state.s = nn.tanh(inner.state.s * 0.7 + inner.unstack(history))
            loop.state.letter = nn.choice(self.output(inner.state.s))
            loop.end(loop.state.letter == 0, include_eos=True)
            return loop.stack(loop.state.letter)


def in_a_search_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    for _ in range(4):
        s = v
        for letter in letters:
            s = numpy.tanh(s * 0.7 + p["embedding/W"][letter])
        letters.append(choose(log_softmax(linear(p, "output", s))))
        if letters[-1] == 0:
            break
    return letters[1:]


def backwards_and_another_loop() -> nn.Tensor:
    """The history from its end to its beginning; a third loop over another sequence in each step of it."""
    z = z_()
    with nn.Loop() as outer:
        frame = outer.unstack(x_())
        history = nn.cum_concat(frame)
        inner = nn.Loop()
        inner.state.s = zeros()
        with inner:
            inner.state.s = inner.state.s * 0.5 + inner.unstack(nn.reverse(history))
            with nn.Loop() as third:
                inner.state.s = nn.tanh(inner.state.s + third.unstack(z))
        return outer.stack(inner.state.s - frame)


def backwards_and_another_loop_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    out = []
    for t in range(len(x)):
        s = numpy.zeros(4)
        for past in x[: t + 1][::-1]:
            s = s * 0.5 + past
            for other in z:
                s = numpy.tanh(s + other)
        out.append(s - x[t])
    return out


def loop_with_an_end() -> dict[str, nn.Tensor]:
    """The outer loop ends itself; the inner one stacks, and gives its last value."""
    outer = nn.Loop(max_seq_len=4)
    outer.state.s = v_()
    with outer:
        history = nn.cum_concat(outer.state.s)
        inner = nn.Loop()
        inner.state.t = zeros()
        with inner:
            inner.state.t = inner.state.t * 0.5 + inner.unstack(history)
            steps = inner.stack(nn.tanh(inner.state.t))
        outer.state.s = nn.reduce_max(steps, steps.spatial_dim) * 1.5
        outer.end(nn.reduce_sum(outer.state.s) > 2.0, include_eos=True)
        results = {"steps": outer.stack(outer.state.s), "last": outer.last(inner.state.t)}
    return {**results, "s": outer.state.s}


def loop_with_an_end_reference(v: numpy.ndarray) -> Any:
    s, history, out = v, [], []
    for _ in range(4):
        history.append(s)
        t, steps = numpy.zeros(4), []
        for past in history:
            t = t * 0.5 + past
            steps.append(numpy.tanh(t))
        s = numpy.max(steps, axis=0) * 1.5
        out.append(s)
        if s.sum() > 2.0:
            break
    return {"steps": out, "last": t, "s": s}


class PairsOfFrames(nn.Module):
    """All pairs of past states, and all of a past one and a frame of another sequence; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        z = z_()
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            history = nn.cum_concat(self.linear(outer.state.s))
            inner = nn.Loop()
            inner.state.t = frame
            with inner:
                past = inner.unstack(history)
                with nn.Loop() as third:
                    inner.state.t = nn.tanh(inner.state.t * 0.5 + third.unstack(history) * past)
            others = nn.Loop()
            others.state.t = inner.state.t
            with others:
                other = others.unstack(z)
                with nn.Loop() as third:
                    others.state.t = nn.tanh(others.state.t - third.unstack(history) * other)
            outer.state.s = others.state.t
            nn.reduce_sum(outer.state.s).mark_as_loss("sum")
            return outer.stack(outer.state.s)


def pairs_of_frames_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, history, out = v, [], []
    for frame in x:
        history.append(linear(p, "linear", s))
        s = frame
        for past in history:
            for other in history:
                s = numpy.tanh(s * 0.5 + other * past)
        for other in z:
            for past in history:
                s = numpy.tanh(s - past * other)
        out.append(s)
    return {"output": out, "sum": [s.sum() for s in out]}


def lengths_of_the_history() -> dict[str, nn.Tensor]:
    """How many frames came so far, in an expression; the frame in the middle; the frames of an inner history."""
    outer = nn.Loop()
    outer.state.s = v_()
    with outer:
        history = nn.cum_concat(outer.state.s)
        count = history.seq_len
        middle = nn.gather(history, count // 2, axis=history.spatial_dim)
        inner = nn.Loop(max_seq_len=3)
        inner.state.t = middle
        with inner:
            texts = nn.cum_concat(inner.state.t)
            with nn.Loop() as third:
                inner.state.t = nn.tanh(inner.state.t + third.unstack(texts))
            inner.state.t = inner.state.t - inner.unstack(history)
        outer.state.s = nn.tanh(inner.state.t / nn.cast(count, "float32") + outer.unstack(x_()))
        return {"s": outer.stack(outer.state.s), "count": outer.stack(count)}


def lengths_of_the_history_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    s, history, out = v, [], []
    for frame in x:
        history.append(s)
        t, texts = history[len(history) // 2] if len(history) > 1 else history[0], []
        for past in history[:3]:
            texts.append(t)
            for text in texts:
                t = numpy.tanh(t + text)
            t = t - past
        s = numpy.tanh(t / len(history) + frame)
        out.append(s)
    return {"s": out, "count": range(1, len(x) + 1)}


@programs(
    [
        Program("recurrent", recurrent, recurrent_reference),
        Program("recurrent_alone", recurrent, recurrent_reference, batch=ALONE),
        Program("of_state", OfState(), of_state_reference),
        Program("attention_by_hand", attention_by_hand, attention_by_hand_reference),
        Program("cell_over_history", CellOverHistory(), cell_over_history_reference, batch=LONGEST_LAST),
        Program("until_found", until_found, until_found_reference, batch=LONGEST_LAST),
        Program("in_a_search", InASearch(), in_a_search_reference, beam_size=3, scale=2.0),
        Program("backwards_and_another_loop", backwards_and_another_loop, backwards_and_another_loop_reference),
        Program("loop_with_an_end", loop_with_an_end, loop_with_an_end_reference),
        Program("pairs_of_frames", PairsOfFrames(), pairs_of_frames_reference),
        Program("lengths_of_the_history", lengths_of_the_history, lengths_of_the_history_reference, batch=LONGEST_LAST),
    ]
)
def test_loops_over_histories(program: Program, engine: str) -> None:
    check(program, engine)
