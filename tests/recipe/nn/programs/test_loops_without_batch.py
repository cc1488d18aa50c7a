"""Loops in which nothing has a batch dim."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, TIME, v_, w_, x_, y_, z_, zeros
from .plain_layers import Parameters, linear, weighted_mean
from .program import Program


def count_up() -> dict[str, nn.Tensor]:
    loop = nn.Loop()
    loop.state.i = nn.constant(0)
    with loop:
        i = loop.state.i + 1
        loop.state.i = i
        loop.end(i >= 4, include_eos=True)
        steps = loop.stack(i)
    return {"steps": steps, "x": x_() * nn.cast(loop.state.i, "float32"), "i": loop.state.i}


def count_up_reference(x: numpy.ndarray) -> Any:
    return {"steps": [1, 2, 3, 4], "x": x * 4, "i": 4}


def count_up_without_the_last() -> dict[str, nn.Tensor]:
    """After the input is read; what is stacked is reduced."""
    x = x_()
    loop = nn.Loop(max_seq_len=10)
    loop.state.i, loop.state.power = nn.constant(0), nn.constant(1.5)
    with loop:
        loop.state.i = loop.state.i + 1
        loop.state.power = loop.state.power * 2.0
        loop.end(loop.state.power > 20.0, include_eos=False)
        powers, last = loop.stack(loop.state.power), loop.last(loop.state.i)
    total = nn.reduce_sum(powers, powers.spatial_dim)
    return {"y": x * total, "last": last, "i": loop.state.i, "power": loop.state.power}


def count_up_without_the_last_reference(x: numpy.ndarray) -> Any:
    return {"y": x * 21.0, "last": 3, "i": 3, "power": 12.0}


def fibonacci() -> dict[str, nn.Tensor]:
    """Two states that change places, a limit that is reached, and a loop over what was stacked."""
    first = nn.Loop(max_seq_len=6)
    first.state.a, first.state.b = nn.constant(0.0), nn.constant(1.0)
    with first:
        first.state.a, first.state.b = first.state.b, first.state.a + first.state.b
        first.end(first.state.a > 1000.0)
        numbers = first.stack(first.state.b)
    second = nn.Loop()
    second.state.s = nn.constant(0.0)
    with second:
        second.state.s = 0.5 * second.state.s + second.unstack(numbers)
        sums = second.stack(second.state.s)
    return {"numbers": numbers, "sums": sums, "v": v_() * second.state.s}


def fibonacci_reference(v: numpy.ndarray) -> Any:
    a, b, s = 0.0, 1.0, 0.0
    numbers, sums = [], []
    for _ in range(6):
        a, b = b, a + b
        numbers.append(b)
    for number in numbers:
        s = 0.5 * s + number
        sums.append(s)
    return {"numbers": numbers, "sums": sums, "v": v * s}


class PowersOfAParameter(nn.Module):
    """A vector of parameters goes through a layer again and again; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.start: Any = nn.Parameter([FEATURES])
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.h, loop.state.i = nn.tanh(self.start), nn.constant(0)
        with loop:
            loop.state.h = nn.tanh(self.linear(loop.state.h))
            loop.state.i = loop.state.i + 1
            loop.end(loop.state.i == 3, include_eos=True)
            steps = loop.stack(loop.state.h)
        y = x_() - loop.state.h
        nn.reduce_sum(y * y).mark_as_loss("square")
        return {"steps": steps, "y": y}


def powers_of_a_parameter_reference(x: numpy.ndarray, p: Parameters) -> Any:
    h, steps = numpy.tanh(p["start"]), []
    for _ in range(3):
        h = numpy.tanh(linear(p, "linear", h))
        steps.append(h)
    return {"steps": steps, "y": x - h, "square": ((x - h) ** 2).sum(axis=1)}


