"""Loops with states inside Cond and MaskedComputation."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LONGEST_LAST, label, v_, w_, x_, y_, z_, zeros
from .plain_layers import Parameters, linear
from .program import Program


def in_cond() -> nn.Tensor:
    with nn.Cond(nn.reduce_sum(v_()) > 0.0) as cond:
        with nn.Loop() as loop:
            loop.state.s = nn.tanh(loop.state.s + loop.unstack(x_()))
        cond.true = loop.state.s
    with cond.false_branch():
        cond.false = v_()
    return cond.result


def in_cond_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    if v.sum() <= 0:
        return v
    s = numpy.zeros(4)
    for frame in x:
        s = numpy.tanh(s + frame)
    return s


class InBothBranches(nn.Module):
    """A loop in each branch, one over frames, one that ends itself; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        with nn.Cond(y_()[0] > label(1)) as cond:
            first = nn.Loop()
            first.state.s = v_()
            with first:
                first.state.s = nn.tanh(self.linear(first.state.s) + first.unstack(x_()))
            cond.true = first.state.s
        with cond.false_branch():
            second = nn.Loop(max_seq_len=5)
            second.state.s = v_()
            with second:
                second.state.s = self.linear(second.state.s) * 0.5
                second.end(nn.reduce_max(abs(second.state.s)) < 0.3, include_eos=True)
            cond.false = second.state.s
        nn.reduce_sum(cond.result * cond.result).mark_as_loss("square")
        return cond.result


def in_both_branches_reference(x: numpy.ndarray, y: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s = v
    if y[0] > 1:
        for frame in x:
            s = numpy.tanh(linear(p, "linear", s) + frame)
    else:
        for _ in range(5):
            s = linear(p, "linear", s) * 0.5
            if numpy.abs(s).max() < 0.3:
                break
    return {"output": s, "square": s @ s}


def in_mask() -> dict[str, nn.Tensor]:
    """The last value and all steps, zero where the mask is false."""
    with nn.MaskedComputation(mask=nn.reduce_sum(v_()) > 0.0):
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            loop.state.s = nn.tanh(loop.state.s + loop.unstack(x_()))
            steps = loop.stack(loop.state.s)
        last = loop.state.s
    return {"steps": steps, "last": last}


def in_mask_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    if v.sum() <= 0:
        return {"steps": numpy.zeros_like(x), "last": numpy.zeros(4)}
    s, steps = v, []
    for frame in x:
        s = numpy.tanh(s + frame)
        steps.append(s)
    return {"steps": steps, "last": s}


def in_a_loop_around() -> nn.Tensor:
    """In the steps of a loop: a state of that loop is changed by the inner one, where the label says so."""
    z = z_()
    outer = nn.Loop()
    outer.state.s = zeros()
    with outer:
        frame, letter = outer.unstack(x_()), outer.unstack(y_())
        with nn.MaskedComputation(mask=letter != 2):
            with nn.Loop() as inner:
                outer.state.s = nn.tanh(outer.state.s * 0.5 + inner.unstack(z) * frame)
        with nn.Cond(letter > label(2)) as cond:
            with nn.Loop() as other:
                other.state.t = other.state.t + other.unstack(z)
            cond.true = other.state.t
        with cond.false_branch():
            cond.false = frame
        outer.state.s = outer.state.s + cond.result
        return outer.stack(outer.state.s)


def in_a_loop_around_reference(x: numpy.ndarray, y: numpy.ndarray, z: numpy.ndarray) -> Any:
    s, out = numpy.zeros(4), []
    for frame, letter in zip(x, y):
        if letter != 2:
            for other in z:
                s = numpy.tanh(s * 0.5 + other * frame)
        s = s + (z.sum(axis=0) if letter > 2 else frame)
        out.append(s)
    return out


def loop_in_loop_in_cond() -> nn.Tensor:
    """Two loops, one in the other, in a branch, with a structure as state."""
    z = z_()
    with nn.Cond(w_()[0] != 1) as cond:
        outer = nn.Loop()
        outer.state.pair = {"sum": zeros(), "steps": nn.zeros([nn.batch_dim])}
        with outer:
            frame = outer.unstack(x_())
            pair = outer.state.pair
            inner = nn.Loop()
            inner.state.t = pair["sum"]
            with inner:
                inner.state.t = nn.tanh(inner.state.t + inner.unstack(z) - frame)
            outer.state.pair = {"sum": inner.state.t, "steps": pair["steps"] + 1.0}
        cond.true = outer.state.pair["sum"] / outer.state.pair["steps"]
    with cond.false_branch():
        cond.false = zeros()
    return cond.result


def loop_in_loop_in_cond_reference(x: numpy.ndarray, z: numpy.ndarray, w: numpy.ndarray) -> Any:
    t = numpy.zeros(4)
    if w[0] == 1:
        return t
    for frame in x:
        for other in z:
            t = numpy.tanh(t + other - frame)
    return t / len(x)


@programs(
    [
        Program("in_cond", in_cond, in_cond_reference),
        Program("in_cond_alone", in_cond, in_cond_reference, batch=ALONE),
        Program("in_both_branches", InBothBranches(), in_both_branches_reference, batch=LONGEST_LAST),
        Program("in_mask", in_mask, in_mask_reference),
        Program("in_a_loop_around", in_a_loop_around, in_a_loop_around_reference, batch=LONGEST_LAST),
        Program("loop_in_loop_in_cond", loop_in_loop_in_cond, loop_in_loop_in_cond_reference),
    ]
)
def test_loops_in_branches(program: Program, engine: str) -> None:
    check(program, engine)
