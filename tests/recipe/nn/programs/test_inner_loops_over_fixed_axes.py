"""Inner loops over an axis of fixed size of a value of the outer step: features, a window, heads, layers."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, OTHER, label, x_, y_, z_
from .plain_layers import Parameters, cross_entropy, linear, lstm, weighted_mean
from .program import Program

PLACES, PART = nn.Dim(2, "places"), nn.Dim(2, "part")


def over_features() -> dict[str, nn.Tensor]:
    """Feature by feature of each frame: the states of all, the last one, and what the outer loop makes of it."""
    outer = nn.Loop()
    outer.state.total = nn.zeros([nn.batch_dim])
    with outer:
        frame = outer.unstack(x_())
        inner = nn.Loop()
        inner.state.a = outer.state.total
        with inner:
            inner.state.a = nn.tanh(inner.state.a * 0.5 + inner.unstack(frame, axis=FEATURES))
            steps = inner.stack(inner.state.a)
        outer.state.total = inner.state.a
        results = {"steps": outer.stack(steps), "total": outer.stack(outer.state.total * nn.reduce_sum(steps))}
    return {**results, "last": outer.state.total}


def over_features_reference(x: numpy.ndarray) -> Any:
    a, every, totals = 0.0, [], []
    for frame in x:
        steps = []
        for number in frame:
            a = numpy.tanh(a * 0.5 + number)
            steps.append(a)
        every.append(steps)
        totals.append(a * sum(steps))
    return {"steps": every, "total": totals, "last": a}


class OverPlaces(nn.Module):
    """The features as a window of two smaller frames, through a recurrent layer; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(PART, PART)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = nn.zeros([nn.batch_dim, PART])
        with outer:
            places = nn.split_dims(outer.unstack(x_()), [PLACES, PART])
            with nn.Loop() as inner:
                outer.state.s = nn.tanh(self.linear(outer.state.s) + inner.unstack(places, axis=PLACES))
            nn.reduce_sum(outer.state.s * outer.state.s, PART).mark_as_loss("square")
            return outer.stack(outer.state.s)


def over_places_reference(x: numpy.ndarray, p: Parameters) -> Any:
    s, out = numpy.zeros(2), []
    for frame in x:
        for place in (frame[:2], frame[2:]):
            s = numpy.tanh(linear(p, "linear", s) + place)
        out.append(s)
    return {"output": out, "square": [s @ s for s in out]}


class HeadByHead(nn.Module):
    """Attention for one head after the other, what they give is stacked; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        keys = nn.split_dims(z_(), [PLACES, PART])
        with nn.Loop() as outer:
            queries = nn.split_dims(self.query(outer.unstack(x_())), [PLACES, PART])
            with nn.Loop() as inner:
                query, key = inner.unstack(queries, axis=PLACES), inner.unstack(keys, axis=PLACES)
                weights = nn.softmax_over_spatial(nn.dot(key, query, reduce=PART), OTHER)
                heads = inner.stack(nn.dot(weights, key, reduce=OTHER))
            context = nn.merge_dims(heads, [PLACES, PART], out_dim=FEATURES)
            nn.reduce_sum(context).mark_as_loss("sum")
            return outer.stack(context)


def head_by_head_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    out = []
    for frame in x:
        query = linear(p, "query", frame)
        heads = [weighted_mean(list(z[:, head] @ query[head]), z[:, head]) for head in (slice(0, 2), slice(2, 4))]
        out.append(numpy.concatenate(heads))
    return {"output": out, "sum": [context.sum() for context in out]}


class CellOverFeatures(nn.Module):
    """An LSTM cell reads one feature after the other, each beside the step of the outer loop; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.inputs = nn.LstmCell(3, 3), nn.Linear(1, 3)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.cell = self.cell.initial_state()
        with outer:
            frame = nn.tanh(outer.unstack(x_()))
            inner = nn.Loop()
            inner.state.cell = outer.state.cell
            with inner:
                number = nn.expand(inner.unstack(frame, axis=FEATURES), [nn.Dim(1, "one")])
                h, inner.state.cell = self.cell(self.inputs(number), inner.state.cell)
                highest = inner.stack(nn.reduce_max(h))
            outer.state.cell = inner.state.cell
            nn.reduce_max(highest, FEATURES).mark_as_loss("highest")
            return outer.stack(outer.state.cell.c)


def cell_over_features_reference(x: numpy.ndarray, p: Parameters) -> Any:
    state, out, losses = (numpy.zeros(3), numpy.zeros(3)), [], []
    for frame in numpy.tanh(x):
        highest = []
        for number in frame:
            h, state = lstm(p, "cell", linear(p, "inputs", numpy.array([number])), state)
            highest.append(h.max())
        out.append(state[1])
        losses.append(max(highest))
    return {"output": out, "highest": losses}


def with_an_end() -> dict[str, nn.Tensor]:
    """The loop over features ends at the first large one, or by a limit; counts and conditions leave it."""
    outer = nn.Loop()
    outer.state.count = nn.zeros([nn.batch_dim], dtype="int32")
    with outer:
        frame = outer.unstack(x_())
        with nn.Loop(max_seq_len=3) as inner:
            number = inner.unstack(frame, axis=FEATURES)
            outer.state.count = outer.state.count + 1
            inner.end(number > 0.7, include_eos=True)
            last = inner.last(number)
            large = inner.last(number > 0.0)
        return {
            "count": outer.stack(outer.state.count),
            "last": outer.stack(last),
            "large": outer.stack(nn.where(large, frame, -frame)),
        }


