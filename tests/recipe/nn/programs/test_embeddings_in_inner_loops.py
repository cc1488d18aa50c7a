"""Training with vectors of labels that an inner loop looks up."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, label, v_, w_, x_, y_, z_, zeros
from .plain_layers import Parameters, cross_entropy, linear, lstm
from .program import Program


class LabelsTimesFrame(nn.Module):
    """For each frame a loop over labels, their vectors scaled by the frame."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        w = w_()
        outer = nn.Loop()
        outer.state.s = zeros()
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop()
            inner.state.t = outer.state.s
            with inner:
                inner.state.t = nn.tanh(inner.state.t + self.embedding(inner.unstack(w)) * frame)
            outer.state.s = inner.state.t
            nn.reduce_sum(outer.state.s * outer.state.s).mark_as_loss("square")
            return outer.stack(outer.state.s)


def labels_times_frame_reference(x: numpy.ndarray, w: numpy.ndarray, p: Parameters) -> Any:
    s, out = numpy.zeros(4), []
    for frame in x:
        for letter in w:
            s = numpy.tanh(s + p["embedding/W"][letter] * frame)
        out.append(s)
    return {"output": out, "square": [s @ s for s in out]}


class FedBack(nn.Module):
    """The best label of the inner state before is looked up, and at last one of the outer loop."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        z = z_()
        outer = nn.Loop()
        outer.state.s, outer.state.letter = v_(), label(1)
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop()
            inner.state.t, inner.state.letter = outer.state.s, outer.state.letter
            with inner:
                inner.state.t = nn.tanh(inner.state.t + self.embedding(inner.state.letter) * inner.unstack(z))
                logits = self.output(inner.state.t)
                inner.state.letter = nn.argmax(logits)
                best = inner.stack(nn.reduce_max(logits))
            outer.state.s = inner.state.t - frame + self.embedding(outer.state.letter)
            outer.state.letter = inner.state.letter
            nn.reduce_sum(best, best.spatial_dim).mark_as_loss("best")
            return {"s": outer.stack(outer.state.s), "letter": outer.stack(outer.state.letter)}


def fed_back_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    out: dict[str, list[Any]] = {"s": [], "letter": [], "best": []}
    s, letter = v, 1
    for frame in x:
        before, best = letter, 0.0
        for other in z:
            s = numpy.tanh(s + p["embedding/W"][letter] * other)
            logits = linear(p, "output", s)
            letter = int(logits.argmax())
            best += logits.max()
        s = s - frame + p["embedding/W"][before]
        for name, value in (("s", s), ("letter", letter), ("best", best)):
            out[name].append(value)
    return out


class SparseLinear(nn.Module):
    """A Linear layer takes labels; the outer loop runs over labels, too, and shares it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        w = w_()
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            outer.state.s = outer.state.s * nn.sigmoid(self.linear(outer.unstack(y_())))
            with nn.Loop() as inner:
                outer.state.s = nn.tanh(outer.state.s + self.linear(inner.unstack(w)))
            nn.reduce_sum(abs(outer.state.s)).mark_as_loss("size")
            return outer.stack(outer.state.s)


