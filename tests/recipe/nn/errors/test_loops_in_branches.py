"""What loops in branches, and branches in loops, do not give to the code around; and states that are unstacked."""

from __future__ import annotations

from typing import Any

import pytest

from recipe import nn

from ..inputs import FEATURES, frames, other_frames, vector
from .wrong_programs import Wrong, check_error, name_of, warnings_of


def positive() -> nn.Tensor:
    """A condition per sequence."""
    return nn.reduce_sum(vector()) > 0.0


def state_of_a_loop_in_one_branch() -> Any:
    with nn.Cond(positive()):
        with nn.Loop() as loop:
            loop.state.s = nn.tanh(loop.state.s + loop.unstack(frames()))
    return loop.state.s * 2.0  # MISTAKE


def state_of_a_loop_in_the_other_branch() -> Any:
    with nn.Cond(positive()) as cond:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            loop.state.s = nn.tanh(loop.state.s + loop.unstack(frames()))
        cond.true = loop.state.s
    with cond.false_branch():
        cond.false = -loop.state.s  # MISTAKE
    return cond.result


def state_of_a_loop_in_a_branch_after_the_loop_around() -> Any:
    with nn.Loop() as outer:
        x = outer.unstack(frames())
        with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
            with nn.Loop() as inner:
                inner.state.s = nn.tanh(inner.state.s + inner.unstack(other_frames()))
        outer.stack(x)
    return inner.state.s * 2.0  # MISTAKE


def stack_in_cond() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        with nn.Cond(nn.reduce_sum(x) > 0.0) as cond:
            cond.true = x
            y = loop.stack(x)  # MISTAKE
        with cond.false_branch():
            cond.false = -x
    return y


def last_in_a_mask() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
            return loop.last(x)  # MISTAKE


def stack_in_a_mask_in_a_mask() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
            y = x * 2.0
            with nn.MaskedComputation(mask=nn.reduce_max(x) > 1.0):
                return loop.stack(y)  # MISTAKE


def stack_in_a_loop_in_a_mask() -> Any:
    with nn.Loop() as outer:
        x = outer.unstack(frames())
        with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
            with nn.Loop() as inner:
                inner.unstack(other_frames())
                return outer.stack(x)  # MISTAKE


def last_of_what_was_made_of_results() -> Any:
    with nn.Loop() as loop:
        y = loop.stack(loop.unstack(frames()))
    with nn.Loop() as again:
        z = again.last(again.unstack(y) * 2.0)
    return loop.last(z)  # MISTAKE


def unstacked_state_that_is_assigned() -> Any:
    outer = nn.Loop()
    outer.state.row = frames()
    with outer:
        x = outer.unstack(other_frames())
        with nn.Loop() as inner:
            x = x + inner.unstack(outer.state.row)  # MISTAKE
            outer.state.row = outer.state.row * 0.5
        return outer.stack(x)


def unstacked_state_that_is_assigned_in_a_branch() -> Any:
    loop = nn.Loop()
    loop.state.row = frames()
    with loop:
        x = loop.unstack(nn.tanh(loop.state.row))  # MISTAKE
        with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
            loop.state.row = loop.state.row + x
        return loop.stack(x)


PROGRAMS = [
    Wrong(state_of_a_loop_in_one_branch, ["final_state [batch, features=5]", "one branch of Cond", "cond.result"]),
    Wrong(state_of_a_loop_in_the_other_branch, ["final_state [batch, features=5]", "one branch of Cond"]),
    Wrong(state_of_a_loop_in_a_branch_after_the_loop_around, ["final_state", "inside a loop", "loop.stack(value)"]),
    Wrong(stack_in_cond, ["loop.stack(y) stands in Cond", "cond.true = y", "cond.false", "loop.stack(cond.result)"]),
    Wrong(
        last_in_a_mask,
        ["stands in MaskedComputation", "x <rec_unstack [batch, features=5]", "loop.last(y) after the block"],
    ),
    Wrong(stack_in_a_mask_in_a_mask, ["stands in MaskedComputation", "y <mul [batch, features=5], line"]),
    Wrong(stack_in_a_loop_in_a_mask, ["loop.stack(y) stands in MaskedComputation", "outside of it"]),
    Wrong(last_of_what_was_made_of_results, ["z <last [batch, features=5]", "made of results of the loop", "as it is"]),
    Wrong(unstacked_state_that_is_assigned, ["state 'row' is unstacked here, but line", "x = loop.state.NAME"]),
    Wrong(unstacked_state_that_is_assigned_in_a_branch, ["state 'row' is unstacked here, but line"]),
]


@pytest.mark.parametrize("wrong", PROGRAMS, ids=lambda wrong: name_of(wrong.model))
def test_error(wrong: Wrong) -> None:
    check_error(wrong)


def test_what_is_written_instead() -> None:
    """The advice of these messages, followed."""

    def model() -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.row = frames()
        with outer:
            x = outer.unstack(other_frames())
            with nn.Cond(nn.reduce_sum(x) > 0.0) as cond:
                cond.true = x
            with cond.false_branch():
                cond.false = -x
            with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
                y = nn.tanh(x)
            row = outer.state.row
            with nn.Loop() as inner:
                outer.state.row = outer.state.row * 0.5 + inner.unstack(row)
            return {"cond": outer.stack(cond.result), "mask": outer.last(y)}

    assert not warnings_of(model)


def test_state_without_initial_value_for_a_cell() -> None:
    cell = nn.LstmCell(FEATURES, FEATURES)

    def model() -> nn.Tensor:
        with nn.Cond(positive()) as cond:
            with nn.Loop() as loop:
                _, loop.state.lstm = cell(loop.unstack(frames()), loop.state.lstm)
            cond.true = loop.state.lstm.h
        with cond.false_branch():
            cond.false = vector()
        return cond.result

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = cell

        def forward(self) -> nn.Tensor:
            return model()

    assert not warnings_of(Model())


def test_number_of_the_step_after_the_loop() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            y = loop.stack(loop.unstack(frames()))
        return y + nn.cast(loop.iter_idx, "float32")  # MISTAKE

    check_error(Wrong(model, ["the loop is over", "loop.iter_idx belongs inside of its `with` block"]))


def test_kept_sequence_is_none_from_outside() -> None:
    """What a mask keeps of a sequence may be another one in each step."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
                rows = nn.tanh(other_frames()) * nn.reduce_sum(x)
            return loop.stack(loop.unstack(rows))  # MISTAKE

    check_error(Wrong(model, ["[batch, time, features=5]", "is a value inside this loop already"]))


def test_axis_of_a_loop_after_it() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop(max_seq_len=3)
        loop.state.s = vector()
        with loop:
            loop.state.s = nn.tanh(loop.state.s)
            loop.end(nn.reduce_sum(loop.state.s) > 3.0)
            y = loop.stack(loop.state.s)
        assert loop.axis in y.dims
        return nn.reduce_sum(y, axis=loop.axis)

    assert not warnings_of(model)
