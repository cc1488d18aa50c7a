"""What an inner loop stacks, stacked by the outer one, where the number of inner steps differs from step to step."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, v_, x_, z_, zeros
from .plain_layers import Parameters, cross_entropy, linear, softmax
from .program import Program


def triangle(include_eos: bool) -> Any:
    """As many inner steps as the number of the outer one, or one more; sums, maxima, means of them."""

    def model() -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop(max_seq_len=10)
            inner.state.t = outer.state.s
            with inner:
                inner.state.t = nn.tanh(inner.state.t + frame)
                inner.end(inner.iter_idx >= outer.iter_idx, include_eos=include_eos)
                steps = inner.stack(inner.state.t)
            outer.state.s = inner.state.t
            rows = outer.stack(steps)
        axis = steps.spatial_dim
        results = {"sum": nn.reduce_sum(rows, axis), "all": nn.reduce_sum(nn.reduce_max(nn.exp(rows)), axis)}
        if include_eos:
            results |= {"largest": nn.reduce_max(rows, axis), "mean": nn.reduce_mean(rows, axis)}
        return results

    return model


def triangle_reference(include_eos: bool) -> Any:
    def reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
        s, rows = v, []
        for t, frame in enumerate(x):
            steps = []
            for _ in range(t + include_eos):
                s = numpy.tanh(s + frame)
                steps.append(s)
            rows.append(numpy.array(steps).reshape(-1, 4))
        results = {"sum": [row.sum(axis=0) for row in rows], "all": [numpy.exp(row).max(axis=1).sum() for row in rows]}
        if include_eos:
            results |= {"largest": [row.max(axis=0) for row in rows], "mean": [row.mean(axis=0) for row in rows]}
        return results

    return reference


def halvings(start: nn.Tensor, frame: nn.Tensor, *, include_eos: bool = True) -> tuple[nn.Tensor, nn.Tensor]:
    """A loop that ends when the state is small, after 1 to 5 steps: all states, and the last one."""
    inner = nn.Loop(max_seq_len=5)
    inner.state.t = start + frame
    with inner:
        inner.state.t = inner.state.t * 0.5
        inner.end(nn.reduce_max(abs(inner.state.t)) < 0.4, include_eos=include_eos)
        steps = inner.stack(inner.state.t)
    return steps, inner.state.t


def plain_halvings(start: numpy.ndarray, frame: numpy.ndarray) -> numpy.ndarray:
    """All states."""
    t, steps = start + frame, []
    for _ in range(5):
        t = t * 0.5
        steps.append(t)
        if numpy.abs(t).max() < 0.4:
            break
    return numpy.array(steps)


class WeightedRows(nn.Module):
    """A softmax over the inner steps of each outer one, outside of both; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.energy = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            steps, outer.state.s = halvings(outer.state.s, outer.unstack(x_()))
            rows = outer.stack(steps)
        axis = steps.spatial_dim
        weights = nn.softmax_over_spatial(nn.dot(self.energy(rows), v_()), axis)
        y = nn.dot(weights, rows, reduce=axis)
        nn.reduce_sum(y * y).mark_as_loss("square")
        return y


def weighted_rows_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, out = v, []
    for frame in x:
        rows = plain_halvings(s, frame)
        s = rows[-1]
        out.append(softmax(linear(p, "energy", rows) @ v) @ rows)
    return {"output": out, "square": [y @ y for y in out]}


def first_and_last_rows() -> dict[str, nn.Tensor]:
    """Rows by position: the first, the second (or the last there is), and the best label of each row, counted."""
    outer = nn.Loop()
    outer.state.s = v_()
    with outer:
        steps, outer.state.s = halvings(outer.state.s, outer.unstack(x_()))
        rows = outer.stack(steps)
        best = outer.stack(nn.argmax(steps))
    axis = steps.spatial_dim
    count = nn.reduce_sum(nn.cast(best == 1, "int32"), axis)
    return {"first": nn.gather(rows, 0, axis=axis), "second": nn.gather(rows, 1, axis=axis), "count": count}


