"""Wrong loops: values in the wrong place, no length, ends that are none (rules L7 and L9)."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..inputs import FEATURES, FEEDS, LABELS, TIME, classes, frames, vector
from .wrong_programs import SHORT, SHORT_INPUT, Wrong, check_error, name_of, start


def inner_value_outside() -> Any:
    with nn.Loop() as loop:
        y = nn.tanh(loop.unstack(frames()))
        loop.stack(y)
    return y + 1.0  # MISTAKE


def inner_value_as_output() -> Any:
    with nn.Loop() as loop:
        y = nn.tanh(loop.unstack(frames()))  # MISTAKE
    return y


def inner_values_in_a_list() -> Any:
    outputs = []
    with nn.Loop() as loop:
        outputs.append(nn.tanh(loop.unstack(frames())))
    return nn.concat(outputs[0], vector())  # MISTAKE


def inner_value_marked_as_loss_after_the_loop() -> Any:
    with nn.Loop() as loop:
        y = nn.reduce_sum(loop.unstack(frames()))
    y.mark_as_loss()  # MISTAKE


def value_of_another_loop() -> Any:
    with nn.Loop() as loop:
        y = nn.tanh(loop.unstack(frames()))
        loop.stack(y)
    with nn.Loop() as second:
        return second.stack(second.unstack(frames()) + y)  # MISTAKE


def value_of_another_loop_stacked() -> Any:
    with nn.Loop() as loop:
        y = nn.tanh(loop.unstack(frames()))
    with nn.Loop() as second:
        second.unstack(frames())
        return second.stack(y)  # MISTAKE


def inner_loop_value_stacked_by_the_outer_one() -> Any:
    with nn.Loop() as outer:
        x = outer.unstack(frames())
        with nn.Loop() as inner:
            y = x + inner.unstack(frames())
            return outer.stack(y)  # MISTAKE


def stacked_value_inside() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        y = loop.stack(x)
        return loop.stack(nn.reduce_sum(y, TIME) + x)  # MISTAKE


def last_value_inside() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        y = loop.last(x)
        return loop.stack(y + x)  # MISTAKE


def last_value_as_a_state_inside() -> Any:
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        outer.unstack(frames())
        with nn.Loop() as inner:
            y = inner.last(inner.unstack(frames()))
            outer.state.s = y  # MISTAKE
        return outer.stack(outer.state.s)


def value_of_steps_as_a_state_outside() -> Any:
    outer = nn.Loop()
    outer.state.s = vector()
    with outer:
        outer.unstack(frames())
        with nn.Loop() as inner:
            y = inner.unstack(frames())
        outer.state.s = y  # MISTAKE
        return outer.stack(outer.state.s)


def value_of_steps_as_an_initial_value() -> Any:
    with nn.Loop() as first:
        y = first.unstack(frames())
    loop = nn.Loop()
    loop.state.s = y  # MISTAKE
    with loop:
        loop.state.s = loop.state.s + loop.unstack(frames())
    return loop.state.s


def unstack_of_inner_value() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        return loop.stack(loop.unstack(x))  # MISTAKE


def unstack_of_other_axis() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        y = loop.unstack(nn.get_extern_data(SHORT_INPUT))  # MISTAKE
        return loop.stack(x + y)


def unstack_without_axis() -> Any:
    with nn.Loop() as loop:
        return loop.stack(loop.unstack(vector()))  # MISTAKE


def unstack_of_missing_axis() -> Any:
    with nn.Loop() as loop:
        return loop.stack(loop.unstack(frames(), axis=SHORT))  # MISTAKE


def unstack_of_misspelled_axis() -> Any:
    with nn.Loop() as loop:
        return loop.stack(loop.unstack(frames(), axis="tiem"))  # MISTAKE


def unstack_of_numbered_axis() -> Any:
    with nn.Loop() as loop:
        return loop.stack(loop.unstack(frames(), axis=1))  # MISTAKE


def unstack_of_the_batch() -> Any:
    with nn.Loop() as loop:
        return loop.stack(loop.unstack(frames(), axis=nn.batch_dim))  # MISTAKE


def frame_of_a_frame() -> Any:
    with nn.Loop() as outer:
        frame = outer.unstack(frames())
        with nn.Loop() as inner:
            y = inner.stack(inner.unstack(frame))  # MISTAKE
        return outer.stack(y)


def no_length() -> Any:
    loop = nn.Loop()
    loop.state.s = start()
    with loop:  # MISTAKE
        loop.state.s = loop.state.s * 0.5
        return loop.stack(loop.state.s)


def only_a_limit() -> Any:
    loop = nn.Loop(max_seq_len=10)
    loop.state.s = start()
    with loop:  # MISTAKE
        loop.state.s = loop.state.s * 0.5
        return loop.stack(loop.state.s)


def given_axis_without_lengths() -> Any:
    loop = nn.Loop(axis=nn.Dim(None, name="nowhere"))
    loop.state.s = start()
    with loop:  # MISTAKE
        loop.state.s = loop.state.s * 0.5
        return loop.stack(loop.state.s)


def end_of_numbers() -> Any:
    with nn.Loop(max_seq_len=3) as loop:
        x = loop.unstack(frames())
        loop.end(nn.reduce_sum(x))  # MISTAKE
        return loop.stack(x)


def end_of_a_python_bool() -> Any:
    with nn.Loop(max_seq_len=3) as loop:
        x = loop.unstack(frames())
        loop.end(True)  # type: ignore[arg-type]  # MISTAKE
        return loop.stack(x)


def end_with_features() -> Any:
    with nn.Loop(max_seq_len=3) as loop:
        x = loop.unstack(frames())
        loop.end(x > 0.0)  # MISTAKE
        return loop.stack(x)


def end_by_a_value_of_an_inner_loop() -> Any:
    with nn.Loop() as outer:
        x = outer.unstack(frames())
        with nn.Loop() as inner:
            y = inner.unstack(frames())
            outer.end(nn.reduce_sum(x + y) > 1.0)  # MISTAKE
            z = inner.last(y)
        return outer.stack(z)


def option_set_in_the_body() -> Any:
    with nn.Loop() as loop:
        loop.max_seq_len = 5  # MISTAKE
        return loop.stack(loop.unstack(frames()))


def end_label_that_does_not_exist() -> Any:
    return nn.postfix_in_time(classes(), 7)  # MISTAKE


def end_twice() -> Any:
    with nn.Loop(max_seq_len=3) as loop:
        x = nn.reduce_sum(loop.unstack(frames()))
        loop.end(x > 0.0)
        loop.end(x > 1.0)  # MISTAKE
        return loop.stack(x)


def loop_twice() -> Any:
    loop = nn.Loop()
    with loop:
        loop.stack(loop.unstack(frames()))
    with loop:  # MISTAKE
        return loop.stack(loop.unstack(frames()))


def loop_in_itself() -> Any:
    loop = nn.Loop()
    with loop:
        with loop:  # MISTAKE
            return loop.stack(loop.unstack(frames()))


def unstack_before_the_loop() -> Any:
    loop = nn.Loop()
    x = loop.unstack(frames())  # MISTAKE
    with loop:
        return loop.stack(x)


def stack_after_the_loop() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
    return loop.stack(x)  # MISTAKE


def last_before_the_loop() -> Any:
    loop = nn.Loop()
    return loop.last(vector())  # MISTAKE


def axis_that_is_a_tensor() -> Any:
    with nn.Loop(frames()) as loop:  # type: ignore[arg-type]  # MISTAKE
        return loop.stack(loop.unstack(frames()))


def axis_that_is_a_name() -> Any:
    with nn.Loop(axis="time") as loop:  # type: ignore[arg-type]  # MISTAKE
        return loop.stack(loop.unstack(frames()))


def limit_that_is_no_int() -> Any:
    with nn.Loop(max_seq_len=2.5) as loop:  # type: ignore[arg-type]  # MISTAKE
        return loop.stack(loop.unstack(frames()))


def limit_per_sequence() -> Any:
    with nn.Loop(max_seq_len=frames().seq_len) as loop:  # MISTAKE
        return loop.stack(loop.unstack(frames()))


def history_outside_of_loops() -> Any:
    return nn.cum_concat(frames())  # MISTAKE


def history_in_a_mask() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
            y = nn.cum_concat(x)  # MISTAKE
        return loop.stack(nn.reduce_sum(y, y.spatial_dim))


def history_stacked() -> Any:
    with nn.Loop() as loop:
        keys = nn.cum_concat(loop.unstack(frames()))
        return loop.stack(keys)  # MISTAKE


def softmax_over_another_axis() -> Any:
    with nn.Loop() as loop:
        return loop.stack(nn.softmax(loop.unstack(frames()), axis=LABELS))  # MISTAKE


def square_matrix_in_dot() -> Any:
    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter([FEATURES, FEATURES])

        def forward(self) -> nn.Tensor:
            return nn.dot(frames(), self.weight)  # MISTAKE

    return Square()()


def halvings(start: nn.Tensor) -> nn.Tensor:
    """All values of a loop that ends when they are small."""
    inner = nn.Loop(max_seq_len=5)
    inner.state.t = start
    with inner:
        inner.state.t = inner.state.t * 0.5
        inner.end(nn.reduce_max(abs(inner.state.t)) < 0.4)
        return inner.stack(inner.state.t)


def other_lengths_stacked() -> Any:
    with nn.Loop() as outer:
        rows = halvings(outer.unstack(frames()))
        return outer.stack(nn.tanh(rows))  # MISTAKE


def other_lengths_by_the_number_of_the_step() -> Any:
    outer = nn.Loop()
    outer.state.s = start()
    with outer:
        x = outer.unstack(frames())
        inner = nn.Loop()
        inner.state.t = x
        with inner:
            inner.state.t = inner.state.t * 0.5
            inner.end(inner.iter_idx >= outer.iter_idx)
            rows = inner.stack(inner.state.t)
        outer.state.s = inner.state.t
        return outer.stack(rows)  # MISTAKE


def other_lengths_by_a_state() -> Any:
    outer = nn.Loop()
    outer.state.s = start()
    with outer:
        x = outer.unstack(frames())
        with nn.Loop(max_seq_len=4) as inner:
            outer.state.s = nn.tanh(outer.state.s + x)
            inner.end(nn.reduce_sum(outer.state.s) > 1.0)
            rows = inner.stack(outer.state.s)
        return outer.stack(rows)  # MISTAKE


def last_value_of_other_lengths() -> Any:
    with nn.Loop() as outer:
        rows = halvings(outer.unstack(frames()))
    return outer.last(rows)  # MISTAKE


def other_lengths_of_pooled_rows() -> Any:
    with nn.Loop() as outer:
        short = nn.pool(nn.postfix_in_time(halvings(outer.unstack(frames())), 0.0), 2)
        return outer.stack(short)  # MISTAKE


def other_lengths_of_the_loop_around_both() -> Any:
    with nn.Loop() as one:
        x = one.unstack(frames())
        with nn.Loop() as two:
            two.unstack(nn.get_extern_data(SHORT_INPUT))
            rows = two.stack(halvings(x))
        return one.stack(nn.reduce_sum(rows, SHORT))  # MISTAKE


def pooled_history_stacked() -> Any:
    with nn.Loop() as loop:
        short = nn.pool(nn.cum_concat(loop.unstack(frames())), 2)
        return loop.stack(short)  # MISTAKE


PROGRAMS = [
    Wrong(inner_value_outside, ["y <tanh [batch, features=5], line", "inside a loop", "loop.stack(v", "loop.last(v"]),
    Wrong(inner_value_as_output, ["tanh [batch, features=5]", "would be an output", "loop.stack(value)"]),
    Wrong(inner_values_in_a_list, ["outputs.append(nn.tanh(loop.unstack(frames())))", "loop.stack(value)"]),
    Wrong(inner_value_marked_as_loss_after_the_loop, ["y <reduce_sum [batch], line", "inside of the loop"]),
    Wrong(value_of_another_loop, ["y <tanh [batch, features=5], line", "inside a loop", "loop.stack(value)"]),
    Wrong(value_of_another_loop_stacked, ["y <tanh [batch, features=5]", "made in another one", "stack or last"]),
    Wrong(inner_loop_value_stacked_by_the_outer_one, ["y <add [batch, features=5]", "no value of this loop"]),
    Wrong(stacked_value_inside, ["y <stack [batch, time, features=5]", "exists only after it", "the value itself"]),
    Wrong(last_value_as_a_state_inside, ["y <last [batch, features=5]", "exists only after it", "the value itself"]),
    Wrong(value_of_steps_as_a_state_outside, ["y <rec_unstack", "cannot be used outside", "loop.last(value)"]),
    Wrong(value_of_steps_as_an_initial_value, ["y <rec_unstack", "cannot be used outside", "loop.last(value)"]),
    Wrong(last_value_inside, ["y <last [batch, features=5]", "exists only after it", "the value itself"]),
    Wrong(
        other_lengths_stacked,
        [
            "tanh [batch, steps, features=5]> has other lengths along steps in each step",
            "as the loop inside (line ",
            "makes another number of steps in each",
            "nn.reduce_max(x, axis)",
            "inner.last(y) in place of inner.stack(y)",
        ],
    ),
    Wrong(
        other_lengths_by_the_number_of_the_step, ["rows <stack [batch, steps, features=5]", "the loop inside (line "]
    ),
    Wrong(other_lengths_by_a_state, ["rows <stack [batch, steps, features=5]", "the loop inside (line "]),
    Wrong(last_value_of_other_lengths, ["rows <stack [batch, steps, features=5]", "Reduce it in the step"]),
    Wrong(other_lengths_of_pooled_rows, ["short <pool", "other lengths along steps+1_by_2", "makes another number"]),
    Wrong(other_lengths_of_the_loop_around_both, ["reduce_sum [batch, steps, features=5]", "makes another number"]),
    Wrong(pooled_history_stacked, ["short <pool", "along history_by_2", "made of what came so far"]),
    Wrong(
        unstack_of_inner_value, ["x <rec_unstack [batch, features=5]", "inside this loop already", "use it as it is"]
    ),
    Wrong(unstack_of_other_axis, ["time", "short", "one loop has one length"]),
    Wrong(unstack_without_axis, ["'vector' [batch, features=5]", "is no sequence", "axis=..."]),
    Wrong(unstack_of_missing_axis, ["[batch, time, features=5]", "no axis short"]),
    Wrong(unstack_of_misspelled_axis, ["no axis 'tiem'", "Did you mean 'time'?"]),
    Wrong(unstack_of_numbered_axis, ["no axis 1", "[batch, time, features=5]", 'its Dim, or as "T"']),
    Wrong(unstack_of_the_batch, ["'data' [batch, time, features=5]", "side by side"]),
    Wrong(frame_of_a_frame, ["frame <rec_unstack [batch, features=5], line", "is no sequence"]),
    Wrong(no_length, ["no length", "unstack", "loop.end(condition)", "nn.Loop(axis=...)"]),
    Wrong(only_a_limit, ["no length", "max_seq_len alone only limits it"]),
    Wrong(given_axis_without_lengths, ["no length", "axis of a tensor"]),
    Wrong(end_of_numbers, ["must be a comparison (bool)", "reduce_sum [batch]", "float32"]),
    Wrong(end_of_a_python_bool, ["a comparison of tensors", "label == 0", "not True"]),
    Wrong(end_with_features, ["one value per sequence, [batch]", "features=5", "nn.reduce_max"]),
    Wrong(end_by_a_value_of_an_inner_loop, ["greater [batch]", "a loop inside of this one", "inner.last(...)"]),
    Wrong(option_set_in_the_body, ["loop.max_seq_len cannot be changed", "nn.Loop(max_seq_len=...)"]),
    Wrong(end_label_that_does_not_exist, ["7 is no label of labels=7", "0 to 6", "'classes' [batch, time]"]),
    Wrong(end_twice, ["was called before", "greater [batch]", "nn.logical_or"]),
    Wrong(loop_twice, ["runs once", "make another nn.Loop()"]),
    Wrong(loop_in_itself, ["runs once", "make another nn.Loop()"]),
    Wrong(unstack_before_the_loop, ["loop.unstack(x) belongs inside of `with nn.Loop(...) as loop:`"]),
    Wrong(stack_after_the_loop, ["the loop is over", "loop.stack(y) belongs inside of its `with` block"]),
    Wrong(last_before_the_loop, ["loop.last(y) belongs inside of `with nn.Loop(...) as loop:`, or after it"]),
    Wrong(axis_that_is_a_tensor, ["axis of a Loop is a Dim", "'data' [batch, time, features=5]", "loop.unstack(x)"]),
    Wrong(axis_that_is_a_name, ["axis of a Loop is a Dim", "not 'time'"]),
    Wrong(limit_that_is_no_int, ["max_seq_len", "not 2.5"]),
    Wrong(limit_per_sequence, ["int32 scalar", "length [batch]", "nn.reduce_max(x.seq_len, nn.batch_dim)"]),
    Wrong(
        history_in_a_mask,
        [
            "x <rec_unstack [batch, features=5]",
            "keys = nn.cum_concat(x) and counts = nn.cum_concat(condition)",
            "energy = nn.where(counts, energy, -1e9)",
            "keys * nn.cast(counts, 'float32')",
        ],
    ),
    Wrong(history_outside_of_loops, ["'data' [batch, time, features=5]", "each step of a loop", "outside of loops"]),
    Wrong(
        history_stacked, ["keys <cum_concat [batch, history, features=5]", "one more frame in each step", "reduce it"]
    ),
    Wrong(softmax_over_another_axis, ["[batch, features=5]", "no axis labels=7"]),
    Wrong(square_matrix_in_dot, ["square/weight' [features=5, features=5]", "one dim twice", "nn.Dim(size, name=...)"]),
]


@pytest.mark.parametrize("wrong", PROGRAMS, ids=lambda wrong: name_of(wrong.model))
def test_error(wrong: Wrong) -> None:
    check_error(wrong)


def test_sequence_computed_in_the_body_may_be_unstacked() -> None:
    def model(where: str) -> nn.Tensor:
        before = nn.tanh(frames())
        with nn.Loop() as loop:
            return loop.stack(loop.unstack(before if where == "before" else nn.tanh(frames())))

    values = [
        nn.run_numpy(nn.Network(model, where=where), FEEDS).outputs["output"].value for where in ("before", "inside")
    ]
    numpy.testing.assert_array_equal(*values)


def test_value_that_no_step_changes_may_be_used_outside() -> None:
    """It is the same in all steps, and computed once, outside of the loop."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            y = nn.tanh(vector())
            last = loop.last(loop.unstack(frames()))
        return y + last

    assert nn.Network(model).outputs
