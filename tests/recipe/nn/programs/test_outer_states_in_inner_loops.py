"""Inner loops over a state of the outer one, which the inner body unstacks."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, OTHER, label, v_, x_, z_, zeros
from .plain_layers import Parameters, linear, log_softmax
from .plain_search import Choose
from .program import Program


def over_a_state() -> dict[str, nn.Tensor]:
    """A state that is a sequence is read where it is unstacked, in the inner body."""
    outer = nn.Loop()
    outer.state.row, outer.state.s = z_(), zeros()
    with outer:
        frame = outer.unstack(x_())
        with nn.Loop() as inner:
            outer.state.s = nn.tanh(outer.state.s + inner.unstack(outer.state.row))
        outer.state.row = nn.tanh(outer.state.row * frame)
        steps = outer.stack(outer.state.s)
    return {"steps": steps, "row": outer.state.row}


def over_a_state_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    row, s, steps = z, numpy.zeros(4), []
    for frame in x:
        for other in row:
            s = numpy.tanh(s + other)
        row = numpy.tanh(row * frame)
        steps.append(s)
    return {"steps": steps, "row": row}


class RowsOfATable(nn.Module):
    """As an edit distance: from the row before, the next one is made entry by entry; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        z = z_()
        outer = nn.Loop()
        outer.state.row = nn.zeros([nn.batch_dim, OTHER, FEATURES])
        with outer:
            frame = self.linear(outer.unstack(x_()))
            inner = nn.Loop()
            inner.state.left = zeros()
            with inner:
                above = inner.unstack(outer.state.row)
                inner.state.left = nn.tanh(inner.state.left + above + frame * inner.unstack(z))
                row = inner.stack(inner.state.left)
            outer.state.row = row
            nn.reduce_sum(inner.state.left * inner.state.left).mark_as_loss("square")
        return outer.state.row


def rows_of_a_table_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    row, losses = numpy.zeros_like(z), []
    for frame in linear(p, "linear", x):
        left, new = numpy.zeros(4), []
        for above, other in zip(row, z):
            left = numpy.tanh(left + above + frame * other)
            new.append(left)
        row = numpy.array(new)
        losses.append(left @ left)
    return {"output": row, "square": losses}


def over_features_of_a_state() -> nn.Tensor:
    """Over the features of a state, after it was assigned in this step."""
    outer = nn.Loop()
    outer.state.h, outer.state.a = v_(), nn.zeros([nn.batch_dim])
    with outer:
        outer.state.h = nn.tanh(outer.state.h + outer.unstack(x_()))
        with nn.Loop() as inner:
            outer.state.a = outer.state.a * 0.5 + inner.unstack(outer.state.h, axis=FEATURES)
        return outer.stack(outer.state.a)


def over_features_of_a_state_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    h, a, out = v, 0.0, []
    for frame in x:
        h = numpy.tanh(h + frame)
        for number in h:
            a = a * 0.5 + number
        out.append(a)
    return out


def finished_loops_state() -> nn.Tensor:
    """The last state of a loop that is over is read in the body of the next one."""
    first = nn.Loop(max_seq_len=3)
    first.state.x = x_()
    with first:
        first.state.x = nn.tanh(first.state.x) * 0.5
        first.end(first.iter_idx >= 1, include_eos=True)
    with nn.Loop() as second:
        second.state.s = second.state.s * 0.5 + second.unstack(first.state.x)
        return second.stack(second.state.s)


def finished_loops_state_reference(x: numpy.ndarray) -> Any:
    s, out = numpy.zeros(4), []
    for frame in numpy.tanh(numpy.tanh(x) * 0.5) * 0.5:
        s = s * 0.5 + frame
        out.append(s)
    return out


def made_of_a_state() -> nn.Tensor:
    """What is unstacked is computed of the state in the inner body, in a branch; it is read there otherwise, too."""
    outer = nn.Loop()
    outer.state.row = z_()
    with outer:
        frame = outer.unstack(x_())
        inner = nn.Loop()
        inner.state.t = frame
        with inner:
            mean = nn.reduce_mean(outer.state.row, OTHER)
            with nn.MaskedComputation(mask=nn.reduce_sum(inner.state.t) > 0.0):
                y = inner.unstack(nn.tanh(outer.state.row - nn.reduce_mean(outer.state.row, OTHER)))
                inner.state.t = nn.tanh(inner.state.t + y)
            inner.state.t = inner.state.t + 0.5 * mean
        outer.state.row = nn.tanh(outer.state.row + inner.state.t)
        return outer.stack(inner.state.t)


def made_of_a_state_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    row, out = z, []
    for frame in x:
        t, mean = frame, row.mean(axis=0)
        for other in numpy.tanh(row - mean):
            if t.sum() > 0:
                t = numpy.tanh(t + other)
            t = t + 0.5 * mean
        row = numpy.tanh(row + t)
        out.append(t)
    return out


def through_a_loop_between() -> nn.Tensor:
    """The state of the outermost loop is unstacked by the innermost one, and by the one between."""
    outer = nn.Loop()
    outer.state.row = z_()
    with outer:
        frame = outer.unstack(x_())
        between = nn.Loop()
        between.state.q = frame
        with between:
            again = nn.tanh(between.unstack(outer.state.row))
            inner = nn.Loop()
            inner.state.t = between.state.q
            with inner:
                inner.state.t = nn.tanh(inner.state.t - inner.unstack(outer.state.row) * again)
            between.state.q = between.state.q * 0.5 + inner.state.t
        outer.state.row = nn.tanh(outer.state.row + between.state.q)
        return outer.stack(between.state.q)


def through_a_loop_between_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    row, out = z, []
    for frame in x:
        q = frame
        for again in row:
            t = q
            for other in row:
                t = numpy.tanh(t - other * numpy.tanh(again))
            q = q * 0.5 + t
        row = numpy.tanh(row + q)
        out.append(q)
    return out


class InASearch(nn.Module):
    """In each step of a search a loop over a state that is as long as the input."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.row = label(1), x_()
        with loop:
            y = self.embedding(loop.state.letter)
            inner = nn.Loop()
            inner.state.h = y
            with inner:
                inner.state.h = nn.tanh(inner.state.h + inner.unstack(loop.state.row))
            loop.state.row = loop.state.row * 0.5 + y
            loop.state.letter = nn.choice(self.output(inner.state.h))
            loop.end(loop.state.letter == 0)
            return loop.stack(loop.state.letter)


def in_a_search_reference(x: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letter, row, letters = 1, x, []
    for _ in range(3):
        y = p["embedding/W"][letter]
        h = y
        for frame in row:
            h = numpy.tanh(h + frame)
        row = row * 0.5 + y
        letter = choose(log_softmax(linear(p, "output", h)))
        if letter == 0:
            break
        letters.append(letter)
    return letters


@programs(
    [
        Program("over_a_state", over_a_state, over_a_state_reference),
        Program("over_a_state_alone", over_a_state, over_a_state_reference, batch=ALONE),
        Program("rows_of_a_table", RowsOfATable(), rows_of_a_table_reference, batch=LONGEST_LAST),
        Program("over_features_of_a_state", over_features_of_a_state, over_features_of_a_state_reference),
        Program("made_of_a_state", made_of_a_state, made_of_a_state_reference),
        Program("through_a_loop_between", through_a_loop_between, through_a_loop_between_reference),
        Program("in_a_search", InASearch(), in_a_search_reference, beam_size=3, scale=2.0),
        Program("finished_loops_state", finished_loops_state, finished_loops_state_reference),
    ]
)
def test_outer_states_in_inner_loops(program: Program, engine: str) -> None:
    check(program, engine)