def first_and_last_rows_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    s = v
    out: dict[str, list[Any]] = {"first": [], "second": [], "count": []}
    for frame in x:
        rows = plain_halvings(s, frame)
        s = rows[-1]
        out["first"].append(rows[0])
        out["second"].append(rows[min(1, len(rows) - 1)])
        out["count"].append(int((rows.argmax(axis=1) == 1).sum()))
    return out


def loop_over_rows() -> nn.Tensor:
    """Two more loops, one in the other, over what was stacked."""
    outer = nn.Loop()
    outer.state.s = v_()
    with outer:
        steps, outer.state.s = halvings(outer.state.s, outer.unstack(x_()))
        rows = outer.stack(steps)
    axis = steps.spatial_dim
    again = nn.Loop()
    again.state.t = zeros()
    with again:
        row = again.unstack(rows, axis=rows.dims[1])
        with nn.Loop() as inner:
            again.state.t = nn.tanh(again.state.t * 0.5 + inner.unstack(row, axis=axis))
        return again.stack(again.state.t)


def loop_over_rows_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    s, t, out = v, numpy.zeros(4), []
    for frame in x:
        rows = plain_halvings(s, frame)
        s = rows[-1]
        for row in rows:
            t = numpy.tanh(t * 0.5 + row)
        out.append(t)
    return out


class LossOfAllRows(nn.Module):
    """A loss of each inner step, marked outside of both loops: of each outer step the sum counts; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            steps, outer.state.s = halvings(outer.state.s, outer.unstack(x_()))
            logits = self.output(steps)
            rows = outer.stack(nn.cross_entropy(logits, nn.argmax(logits)))
        rows.mark_as_loss("ce")
        return nn.reduce_sum(rows, steps.spatial_dim)


def loss_of_all_rows_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, losses = v, []
    for frame in x:
        rows = plain_halvings(s, frame)
        s = rows[-1]
        scores = [linear(p, "output", row) for row in rows]
        losses.append(sum(cross_entropy(logits, int(logits.argmax())) for logits in scores))
    return {"output": losses, "ce": losses}


class ThreeLevels(nn.Module):
    """The innermost of three loops ends by itself; over another sequence in between; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        z = z_()
        with nn.Loop() as one:
            frame = self.linear(one.unstack(x_()))
            with nn.Loop() as two:
                steps, _ = halvings(frame, two.unstack(z))
                tables = two.stack(steps)
            axis = steps.spatial_dim
            sums = nn.reduce_sum(tables, axis)
            rows = one.stack(nn.reduce_max(sums, z.spatial_dim))
        nn.reduce_sum(rows * rows).mark_as_loss("square")
        return rows


def three_levels_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    out = []
    for frame in linear(p, "linear", x):
        out.append(numpy.max([plain_halvings(frame, other).sum(axis=0) for other in z], axis=0))
    return {"output": out, "square": [y @ y for y in out]}


@programs(
    [
        Program("triangle", triangle(True), triangle_reference(True)),
        Program("triangle_without_the_last", triangle(False), triangle_reference(False), batch=LONGEST_LAST),
        Program("triangle_alone", triangle(True), triangle_reference(True), batch=ALONE),
        Program("weighted_rows", WeightedRows(), weighted_rows_reference),
        Program("first_and_last_rows", first_and_last_rows, first_and_last_rows_reference),
        Program("loop_over_rows", loop_over_rows, loop_over_rows_reference, batch=LONGEST_LAST),
        Program("loss_of_all_rows", LossOfAllRows(), loss_of_all_rows_reference),
        Program("three_levels", ThreeLevels(), three_levels_reference),
    ]
)
def test_stacks_of_stacks(program: Program, engine: str) -> None:
    check(program, engine)