def with_an_end_reference(x: numpy.ndarray) -> Any:
    out: dict[str, list[Any]] = {"count": [], "last": [], "large": []}
    count = 0
    for frame in x:
        for number in frame[:3]:
            count += 1
            if number > 0.7:
                break
        for name, value in (("count", count), ("last", number), ("large", frame if number > 0 else -frame)):
            out[name].append(value)
    return out


class Layers(nn.Module):
    """Over the depth: parameters of all layers in one tensor, one state for each layer in another; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.scales: Any = nn.Parameter([PLACES, FEATURES])

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.layers = nn.zeros([nn.batch_dim, PLACES, FEATURES])
        with outer:
            before = outer.state.layers
            inner = nn.Loop()
            inner.state.h = outer.unstack(x_())
            with inner:
                state = inner.unstack(before, axis=PLACES)
                inner.state.h = nn.tanh(inner.state.h * inner.unstack(self.scales, axis=PLACES) + state)
                new = inner.stack(inner.state.h)
            outer.state.layers = new
            nn.reduce_sum(inner.state.h * inner.state.h).mark_as_loss("square")
            return outer.stack(inner.state.h)


def layers_reference(x: numpy.ndarray, p: Parameters) -> Any:
    layers, out = numpy.zeros((2, 4)), []
    for h in x:
        new = []
        for scale, state in zip(p["scales"], layers):
            h = numpy.tanh(h * scale + state)
            new.append(h)
        layers = numpy.array(new)
        out.append(h)
    return {"output": out, "square": [h @ h for h in out]}


def masked_and_nested() -> nn.Tensor:
    """In MaskedComputation and Cond, with a loop over a sequence in it."""
    z, y = z_(), y_()
    outer = nn.Loop()
    outer.state.s = nn.zeros([nn.batch_dim])
    with outer:
        frame, letter = outer.unstack(x_()), outer.unstack(y)
        with nn.Loop() as inner:
            number = inner.unstack(frame, axis=FEATURES)
            with nn.MaskedComputation(mask=number > 0.0):
                outer.state.s = outer.state.s * 0.5 + number
            with nn.Cond(letter > label(2)) as cond:
                outer.state.s = outer.state.s - 0.1
                cond.true = number
            with cond.false_branch():
                cond.false = number * number
            outer.state.s = outer.state.s + cond.result
            with nn.Loop() as third:
                outer.state.s = nn.tanh(outer.state.s + nn.reduce_sum(third.unstack(z)))
        return outer.stack(outer.state.s)


def masked_and_nested_reference(x: numpy.ndarray, z: numpy.ndarray, y: numpy.ndarray) -> Any:
    s, out = 0.0, []
    for frame, letter in zip(x, y):
        for number in frame:
            if number > 0:
                s = s * 0.5 + number
            s = s - 0.1 + number if letter > 2 else s + number * number
            for other in z:
                s = numpy.tanh(s + other.sum())
        out.append(s)
    return out


class LossByPart(nn.Module):
    """A loss in the inner loop for each half of the features, against the label of the frame; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(PART, LABELS)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as outer:
            letter = outer.unstack(y_())
            places = nn.split_dims(nn.tanh(outer.unstack(x_())), [PLACES, PART])
            inner = nn.Loop()
            inner.state.h = nn.zeros([nn.batch_dim, PART])
            with inner:
                inner.state.h = nn.tanh(inner.state.h + inner.unstack(places, axis=PLACES))
                losses = inner.stack(nn.cross_entropy(self.output(inner.state.h), letter))
            nn.reduce_sum(losses, PLACES).mark_as_loss("ce")
            return outer.stack(losses)


def loss_by_part_reference(x: numpy.ndarray, y: numpy.ndarray, p: Parameters) -> Any:
    out = []
    for frame, letter in zip(numpy.tanh(x), y):
        h, losses = numpy.zeros(2), []
        for place in (frame[:2], frame[2:]):
            h = numpy.tanh(h + place)
            losses.append(cross_entropy(linear(p, "output", h), letter))
        out.append(losses)
    return {"output": out, "ce": [sum(losses) for losses in out]}


@programs(
    [
        Program("over_features", over_features, over_features_reference),
        Program("over_features_alone", over_features, over_features_reference, batch=ALONE),
        Program("over_places", OverPlaces(), over_places_reference),
        Program("head_by_head", HeadByHead(), head_by_head_reference),
        Program("cell_over_features", CellOverFeatures(), cell_over_features_reference),
        Program("with_an_end", with_an_end, with_an_end_reference, batch=LONGEST_LAST),
        Program("layers", Layers(), layers_reference),
        Program("masked_and_nested", masked_and_nested, masked_and_nested_reference),
        Program("loss_by_part", LossByPart(), loss_by_part_reference),
    ]
)
def test_inner_loops_over_fixed_axes(program: Program, engine: str) -> None:
    check(program, engine)
