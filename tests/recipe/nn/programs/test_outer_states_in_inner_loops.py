"""Inner loops over a state of the outer one, and outer states that are first read in an inner loop."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LONGEST_LAST, OTHER, v_, x_, y_, z_, zeros
from .plain_layers import Parameters, linear
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


def first_read_inside() -> nn.Tensor:
    """A state without initial value: zero in the first step, read in the inner loop, then assigned."""
    z = z_()
    with nn.Loop() as outer:
        frame = outer.unstack(x_())
        inner = nn.Loop()
        inner.state.t = zeros()
        with inner:
            inner.state.t = nn.tanh(inner.state.t + inner.unstack(z) + outer.state.s)
        outer.state.s = inner.state.t * frame
        return outer.stack(outer.state.s)


def first_read_inside_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    s, out = numpy.zeros(4), []
    for frame in x:
        t = numpy.zeros(4)
        for other in z:
            t = numpy.tanh(t + other + s)
        s = t * frame
        out.append(s)
    return out


def first_assigned_inside() -> dict[str, nn.Tensor]:
    """Without initial value, read and assigned in the inner loop alone, and a counter like that."""
    z = z_()
    with nn.Loop() as outer:
        frame = outer.unstack(x_())
        with nn.Loop() as inner:
            outer.state.s = nn.tanh(outer.state.s + inner.unstack(z) * frame)
        with nn.MaskedComputation(mask=outer.unstack(y_()) != 1):
            outer.state.count = outer.state.count + nn.reduce_max(frame)
        return {"s": outer.stack(outer.state.s), "count": outer.stack(outer.state.count)}


def first_assigned_inside_reference(x: numpy.ndarray, y: numpy.ndarray, z: numpy.ndarray) -> Any:
    s, count, out, counts = numpy.zeros(4), 0.0, [], []
    for frame, letter in zip(x, y):
        for other in z:
            s = numpy.tanh(s + other * frame)
        count = count + frame.max() if letter != 1 else count
        out.append(s)
        counts.append(count)
    return {"s": out, "count": counts}


@programs(
    [
        Program("over_a_state", over_a_state, over_a_state_reference),
        Program("over_a_state_alone", over_a_state, over_a_state_reference, batch=ALONE),
        Program("rows_of_a_table", RowsOfATable(), rows_of_a_table_reference, batch=LONGEST_LAST),
        Program("over_features_of_a_state", over_features_of_a_state, over_features_of_a_state_reference),
        Program("finished_loops_state", finished_loops_state, finished_loops_state_reference),
        Program("first_read_inside", first_read_inside, first_read_inside_reference, batch=LONGEST_LAST),
        Program("first_assigned_inside", first_assigned_inside, first_assigned_inside_reference),
    ]
)
def test_outer_states_in_inner_loops(program: Program, engine: str) -> None:
    check(program, engine)