def sparse_linear_reference(y: numpy.ndarray, w: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    rows = p["linear/W"] + p["linear/b"]
    s, out = v, []
    for letter in y:
        s = s / (1 + numpy.exp(-rows[letter]))
        for other in w:
            s = numpy.tanh(s + rows[other])
        out.append(s)
    return {"output": out, "size": [numpy.abs(s).sum() for s in out]}


class Masked(nn.Module):
    """Only some labels are looked up; which one depends on the state."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.other = nn.Embedding(LABELS, FEATURES), nn.Embedding(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        w = w_()
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            with nn.Loop() as inner:
                letter = inner.unstack(w)
                with nn.MaskedComputation(mask=letter != 3):
                    chosen = nn.where(nn.reduce_sum(outer.state.s) > 0.0, letter, 2)
                    outer.state.s = nn.tanh(outer.state.s * frame + self.embedding(chosen))
                with nn.Cond(letter == 1) as cond:
                    cond.true = self.other(letter)
                with cond.false_branch():
                    cond.false = self.embedding(letter)
                outer.state.s = outer.state.s + 0.1 * cond.result
            nn.reduce_sum(outer.state.s).mark_as_loss("sum")
            return outer.stack(outer.state.s)


def masked_reference(x: numpy.ndarray, w: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, out = v, []
    for frame in x:
        for letter in w:
            if letter != 3:
                s = numpy.tanh(s * frame + p["embedding/W"][letter if s.sum() > 0 else 2])
            s = s + 0.1 * p["other/W" if letter == 1 else "embedding/W"][letter]
        out.append(s)
    return {"output": out, "sum": [s.sum() for s in out]}


class InnerCell(nn.Module):
    """An LSTM cell reads the labels, from the outer state on."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.cell = nn.Embedding(LABELS, 3), nn.LstmCell(3, FEATURES)

    def forward(self) -> nn.Tensor:
        y = y_()
        outer = nn.Loop()
        outer.state.cell = nn.LstmState(h=zeros(), c=v_())
        with outer:
            frame = outer.unstack(z_())
            inner = nn.Loop()
            inner.state.cell = outer.state.cell
            with inner:
                h, inner.state.cell = self.cell(self.embedding(inner.unstack(y)), inner.state.cell)
                total = inner.stack(nn.reduce_sum(h * frame))
            outer.state.cell = nn.LstmState(h=inner.state.cell.h * frame, c=inner.state.cell.c)
            nn.reduce_sum(total, total.spatial_dim).mark_as_loss("total")
            return outer.stack(outer.state.cell.h)


def inner_cell_reference(z: numpy.ndarray, y: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    state, out, totals = (numpy.zeros(4), v), [], []
    for frame in z:
        total = 0.0
        for letter in y:
            h, state = lstm(p, "cell", p["embedding/W"][letter], state)
            total += h @ frame
        state = (state[0] * frame, state[1])
        out.append(state[0])
        totals.append(total)
    return {"output": out, "total": totals}


class ThreeLevels(nn.Module):
    """In the innermost of three loops."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        y, w = y_(), w_()
        one = nn.Loop()
        one.state.s = zeros()
        with one:
            one.state.s = one.state.s + one.unstack(x_())
            with nn.Loop() as two:
                one.state.s = one.state.s * 0.5 + self.embedding(two.unstack(w))
                with nn.Loop() as three:
                    one.state.s = nn.tanh(one.state.s - self.embedding(three.unstack(y)))
            nn.reduce_sum(one.state.s * one.state.s).mark_as_loss("square")
            return one.stack(one.state.s)


def three_levels_reference(x: numpy.ndarray, y: numpy.ndarray, w: numpy.ndarray, p: Parameters) -> Any:
    s, out = numpy.zeros(4), []
    for frame in x:
        s = s + frame
        for letter in w:
            s = s * 0.5 + p["embedding/W"][letter]
            for other in y:
                s = numpy.tanh(s - p["embedding/W"][other])
        out.append(s)
    return {"output": out, "square": [s @ s for s in out]}


class ChosenByTheState(nn.Module):
    """In the innermost of three loops, labels that depend on its state; one table is of a Linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.linear = nn.Embedding(LABELS, FEATURES), nn.Linear(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        y, z = y_(), z_()
        one = nn.Loop()
        one.state.s = v_()
        with one:
            frame = one.unstack(x_())
            with nn.Loop() as two:
                other = two.unstack(z)
                with nn.Loop() as three:
                    letter = nn.where(nn.reduce_sum(one.state.s) > 0.0, three.unstack(y), 1)
                    one.state.s = nn.tanh(one.state.s * self.embedding(letter) + other * self.linear(letter) + frame)
            nn.reduce_sum(one.state.s).mark_as_loss("sum")
            return one.stack(one.state.s)


def chosen_by_the_state_reference(
    x: numpy.ndarray, y: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters
) -> Any:
    s, out = v, []
    rows = p["linear/W"] + p["linear/b"]
    for frame in x:
        for other in z:
            for letter in y:
                chosen = letter if s.sum() > 0 else 1
                s = numpy.tanh(s * p["embedding/W"][chosen] + other * rows[chosen] + frame)
        out.append(s)
    return {"output": out, "sum": [s.sum() for s in out]}


class Positions(nn.Module):
    """The number of the inner step as a label, and a row of a table of parameters by position."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.table: Any = nn.Parameter([LABELS, FEATURES])

    def forward(self) -> nn.Tensor:
        w = w_()
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            frame = outer.unstack(x_())
            inner = nn.Loop(max_seq_len=3)
            inner.state.t = outer.state.s
            with inner:
                position = nn.cast(inner.iter_idx, "int32", sparse_dim=LABELS)
                row = nn.gather(self.table * 1.0, nn.cast(inner.unstack(w), "int32"), axis=LABELS)
                inner.state.t = nn.tanh(inner.state.t * row + self.embedding(position) - frame)
            outer.state.s = inner.state.t
            nn.reduce_sum(outer.state.s).mark_as_loss("sum")
            return outer.stack(outer.state.s)


def positions_reference(x: numpy.ndarray, w: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, out = v, []
    for frame in x:
        for i, letter in enumerate(w[:3]):
            s = numpy.tanh(s * p["table"][letter] + p["embedding/W"][i] - frame)
        out.append(s)
    return {"output": out, "sum": [s.sum() for s in out]}


class TeacherForced(nn.Module):
    """The inner loop writes the right labels for each frame, with a loss in it, until an end of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        w = w_()
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            outer.state.s = outer.state.s + outer.unstack(x_())
            inner = nn.Loop()
            inner.state.letter, inner.state.t = label(0), outer.state.s
            with inner:
                inner.state.t = nn.tanh(inner.state.t + self.embedding(inner.state.letter))
                logits = self.output(inner.state.t)
                target = inner.unstack(w)
                inner.state.letter = nn.choice(logits, target=target)
                losses = inner.stack(nn.cross_entropy(logits, target))
                inner.end(target == 4, include_eos=True)
            outer.state.s = nn.tanh(inner.state.t)
            nn.reduce_sum(losses, losses.spatial_dim).mark_as_loss("ce")
            return outer.stack(outer.state.s)


def teacher_forced_reference(x: numpy.ndarray, w: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, out, losses = v, [], []
    for frame in x:
        t, loss = s + frame, 0.0
        for before, target in zip([0, *w], w):
            t = numpy.tanh(t + p["embedding/W"][before])
            loss += cross_entropy(linear(p, "output", t), target)
            if target == 4:
                break
        s = numpy.tanh(t)
        out.append(s)
        losses.append(loss)
    return {"output": out, "ce": losses}


class AsManyAsTheStep(nn.Module):
    """As many inner steps as the number of the outer one; in the first one there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s, outer.state.letter = v_(), label(2)
        with outer:
            frame = outer.unstack(x_())
            with nn.Loop(max_seq_len=9) as inner:
                outer.state.s = nn.tanh(outer.state.s + self.embedding(outer.state.letter))
                inner.end(inner.iter_idx >= outer.iter_idx, include_eos=False)
            outer.state.s = outer.state.s - frame
            outer.state.letter = outer.unstack(y_())
            nn.reduce_sum(outer.state.s * outer.state.s).mark_as_loss("square")
            return outer.stack(outer.state.s)


def as_many_as_the_step_reference(x: numpy.ndarray, y: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, letter, out = v, 2, []
    for i, frame in enumerate(x):
        for _ in range(i):
            s = numpy.tanh(s + p["embedding/W"][letter])
        s, letter = s - frame, int(y[i])
        out.append(s)
    return {"output": out, "square": [s @ s for s in out]}


@programs(
    [
        Program("labels_times_frame", LabelsTimesFrame(), labels_times_frame_reference),
        Program("labels_times_frame_alone", LabelsTimesFrame(), labels_times_frame_reference, batch=ALONE),
        Program("fed_back", FedBack(), fed_back_reference),
        Program("sparse_linear", SparseLinear(), sparse_linear_reference, batch=LONGEST_LAST),
        Program("masked", Masked(), masked_reference, batch=LONGEST_LAST),
        Program("inner_cell", InnerCell(), inner_cell_reference),
        Program("three_levels", ThreeLevels(), three_levels_reference),
        Program("chosen_by_the_state", ChosenByTheState(), chosen_by_the_state_reference),
        Program("positions", Positions(), positions_reference),
        Program("teacher_forced", TeacherForced(), teacher_forced_reference),
        Program("as_many_as_the_step", AsManyAsTheStep(), as_many_as_the_step_reference),
    ]
)
def test_embeddings_in_inner_loops(program: Program, engine: str) -> None:
    check(program, engine)