class TableOfPositions(nn.Module):
    """A table that a loop makes: each sequence attends over it, and picks rows of it by its labels; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.row = nn.ones([FEATURES])
        with loop:
            loop.state.row = nn.tanh(self.linear(loop.state.row) * nn.cast(loop.iter_idx + 1, "float32"))
            loop.end(loop.iter_idx >= 4, include_eos=True)
            table = loop.stack(loop.state.row)
        rows = table.spatial_dim
        weights = nn.softmax_over_spatial(nn.dot(table, v_()), rows)
        context = nn.dot(weights, table, reduce=rows)
        picked = nn.gather(table, nn.cast(y_(), "int32"), axis=rows)
        nn.reduce_sum(picked * picked).mark_as_loss("square")
        return {"context": context, "picked": picked}


def table_of_positions_reference(v: numpy.ndarray, y: numpy.ndarray, p: Parameters) -> Any:
    row, table = numpy.ones(4), []
    for i in range(5):
        row = numpy.tanh(linear(p, "linear", row) * (i + 1))
        table.append(row)
    picked = [table[letter] for letter in y]
    context = weighted_mean([entry @ v for entry in table], table)
    return {"context": context, "picked": picked, "square": [entry @ entry for entry in picked]}


def numbers_of_steps() -> dict[str, nn.Tensor]:
    """Nothing but the numbers of the steps, and what is made of them; also in a loop over frames."""
    loop = nn.Loop()
    with loop:
        loop.end(loop.iter_idx * 2 >= 7)
        numbers, odd = loop.stack(loop.iter_idx * 2), loop.stack(loop.iter_idx % 2 == 1)
    outer = nn.Loop()
    outer.state.s = zeros()
    with outer:
        with nn.Loop() as inner:
            inner.end(inner.iter_idx >= outer.iter_idx, include_eos=True)
            squares = inner.stack(inner.iter_idx * inner.iter_idx)
        total = nn.reduce_sum(squares, squares.spatial_dim)
        outer.state.s = nn.tanh(outer.state.s + outer.unstack(x_())) * nn.cast(total + 1, "float32")
        steps = outer.stack(outer.state.s)
    return {"numbers": numbers, "odd": odd, "s": steps}


def numbers_of_steps_reference(x: numpy.ndarray) -> Any:
    s, out = numpy.zeros(4), []
    for t, frame in enumerate(x):
        s = numpy.tanh(s + frame) * (sum(i * i for i in range(t + 1)) + 1)
        out.append(s)
    return {"numbers": [0, 2, 4, 6], "odd": [False, True, False, True], "s": out}


class OverRowsOfAParameter(nn.Module):
    """Over an axis of fixed size of a parameter; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.table: Any = nn.Parameter([LABELS, FEATURES])
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.h = nn.zeros([FEATURES])
        with loop:
            loop.state.h = nn.tanh(self.linear(loop.state.h) + loop.unstack(self.table, axis=LABELS))
            rows = loop.stack(loop.state.h)
        nn.reduce_sum(nn.dot(rows, v_())).mark_as_loss("sum")
        return {"rows": nn.combine("mul", rows, v_(), allow_broadcast_all_sources=True), "last": v_() + loop.state.h}


def over_rows_of_a_parameter_reference(v: numpy.ndarray, p: Parameters) -> Any:
    h, rows = numpy.zeros(4), []
    for row in p["table"]:
        h = numpy.tanh(linear(p, "linear", h) + row)
        rows.append(h)
    return {"rows": rows * v, "last": v + h, "sum": (numpy.array(rows) @ v).sum()}


def in_a_loop_over_frames() -> dict[str, nn.Tensor]:
    """An inner loop counts to the number of the outer step, in Cond another one to a fixed number."""
    outer = nn.Loop()
    outer.state.s = zeros()
    with outer:
        frame = outer.unstack(x_())
        inner = nn.Loop(max_seq_len=20)
        inner.state.factorial = nn.constant(1.0)
        with inner:
            inner.state.factorial = inner.state.factorial * nn.cast(inner.iter_idx + 1, "float32")
            inner.end(inner.iter_idx >= outer.iter_idx, include_eos=True)
        outer.state.s = nn.tanh(outer.state.s + frame / inner.state.factorial)
        return {"s": outer.stack(outer.state.s), "product": outer.stack(frame * inner.state.factorial)}


def in_a_loop_over_frames_reference(x: numpy.ndarray) -> Any:
    s, out, products = numpy.zeros(4), [], []
    factorial = 1.0
    for t, frame in enumerate(x):
        factorial *= t + 1
        s = numpy.tanh(s + frame / factorial)
        out.append(s)
        products.append(frame * factorial)
    return {"s": out, "product": products}


def with_branches() -> dict[str, nn.Tensor]:
    """The Collatz sequence of 6: Cond and a mask of scalars."""
    v = v_()
    loop = nn.Loop(max_seq_len=50)
    loop.state.n, loop.state.odd = nn.constant(6), nn.constant(0)
    with loop:
        n = loop.state.n
        with nn.Cond(n % 2 == 0) as cond:
            loop.state.n = n // 2
            cond.true = n
        with cond.false_branch():
            loop.state.n = 3 * n + 1
            cond.false = -n
        with nn.MaskedComputation(mask=n % 2 == 1):
            loop.state.odd = loop.state.odd + 1
        loop.end(loop.state.n == 1, include_eos=True)
        steps = loop.stack(cond.result)
    return {"steps": steps, "odd": loop.state.odd, "v": v * nn.cast(loop.state.odd, "float32")}


def with_branches_reference(v: numpy.ndarray) -> Any:
    n, odd, steps = 6, 0, []
    while n != 1:
        if n % 2 == 0:
            steps.append(n)
            n = n // 2
        else:
            steps.append(-n)
            n, odd = 3 * n + 1, odd + 1
    return {"steps": steps, "odd": odd, "v": v * odd}


def over_positions() -> dict[str, nn.Tensor]:
    """Over the positions of each sequence, which have a length per sequence, though no batch dim."""
    x = x_()
    positions = nn.range_over(TIME, like=x)
    loop = nn.Loop()
    loop.state.sum = nn.constant(0)
    with loop:
        loop.state.sum = loop.state.sum + loop.unstack(positions)
        sums = loop.stack(loop.state.sum)
    return {"x": x * nn.cast(sums, "float32"), "last": v_() * nn.cast(loop.state.sum, "float32")}


