"""Loops on a third level, over axes that another loop of the outer step made, of a state of the outer loop."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import FEATURES, LONGEST_LAST, v_, x_, z_, zeros
from .plain_layers import Parameters, linear, pooled, weighted_mean
from .program import Program


def rows_of(start: nn.Tensor, frame: nn.Tensor) -> nn.Tensor:
    """As many rows as it takes until their sum is large, at most four."""
    inner = nn.Loop(max_seq_len=4)
    inner.state.t = start
    with inner:
        inner.state.t = nn.tanh(inner.state.t + frame)
        inner.end(nn.reduce_sum(inner.state.t) > 0.5, include_eos=True)
        return inner.stack(inner.state.t)


def rows_of_reference(start: numpy.ndarray, frame: numpy.ndarray) -> list[numpy.ndarray]:
    rows: list[numpy.ndarray] = []
    while not rows or (len(rows) < 4 and rows[-1].sum() <= 0.5):
        rows.append(numpy.tanh((rows[-1] if rows else start) + frame))
    return rows


class ProductsOfRows(nn.Module):
    """The third level goes over rows times the frame of the second level, so all products are there before; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            rows = rows_of(self.linear(outer.state.s), outer.unstack(x_()))
            with nn.Loop() as second:
                other = second.unstack(z_())
                third = nn.Loop()
                third.state.w = other
                with third:
                    third.state.w = nn.tanh(third.state.w + third.unstack(rows) * other)
                results = second.stack(third.state.w)
            outer.state.s = nn.tanh(nn.reduce_sum(results, results.spatial_dim))
            nn.reduce_sum(outer.state.s).mark_as_loss("sum")
            return outer.stack(outer.state.s)


def products_of_rows_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, out = v, []
    for frame in x:
        rows = rows_of_reference(linear(p, "linear", s), frame)
        total = numpy.zeros(4)
        for other in z:
            w = other
            for row in rows:
                w = numpy.tanh(w + row * other)
            total = total + w
        s = numpy.tanh(total)
        out.append(s)
    return {"output": out, "sum": [s.sum() for s in out]}


def pairs_of_rows() -> nn.Tensor:
    """The second and the third level both go over the rows; a state without initial value."""
    outer = nn.Loop()
    with outer:
        frame = outer.unstack(x_())
        rows = rows_of(outer.state.s + frame, frame)
        second = nn.Loop()
        second.state.u = frame
        with second:
            row = second.unstack(rows)
            third = nn.Loop()
            third.state.w = second.state.u
            with third:
                third.state.w = nn.tanh(third.state.w + third.unstack(rows) * row)
            second.state.u = third.state.w
        outer.state.s = nn.tanh(second.state.u)
        return outer.stack(outer.state.s)


def pairs_of_rows_reference(x: numpy.ndarray) -> Any:
    s, out = numpy.zeros(4), []
    for frame in x:
        rows = rows_of_reference(s + frame, frame)
        u = frame
        for row in rows:
            for other in rows:
                u = numpy.tanh(u + other * row)
        s = numpy.tanh(u)
        out.append(s)
    return out


def attention_on_the_third_level() -> nn.Tensor:
    """The third level goes over the outer loop's sequence, and attends to rows that the outer step pooled."""
    outer = nn.Loop()
    outer.state.s = zeros()
    with outer:
        outer.unstack(x_())
        with nn.Loop() as first:
            rows = first.stack(first.unstack(z_()) * outer.state.s + v_())
        rows = nn.pool(rows, 2)
        with nn.Loop() as second:
            row = second.unstack(rows)
            third = nn.Loop()
            third.state.w = row
            with third:
                weights = nn.softmax_over_spatial(nn.dot(rows, third.state.w))
                context = nn.dot(weights, rows, reduce=rows.spatial_dim)
                third.state.w = nn.tanh(context + third.unstack(x_()) * row)
            results = second.stack(third.state.w)
        outer.state.s = nn.tanh(nn.reduce_sum(results, results.spatial_dim))
        return outer.stack(outer.state.s)


def attention_on_the_third_level_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray) -> Any:
    s, out = numpy.zeros(4), []
    for _ in x:
        rows = numpy.array(pooled(z * s + v, 2))
        total = numpy.zeros(4)
        for row in rows:
            w = row
            for frame in x:
                w = numpy.tanh(weighted_mean([one @ w for one in rows], rows) + frame * row)
            total = total + w
        s = numpy.tanh(total)
        out.append(s)
    return out


@programs(
    [
        Program("products_of_rows", ProductsOfRows(), products_of_rows_reference),
        Program("pairs_of_rows", pairs_of_rows, pairs_of_rows_reference, batch=LONGEST_LAST),
        Program("attention_on_the_third_level", attention_on_the_third_level, attention_on_the_third_level_reference),
    ]
)
def test_loops_in_inner_loops(program: Program, engine: str) -> None:
    check(program, engine)
