"""
What an inner loop stacks, in the steps of the outer one. Where the number of inner steps differs from step to step, it
is reduced there; where it does not, the outer loop may stack it as well.
"""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, TIME, v_, w_, x_, z_, zeros
from .plain_layers import Parameters, cross_entropy, linear, pooled, softmax
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
            axis = steps.spatial_dim
            results = {"sum": nn.reduce_sum(steps, axis), "all": nn.reduce_sum(nn.reduce_max(nn.exp(steps)), axis)}
            if include_eos:
                results |= {"largest": nn.reduce_max(steps, axis), "mean": nn.reduce_mean(steps, axis)}
            return {name: outer.stack(value) for name, value in results.items()}

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
    """A softmax over the inner steps of each outer one; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.energy = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            steps, outer.state.s = halvings(outer.state.s, outer.unstack(x_()))
            weights = nn.softmax_over_spatial(nn.dot(self.energy(steps), v_()))
            y = outer.stack(nn.dot(weights, steps, reduce=steps.spatial_dim))
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
        axis = steps.spatial_dim
        count = nn.reduce_sum(nn.cast(nn.argmax(steps) == 1, "int32"), axis)
        results = {"first": nn.gather(steps, 0, axis=axis), "second": nn.gather(steps, 1, axis=axis), "count": count}
        return {name: outer.stack(value) for name, value in results.items()}


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
    """Another inner loop, over what the first one stacked."""
    outer = nn.Loop()
    outer.state.s, outer.state.t = v_(), zeros()
    with outer:
        steps, outer.state.s = halvings(outer.state.s, outer.unstack(x_()))
        with nn.Loop() as again:
            outer.state.t = nn.tanh(outer.state.t * 0.5 + again.unstack(steps))
        return outer.stack(outer.state.t)


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
    """A loss of each inner step, marked in the outer loop: of each outer step the sum counts; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            steps, outer.state.s = halvings(outer.state.s, outer.unstack(x_()))
            logits = self.output(steps)
            losses = nn.cross_entropy(logits, nn.argmax(logits))
            losses.mark_as_loss("ce")
            return outer.stack(nn.reduce_sum(losses, steps.spatial_dim))


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
                sums = two.stack(nn.reduce_sum(steps, steps.spatial_dim))
            rows = one.stack(nn.reduce_max(sums, z.spatial_dim))
        nn.reduce_sum(rows * rows).mark_as_loss("square")
        return rows


def three_levels_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    out = []
    for frame in linear(p, "linear", x):
        out.append(numpy.max([plain_halvings(frame, other).sum(axis=0) for other in z], axis=0))
    return {"output": out, "square": [y @ y for y in out]}


class FixedRounds(nn.Module):
    """Three inner steps in each outer one: all stacked; attention to them outside of both loops; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop()
            inner.state.t = outer.state.s
            with inner:
                inner.state.t = nn.tanh(self.linear(inner.state.t) + frame)
                inner.end(inner.iter_idx >= 2, include_eos=True)
                steps = inner.stack(inner.state.t)
            outer.state.s = inner.state.t
            rows = outer.stack(steps)
        axis = steps.spatial_dim
        weights = nn.softmax(nn.dot(rows, v_()), axis)
        nn.reduce_sum(nn.dot(weights, rows, reduce=axis)).mark_as_loss("sum")
        return {"rows": rows, "second": nn.gather(rows, 1, axis=axis)}


def fixed_rounds_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, rows = v, []
    for frame in x:
        steps = []
        for _ in range(3):
            s = numpy.tanh(linear(p, "linear", s) + frame)
            steps.append(s)
        rows.append(numpy.array(steps))
    sums = [(softmax(steps @ v) @ steps).sum() for steps in rows]
    return {"rows": rows, "second": [steps[1] for steps in rows], "sum": sums}


def rounds_of_each_sequence() -> dict[str, nn.Tensor]:
    """As many as the other sequence has frames; pooled, too; two more loops over the rows; and the last rows."""
    w = w_()
    outer = nn.Loop()
    outer.state.s = v_()
    with outer:
        frame = outer.unstack(x_())
        inner = nn.Loop()
        inner.state.t = outer.state.s
        with inner:
            inner.state.t = nn.tanh(inner.state.t + frame)
            inner.end(inner.iter_idx + 1 >= w.seq_len, include_eos=True)
            steps = inner.stack(inner.state.t)
        outer.state.s = inner.state.t
        rows, short, last = outer.stack(steps), outer.stack(nn.pool(steps, 2)), outer.last(steps)
    axis = steps.spatial_dim
    again = nn.Loop()
    again.state.t = zeros()
    with again:
        row = again.unstack(rows, axis=TIME)
        with nn.Loop() as inner:
            again.state.t = nn.tanh(again.state.t * 0.5 + inner.unstack(row, axis=axis))
        result = again.stack(again.state.t)
    return {"t": result, "short": short, "means": nn.reduce_mean(rows, axis), "last": last * 2.0}


def rounds_of_each_sequence_reference(x: numpy.ndarray, w: numpy.ndarray, v: numpy.ndarray) -> Any:
    s, t = v, numpy.zeros(4)
    out: dict[str, list[Any]] = {"t": [], "short": [], "means": []}
    for frame in x:
        steps = []
        for _ in w:
            s = numpy.tanh(s + frame)
            steps.append(s)
        for row in steps:
            t = numpy.tanh(t * 0.5 + row)
        for name, value in (("t", t), ("short", pooled(steps, 2)), ("means", numpy.mean(steps, axis=0))):
            out[name].append(value)
    return {**out, "last": 2 * numpy.array(steps)}


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
        Program("fixed_rounds", FixedRounds(), fixed_rounds_reference),
        Program("rounds_of_each_sequence", rounds_of_each_sequence, rounds_of_each_sequence_reference),
    ]
)
def test_stacks_of_stacks(program: Program, engine: str) -> None:
    check(program, engine)