def over_positions_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    sums = numpy.cumsum(range(len(x)))
    return {"x": x * sums[:, None], "last": v * sums[-1]}


def in_the_steps_of_another() -> dict[str, nn.Tensor]:
    """The number of rounds of one loop is that of another loop, over frames, and of a mask in it."""
    rounds = nn.Loop()
    rounds.state.left, rounds.state.done = nn.constant(10), nn.constant(0)
    with rounds:
        rounds.state.left = rounds.state.left - 3
        rounds.state.done = rounds.state.done + 1
        rounds.end(rounds.state.left < 0)
    loop = nn.Loop()
    loop.state.s = zeros()
    with loop:
        frame = loop.unstack(z_())
        with nn.MaskedComputation(mask=nn.cast(loop.unstack(w_()), "int32") < rounds.state.done):
            loop.state.s = loop.state.s * nn.cast(rounds.state.left, "float32") + frame
        loop.end(loop.iter_idx >= rounds.state.done)
        steps = loop.stack(loop.state.s)
    return {"s": steps, "left": rounds.state.left}


def in_the_steps_of_another_reference(z: numpy.ndarray, w: numpy.ndarray) -> Any:
    s, out = numpy.zeros(4), []
    for t in range(min(len(z), 3)):
        s = s * 1.0 + z[t] if w[t] < 3 else s
        out.append(s)
    return {"s": out, "left": 1}


class BesideValuesOfSequences(nn.Module):
    """
    Loops that end at once for all sequences, of which values with and without batch dim leave: by a condition, and over
    an axis of fixed size, to its end and with a limit; trained.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table: Any = nn.Parameter([LABELS, FEATURES])
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        count = nn.Loop()
        count.state.i, count.state.s, count.state.odd = nn.constant(0), v_(), nn.constant(False)
        with count:
            count.state.i = count.state.i + 1
            count.state.odd = nn.logical_not(count.state.odd)
            count.state.s = nn.tanh(count.state.s * 2.0)
            count.end(count.state.i >= 4)
            results = {"steps": count.stack(count.state.s), "last": count.last(count.state.i * 2)}
        results |= {"i": count.state.i, "odd": count.state.odd}
        for name, limit in (("rows", None), ("two", 2)):
            rows = nn.Loop(max_seq_len=limit)
            rows.state.h, rows.state.s = nn.zeros([FEATURES]), count.state.s
            with rows:
                rows.state.h = nn.tanh(self.linear(rows.state.h) + rows.unstack(self.table, axis=LABELS))
                rows.state.s = nn.tanh(rows.state.s - rows.state.h)
            results |= {name: rows.state.h, f"{name}_s": rows.state.s}
            nn.reduce_sum(rows.state.s * rows.state.h).mark_as_loss(f"product_{name}")
        return results


def beside_values_of_sequences_reference(v: numpy.ndarray, p: Parameters) -> Any:
    s, steps = v, []
    for _ in range(3):
        s = numpy.tanh(s * 2)
        steps.append(s)
    results: dict[str, Any] = {"steps": steps, "last": 6, "i": 3, "odd": True}
    for name, limit in (("rows", 5), ("two", 2)):
        h, other = numpy.zeros(4), s
        for row in p["table"][:limit]:
            h = numpy.tanh(linear(p, "linear", h) + row)
            other = numpy.tanh(other - h)
        results |= {name: h, f"{name}_s": other, f"product_{name}": (other * h).sum()}
    return results


@programs(
    [
        Program("count_up", count_up, count_up_reference),
        Program("count_up_in_one_sequence", count_up, count_up_reference, batch=ALONE),
        Program("count_up_without_the_last", count_up_without_the_last, count_up_without_the_last_reference),
        Program("fibonacci", fibonacci, fibonacci_reference),
        Program("powers_of_a_parameter", PowersOfAParameter(), powers_of_a_parameter_reference),
        Program("table_of_positions", TableOfPositions(), table_of_positions_reference),
        Program("over_rows_of_a_parameter", OverRowsOfAParameter(), over_rows_of_a_parameter_reference),
        Program("numbers_of_steps", numbers_of_steps, numbers_of_steps_reference),
        Program("beside_values_of_sequences", BesideValuesOfSequences(), beside_values_of_sequences_reference),
        Program("in_a_loop_over_frames", in_a_loop_over_frames, in_a_loop_over_frames_reference, batch=LONGEST_LAST),
        Program("with_branches", with_branches, with_branches_reference),
        Program("over_positions", over_positions, over_positions_reference),
        Program(
            "in_the_steps_of_another", in_the_steps_of_another, in_the_steps_of_another_reference, batch=LONGEST_LAST
        ),
    ]
)
def test_loops_without_batch(program: Program, engine: str) -> None:
    check(program, engine)
