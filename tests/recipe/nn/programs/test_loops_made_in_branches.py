"""Loops with states that are made in branches: nested, with an end, in both branches, with cells, in a search."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import FEATURES, LABELS, LONGEST_LAST, label, v_, w_, x_, y_, z_, zeros
from .plain_layers import Parameters, linear, log_softmax, lstm
from .plain_search import Choose
from .program import Program


def in_a_branch_of_a_branch() -> dict[str, nn.Tensor]:
    """A mask in Cond; the states of all three loops have one name, and none has to do with another."""
    with nn.Cond(nn.reduce_sum(v_()) > 0.0) as cond:
        with nn.MaskedComputation(mask=w_()[0] != 1):
            with nn.Loop() as loop:
                loop.state.s = nn.tanh(loop.state.s + loop.unstack(x_()))
            first = loop.state.s
        with nn.Loop() as loop:
            loop.state.s = loop.state.s * 0.5 + loop.unstack(z_())
        cond.true = (first, loop.state.s)
    with cond.false_branch():
        loop = nn.Loop(max_seq_len=6)
        loop.state.s = v_()
        with loop:
            loop.state.s = loop.state.s * 0.5
            loop.end(nn.reduce_max(abs(loop.state.s)) < 0.2, include_eos=True)
        cond.false = (loop.state.s, loop.last(loop.state.s) * 2.0)
    first, second = cond.result
    return {"first": first, "second": second}


def in_a_branch_of_a_branch_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, w: numpy.ndarray) -> Any:
    first, second = numpy.zeros(4), numpy.zeros(4)
    if v.sum() > 0:
        if w[0] != 1:
            for frame in x:
                first = numpy.tanh(first + frame)
        for frame in z:
            second = second * 0.5 + frame
        return {"first": first, "second": second}
    for _ in range(6):
        v = v * 0.5
        if numpy.abs(v).max() < 0.2:
            break
    return {"first": v, "second": v * 2}


class CellsInSteps(nn.Module):
    """In each step a cell goes over other frames where the mask holds, from what it had in the step before; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LstmCell(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        z = z_()
        outer = nn.Loop()
        outer.state.lstm = self.cell.initial_state()
        with outer:
            frame = outer.unstack(x_())
            with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 0.0):
                inner = nn.Loop()
                inner.state.lstm = outer.state.lstm
                with inner:
                    _, inner.state.lstm = self.cell(inner.unstack(z) + frame, inner.state.lstm)
                outer.state.lstm = inner.state.lstm
                read = inner.state.lstm.h
            steps, last = outer.stack(outer.state.lstm.h), outer.stack(read)
            nn.reduce_sum(read).mark_as_loss("sum")
        return {"steps": steps, "read": last}


def cells_in_steps_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    state = (numpy.zeros(4), numpy.zeros(4))
    steps, read, kept = [], [], numpy.zeros(4)
    for frame in x:
        if frame.sum() > 0:
            for other in z:
                _, state = lstm(p, "cell", other + frame, state)
            kept = state[0]
        steps.append(state[0])
        read.append(kept)
    return {"steps": steps, "read": read, "sum": [y.sum() for y in read]}


def state_after_the_mask() -> nn.Tensor:
    """What a mask's loop had last is read outside of the mask: as any value of a mask it is kept."""
    z = z_()
    with nn.Loop() as outer:
        frame = outer.unstack(x_())
        with nn.MaskedComputation(mask=outer.unstack(y_()) > label(1)):
            with nn.Loop() as inner:
                inner.state.s = nn.tanh(inner.state.s + inner.unstack(z) * frame)
        return outer.stack(inner.state.s + frame)


def state_after_the_mask_reference(x: numpy.ndarray, y: numpy.ndarray, z: numpy.ndarray) -> Any:
    kept, out = numpy.zeros(4), []
    for frame, letter in zip(x, y):
        if letter > 1:
            kept = numpy.zeros(4)
            for other in z:
                kept = numpy.tanh(kept + other * frame)
        out.append(kept + frame)
    return out


class InASearch(nn.Module):
    """A decoder that reads all frames again after some labels, in a loop in a branch."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        x = x_()
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter, loop.state.h = label(1), zeros()
        with loop:
            y = self.embedding(loop.state.letter)
            with nn.Cond(loop.state.letter > 2) as cond:
                inner = nn.Loop()
                inner.state.h = loop.state.h
                with inner:
                    inner.state.h = nn.tanh(inner.state.h + y * inner.unstack(x))
                cond.true = inner.state.h
            with cond.false_branch():
                cond.false = nn.tanh(loop.state.h + y)
            loop.state.h = cond.result
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.end(loop.state.letter == 0)
            return loop.stack(loop.state.letter)


def in_a_search_reference(x: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letter, h, letters = 1, numpy.zeros(4), []
    for _ in range(4):
        y = p["embedding/W"][letter]
        if letter > 2:
            for frame in x:
                h = numpy.tanh(h + y * frame)
        else:
            h = numpy.tanh(h + y)
        letter = choose(log_softmax(linear(p, "output", h)))
        if letter == 0:
            break
        letters.append(letter)
    return letters


@programs(
    [
        Program("in_a_branch_of_a_branch", in_a_branch_of_a_branch, in_a_branch_of_a_branch_reference),
        Program("cells_in_steps", CellsInSteps(), cells_in_steps_reference, batch=LONGEST_LAST),
        Program("state_after_the_mask", state_after_the_mask, state_after_the_mask_reference, batch=LONGEST_LAST),
        Program("in_a_search", InASearch(), in_a_search_reference, beam_size=3, scale=2.0),
    ]
)
def test_loops_made_in_branches(program: Program, engine: str) -> None:
    check(program, engine)
