"""Wrong uses of Cond and MaskedComputation (rule L5)."""

from __future__ import annotations

from typing import Any

import pytest

from recipe import nn

from ..inputs import FEATURES, classes, frames, vector
from .wrong_programs import HIDDEN, Wrong, check_error, name_of


def positive() -> nn.Tensor:
    """A condition per sequence."""
    return nn.reduce_sum(vector()) > 0.0


def value_of_one_branch_as_output() -> Any:
    with nn.Cond(positive()):
        y = nn.tanh(vector())  # MISTAKE
    return y


def value_of_one_branch_outside() -> Any:
    with nn.Cond(positive()):
        y = nn.tanh(vector())
    return y + 1.0  # MISTAKE


def value_of_the_other_branch() -> Any:
    with nn.Cond(positive()) as cond:
        y = nn.tanh(vector())
        cond.true = y
    with cond.false_branch():
        cond.false = 2.0 * y  # MISTAKE
    return cond.result


def result_without_false() -> Any:
    with nn.Cond(positive()) as cond:
        cond.true = vector()
    return cond.result  # MISTAKE


def result_of_misspelled_attributes() -> Any:
    with nn.Cond(positive()) as cond:
        cond.true_value = vector()  # type: ignore[attr-defined]  # MISTAKE
    with cond.false_branch():
        cond.false = vector()
    return cond.result


def false_in_the_true_branch() -> Any:
    with nn.Cond(positive()) as cond:
        cond.true = vector()
        cond.false = vector()  # MISTAKE
    return cond.result


def branches_of_other_dims() -> Any:
    with nn.Cond(positive()) as cond:
        cond.true = nn.tanh(vector())
    with cond.false_branch():
        cond.false = nn.Linear(FEATURES, HIDDEN)(vector())
    return cond.result  # MISTAKE


def branches_of_other_types() -> Any:
    with nn.Cond(positive()) as cond:
        cond.true = vector()
    with cond.false_branch():
        cond.false = 0
    return cond.result  # MISTAKE


def branches_of_other_structure() -> Any:
    with nn.Cond(positive()) as cond:
        cond.true = (vector(), vector())
    with cond.false_branch():
        cond.false = vector()
    return cond.result  # MISTAKE


def condition_of_python() -> Any:
    with nn.Cond(True):  # type: ignore[arg-type]  # MISTAKE
        return vector()


def condition_of_numbers() -> Any:
    with nn.Cond(nn.reduce_sum(vector())):  # MISTAKE
        return vector()


def condition_per_frame() -> Any:
    with nn.Cond(classes() == 0):  # MISTAKE
        return frames()


def cond_used_twice() -> Any:
    cond = nn.Cond(positive())
    with cond:
        cond.true = vector()
    with cond:  # MISTAKE
        cond.false = vector()


def false_branch_first() -> Any:
    cond = nn.Cond(positive())
    with cond.false_branch():  # MISTAKE
        cond.false = vector()


def false_branch_too_late() -> Any:
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        loop.unstack(frames())
        with nn.Cond(positive()) as cond:
            loop.state.s = 2.0 * vector()
        loop.state.s = 3.0 * vector()
        with cond.false_branch():  # MISTAKE
            loop.state.s = 4.0 * vector()


def branches_assign_other_dims() -> Any:
    loop = nn.Loop()
    loop.state.s = nn.zeros([nn.batch_dim, FEATURES])
    with loop:
        x = loop.unstack(frames())
        with nn.Cond(nn.reduce_sum(x) > 0.0):
            loop.state.s = nn.reduce_sum(x)  # MISTAKE
        return loop.stack(loop.state.s)


def state_without_batch_under_a_condition_per_sequence() -> Any:
    loop = nn.Loop()
    loop.state.count = 0
    with loop:
        x = loop.unstack(frames())
        with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):  # MISTAKE
            loop.state.count = loop.state.count + 1
        return loop.stack(x)


def mask_of_numbers() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        with nn.MaskedComputation(mask=nn.reduce_sum(x)):  # MISTAKE
            y = nn.tanh(x)
        return loop.stack(y)


def mask_of_labels() -> Any:
    with nn.Loop() as loop:
        x, label = loop.unstack(frames()), loop.unstack(classes())
        with nn.MaskedComputation(mask=label):  # MISTAKE
            y = nn.tanh(x)
        return loop.stack(y)


def mask_not_unstacked() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        with nn.MaskedComputation(mask=classes() != 0):  # MISTAKE
            y = nn.tanh(x)
        return loop.stack(y)


def mask_used_twice() -> Any:
    mask = nn.MaskedComputation(mask=positive())
    with mask:
        x = nn.tanh(vector())
    with mask:  # MISTAKE
        return nn.tanh(x)


PROGRAMS = [
    Wrong(
        value_of_one_branch_as_output, ["tanh [batch, features=5]", "one branch of Cond", "cond.true and cond.false"]
    ),
    Wrong(
        value_of_one_branch_outside, ["y <tanh [batch, features=5], line", "undefined where the other", "to a state"]
    ),
    Wrong(value_of_the_other_branch, ["y <tanh [batch, features=5], line", "one branch of Cond"]),
    Wrong(result_without_false, ["a value from both branches", "cond.false was not set"]),
    Wrong(result_of_misspelled_attributes, ["a Cond has no 'true_value'", "cond.true = y in the first one"]),
    Wrong(false_in_the_true_branch, ["cond.false is set inside of `with cond.false_branch():`"]),
    Wrong(
        branches_of_other_dims,
        ["cond.true is <tanh [batch, features=5]", "linear of linear [batch, hidden=5]", "alike"],
    ),
    Wrong(branches_of_other_types, ["float32", "<number 0", "int32", "0.0"]),
    Wrong(branches_of_other_structure, ["(tensor, tensor)", "both must be alike"]),
    Wrong(condition_of_python, ["not True", "use if"]),
    Wrong(condition_of_numbers, ["Cond wants a comparison (bool)", "reduce_sum [batch]", "x != 0"]),
    Wrong(condition_per_frame, ["equal [batch, time]", "has [time]", "nn.where(condition, a, b)"]),
    Wrong(cond_used_twice, ["used once", "with cond.false_branch():"]),
    Wrong(false_branch_first, ["right behind the block `with nn.Cond(...) as cond:`"]),
    Wrong(false_branch_too_late, ["right behind the first branch"]),
    Wrong(branches_assign_other_dims, ["state 's' has the dims [batch, features=5]", "reduce_sum [batch]"]),
    Wrong(state_without_batch_under_a_condition_per_sequence, ["state 'count'", "[]", "[batch]", "initial value"]),
    Wrong(mask_of_numbers, ["MaskedComputation wants a comparison (bool)", "reduce_sum [batch]", "x != 0"]),
    Wrong(mask_of_labels, ["label <rec_unstack [batch], labels of labels=7", "x != 0"]),
    Wrong(mask_not_unstacked, ["not_equal [batch, time]", "Unstack it in a loop"]),
    Wrong(mask_used_twice, ["used once", "make another one"]),
]


@pytest.mark.parametrize("wrong", PROGRAMS, ids=lambda wrong: name_of(wrong.model))
def test_error(wrong: Wrong) -> None:
    check_error(wrong)
