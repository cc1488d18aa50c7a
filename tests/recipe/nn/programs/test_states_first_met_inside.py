"""States of the outer loop without initial value that an inner loop is the first to read, or to assign."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import FEATURES, LONGEST_LAST, x_, y_, z_, zeros
from .plain_layers import Parameters, lstm
from .program import Program


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


def assigned_without_being_read() -> nn.Tensor:
    """The inner loop only assigns it, and makes no step in the first outer one: then it is what it was before."""
    with nn.Loop() as outer:
        frame = outer.unstack(x_())
        with nn.Loop(max_seq_len=5) as inner:
            inner.end(inner.iter_idx >= outer.iter_idx % 2, include_eos=False)
            outer.state.s = nn.tanh(frame * 2.0)
        return outer.stack(outer.state.s)


def assigned_without_being_read_reference(x: numpy.ndarray) -> Any:
    s, out = numpy.zeros(4), []
    for i, frame in enumerate(x):
        if i % 2:
            s = numpy.tanh(frame * 2)
        out.append(s)
    return out


def only_read_inside() -> dict[str, nn.Tensor]:
    """On the third level, together with another one that is not known either."""
    with nn.Loop() as outer:
        frame = outer.unstack(x_())
        with nn.Loop() as second:
            other = second.unstack(z_())
            with nn.Loop(max_seq_len=5) as third:
                third.end(third.iter_idx >= 2)
                outer.state.a = nn.tanh(outer.state.b + outer.state.a + other)
            sums = second.stack(outer.state.a + outer.state.b)
        outer.state.b = nn.tanh(frame + nn.reduce_sum(sums, sums.spatial_dim))
        return {"a": outer.stack(outer.state.a), "b": outer.stack(outer.state.b)}


def only_read_inside_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    out: dict[str, list[Any]] = {"a": [], "b": []}
    a, b = numpy.zeros(4), numpy.zeros(4)
    for frame in x:
        total = numpy.zeros(4)
        for other in z:
            for _ in range(2):
                a = numpy.tanh(b + a + other)
            total = total + a + b
        b = numpy.tanh(frame + total)
        out["a"].append(a)
        out["b"].append(b)
    return out


class CellOfTheOuterLoop(nn.Module):
    """The state of a cell that runs in the inner loop belongs to the outer one: it goes on where it was; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LstmCell(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as outer:
            frame = outer.unstack(x_())
            with nn.Loop() as inner:
                h, outer.state.cell = self.cell(inner.unstack(z_()) * frame, outer.state.cell)
                last = inner.last(h)
            nn.reduce_sum(last * last).mark_as_loss("square")
            return outer.stack(last)


def cell_of_the_outer_loop_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    state, out = (numpy.zeros(4), numpy.zeros(4)), []
    for frame in x:
        for other in z:
            h, state = lstm(p, "cell", other * frame, state)
        out.append(h)
    return {"output": out, "square": [h @ h for h in out]}


@programs(
    [
        Program("first_read_inside", first_read_inside, first_read_inside_reference, batch=LONGEST_LAST),
        Program("first_assigned_inside", first_assigned_inside, first_assigned_inside_reference),
        Program("assigned_without_being_read", assigned_without_being_read, assigned_without_being_read_reference),
        Program("only_read_inside", only_read_inside, only_read_inside_reference),
        Program("cell_of_the_outer_loop", CellOfTheOuterLoop(), cell_of_the_outer_loop_reference),
    ]
)
def test_states_first_met_inside(program: Program, engine: str) -> None:
    check(program, engine)
