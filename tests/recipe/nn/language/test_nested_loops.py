"""Loops in loops (rule L4): the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames
from ..inputs import FEATURES, FEEDS, LENGTHS, frames, vector

pytestmark = pytest.mark.xdist_group("returnn-2")

INNER_LENGTHS = (2, 3, 1)
INNER_TIME = nn.Dim(None, "inner_time")
INNER = nn.ExternData("inner", [nn.batch_dim, INNER_TIME, FEATURES])
INNER_FEEDS = {**FEEDS, "inner": ragged_frames(INNER_LENGTHS, 5, seed=9)}
X, Y = FEEDS["data"][0], INNER_FEEDS["inner"][0]


def inner_frames() -> nn.Tensor:
    """Random vectors [batch, inner_time, features]."""
    return nn.get_extern_data(INNER)


def start() -> nn.Tensor:
    """Zeros [batch, features]."""
    return nn.zeros([nn.batch_dim, FEATURES])


def test_inner_result_in_the_outer_state() -> None:
    """Each outer step runs an inner loop that starts from zero; its last state goes into the outer one."""

    def model() -> dict[str, nn.Tensor]:
        keys = inner_frames()
        outer = nn.Loop()
        outer.state.s = start()
        with outer:
            x = outer.unstack(frames())
            inner = nn.Loop()
            inner.state.t = nn.tanh(outer.state.s) + x
            with inner:
                inner.state.t = nn.tanh(inner.state.t + inner.unstack(keys))
            outer.state.s = inner.state.t
            steps = outer.stack(outer.state.s)
        return {"steps": steps, "last": outer.state.s}

    outputs = check_agreement(model, INNER_FEEDS).in_numpy.outputs
    s = numpy.zeros(5, "float32")
    for step in range(LENGTHS[0]):
        t = numpy.tanh(s) + X[0, step]
        for inner_step in range(INNER_LENGTHS[0]):
            t = numpy.tanh(t + Y[0, inner_step])
        s = t
        numpy.testing.assert_allclose(outputs["steps"].value[0, step], s, rtol=1e-4)


def test_outer_state_assigned_in_the_inner_loop() -> None:
    """Carried by the inner loop, and by the outer one from there."""

    def model() -> dict[str, nn.Tensor]:
        keys = inner_frames()
        outer = nn.Loop()
        outer.state.s = start()
        with outer:
            x = outer.unstack(frames())
            outer.state.s = outer.state.s + x
            with nn.Loop() as inner:
                outer.state.s = 0.5 * outer.state.s + inner.unstack(keys)
            steps = outer.stack(outer.state.s)
        return {"steps": steps, "last": outer.state.s}

    outputs = check_agreement(model, INNER_FEEDS).in_numpy.outputs
    for index in range(3):
        s = numpy.zeros(5, "float32")
        for step in range(LENGTHS[index]):
            s = s + X[index, step]
            for inner_step in range(INNER_LENGTHS[index]):
                s = 0.5 * s + Y[index, inner_step]
            numpy.testing.assert_allclose(outputs["steps"].value[index, step], s, rtol=1e-4)


def test_inner_loop_reads_the_outer_state() -> None:
    """It sees the value of the outer step before, which no inner step changes."""

    def model() -> dict[str, nn.Tensor]:
        keys = inner_frames()
        outer = nn.Loop()
        outer.state.s = vector()
        with outer:
            x = outer.unstack(frames())
            inner = nn.Loop()
            inner.state.t = start()
            with inner:
                inner.state.t = nn.tanh(inner.state.t + inner.unstack(keys) * outer.state.s)
            outer.state.s = nn.tanh(inner.state.t + x)
            steps = outer.stack(outer.state.s)
        return {"steps": steps, "last": outer.state.s}

    check_agreement(model, INNER_FEEDS)


def test_stack_of_the_inner_loop_in_the_outer_one() -> None:
    """All inner steps are reduced in the outer step."""

    def model() -> nn.Tensor:
        keys = inner_frames()
        outer = nn.Loop()
        outer.state.s = start()
        with outer:
            x = outer.unstack(frames())
            inner = nn.Loop()
            inner.state.t = outer.state.s + x
            with inner:
                inner.state.t = nn.tanh(inner.state.t + inner.unstack(keys))
                all_steps = inner.stack(inner.state.t)
            outer.state.s = nn.reduce_mean(all_steps, INNER_TIME)
            return outer.stack(outer.state.s)

    check_agreement(model, INNER_FEEDS)


def test_both_over_one_axis() -> None:
    """For each frame a loop over all frames, as attention written by hand."""

    def model() -> nn.Tensor:
        outer = nn.Loop()
        outer.state.s = start()
        with outer:
            x = outer.unstack(frames()) + outer.state.s
            inner = nn.Loop()
            inner.state.sum = start()
            with inner:
                frame = inner.unstack(frames())
                inner.state.sum = inner.state.sum + frame * nn.sigmoid(nn.dot(frame, x))
            outer.state.s = nn.tanh(inner.state.sum)
            return outer.stack(outer.state.s)

    check_agreement(model, FEEDS)


def test_inner_loop_reads_what_only_the_outer_input_gives() -> None:
    """What RETURNN may compute for all outer steps at once."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, FEATURES)

        def forward(self) -> nn.Tensor:
            keys = inner_frames()
            outer = nn.Loop()
            outer.state.s = start()
            with outer:
                x = self.linear(outer.unstack(frames()))
                inner = nn.Loop()
                inner.state.t = outer.state.s
                with inner:
                    inner.state.t = nn.tanh(inner.state.t + x * inner.unstack(keys))
                outer.state.s = inner.state.t
                return outer.stack(outer.state.s)

    check_agreement(Model(), INNER_FEEDS)


def test_several_values_leave_the_inner_loop() -> None:
    """Vectors, numbers, conditions, labels; stacked, last and final."""

    def model() -> dict[str, nn.Tensor]:
        keys = inner_frames()
        outer = nn.Loop()
        outer.state.s = start()
        with outer:
            x = outer.unstack(frames())
            inner = nn.Loop()
            inner.state.t = nn.tanh(outer.state.s + x)
            inner.state.count = nn.zeros([nn.batch_dim], dtype="int32")
            inner.state.best = nn.constant(2, [nn.batch_dim], sparse_dim=FEATURES)
            with inner:
                inner.state.t = nn.tanh(inner.state.t + inner.unstack(keys))
                inner.state.count = inner.state.count + 1
                inner.state.best = nn.argmax(inner.state.t)
                positive = nn.reduce_sum(inner.state.t) > 0.0
                all_steps, last = inner.stack(inner.state.t * 2.0), inner.last(positive)
            outer.state.s = nn.where(last, nn.reduce_mean(all_steps, INNER_TIME), inner.state.t)
            return {
                "s": outer.stack(outer.state.s),
                "count": outer.stack(inner.state.count),
                "best": outer.stack(inner.state.best),
            }

    check_agreement(model, INNER_FEEDS)


def test_number_of_the_outer_step_in_the_inner_loop() -> None:
    def model() -> nn.Tensor:
        keys = inner_frames()
        outer = nn.Loop()
        outer.state.s = start()
        with outer:
            inner = nn.Loop()
            inner.state.t = outer.state.s + outer.unstack(frames())
            with inner:
                scale = nn.cast(outer.iter_idx + 2 * inner.iter_idx, "float32")
                inner.state.t = nn.tanh(inner.state.t + inner.unstack(keys) * scale)
            outer.state.s = inner.state.t
            return outer.stack(outer.state.s)

    check_agreement(model, INNER_FEEDS)


def test_inner_sequence_without_steps() -> None:
    """The state after the inner loop is what it was before."""

    def model() -> nn.Tensor:
        keys = inner_frames()
        outer = nn.Loop()
        outer.state.s = start()
        with outer:
            inner = nn.Loop()
            inner.state.t = outer.state.s + outer.unstack(frames())
            with inner:
                inner.state.t = nn.tanh(inner.state.t + inner.unstack(keys))
            outer.state.s = inner.state.t
            return outer.stack(outer.state.s)

    check_agreement(model, {**FEEDS, "inner": ragged_frames((2, 0, 1), 5)})


def test_same_module_in_both() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, FEATURES)

        def forward(self) -> nn.Tensor:
            keys = self.linear(inner_frames())
            outer = nn.Loop()
            outer.state.s = start()
            with outer:
                x = self.linear(outer.unstack(frames()) + outer.state.s)
                inner = nn.Loop()
                inner.state.t = x
                with inner:
                    inner.state.t = nn.tanh(self.linear(inner.state.t) + inner.unstack(keys))
                outer.state.s = inner.state.t
                return outer.stack(outer.state.s)

    run = check_agreement(Model(), INNER_FEEDS)
    assert sorted(run.in_returnn.parameters) == ["linear/W", "linear/b"]


@pytest.mark.parametrize("include_eos", [True, False])
def test_inner_loop_with_end(include_eos: bool) -> None:
    """It doubles a number until that is large: 1 to 4 steps."""

    def model() -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = nn.ones([nn.batch_dim])
        with outer:
            x = nn.reduce_mean(abs(outer.unstack(frames())))
            inner = nn.Loop(max_seq_len=6)
            inner.state.t = x + 0.01 * outer.state.s
            with inner:
                inner.state.t = inner.state.t * 2.0
                inner.end(inner.state.t > 3.0, include_eos=include_eos)
            outer.state.s = inner.state.t
            steps = outer.stack(outer.state.s)
        return {"steps": steps, "last": outer.state.s}

    check_agreement(model, FEEDS)


@pytest.mark.parametrize("ends_by", ["its_own_state", "the_outer_state"])
def test_inner_loop_from_what_is_computed_of_the_outer_state(ends_by: str) -> None:
    """It ends by itself, and its last value is the outer loop's new state; what it began with leaves the outer loop."""

    def model() -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = vector()
        with outer:
            x, begin = outer.unstack(frames()), nn.tanh(outer.state.s)
            inner = nn.Loop(max_seq_len=3)
            inner.state.t = begin
            with inner:
                inner.state.t = nn.tanh(inner.state.t * x)
                value = inner.state.t if ends_by == "its_own_state" else begin
                inner.end(nn.reduce_sum(value) > 0.3 * nn.cast(inner.iter_idx, "float32"), include_eos=True)
                steps = inner.stack(inner.state.t)
            outer.state.s = inner.state.t + nn.reduce_sum(steps, steps.spatial_dim)
            begins = outer.stack(begin)
        return {"begin": begins, "s": outer.state.s}

    run = check_agreement(model, FEEDS).in_numpy
    s = FEEDS["vector"][0]
    for step in range(LENGTHS[0]):
        numpy.testing.assert_allclose(run.outputs["begin"].value[0, step], numpy.tanh(s), rtol=1e-4)
        t, total = numpy.tanh(s), numpy.zeros(5, "float32")
        for inner_step in range(3):
            t = numpy.tanh(t * X[0, step])
            total = total + t
            if (t if ends_by == "its_own_state" else numpy.tanh(s)).sum() > 0.3 * inner_step:
                break
        s = t + total


def test_inner_loop_that_depends_on_nothing_of_the_outer() -> None:
    """Each outer step would give the same."""

    def model() -> nn.Tensor:
        keys = inner_frames()
        outer = nn.Loop()
        outer.state.s = start()
        with outer:
            inner = nn.Loop()
            inner.state.t = start()
            with inner:
                inner.state.t = nn.tanh(inner.state.t + inner.unstack(keys))
            outer.state.s = outer.state.s * 0.5 + inner.state.t * outer.unstack(frames())
            return outer.stack(outer.state.s)

    check_agreement(model, INNER_FEEDS)


def test_lstm_in_the_outer_and_the_inner_loop() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.outer_cell = nn.LstmCell(FEATURES, FEATURES)
            self.inner_cell = nn.LstmCell(FEATURES, FEATURES)

        def forward(self) -> dict[str, nn.Tensor]:
            keys = inner_frames()
            outer = nn.Loop()
            outer.state.cell = self.outer_cell.initial_state()
            outer.state.summary = start()
            with outer:
                h, outer.state.cell = self.outer_cell(outer.unstack(frames()), outer.state.cell)
                inner = nn.Loop()
                inner.state.cell = self.inner_cell.initial_state()
                with inner:
                    _, inner.state.cell = self.inner_cell(inner.unstack(keys) + h, inner.state.cell)
                outer.state.summary = nn.tanh(inner.state.cell.h + outer.state.summary)
                steps = outer.stack(h)
            return {"steps": steps, "h": outer.state.cell.h, "summary": outer.state.summary}

    for device in ("cpu", "gpu"):
        check_agreement(Model(), INNER_FEEDS, device=device)


def test_three_levels() -> None:
    def model() -> nn.Tensor:
        keys = inner_frames()
        one = nn.Loop()
        one.state.s = start()
        with one:
            one.state.s = one.state.s + one.unstack(frames())
            with nn.Loop() as two:
                one.state.s = one.state.s * 0.5 + two.unstack(keys)
                with nn.Loop() as three:
                    one.state.s = nn.tanh(one.state.s + three.unstack(keys))
            return one.stack(one.state.s)

    check_agreement(model, INNER_FEEDS)


def test_loss_in_the_inner_loop() -> None:
    def model() -> None:
        keys = inner_frames()
        outer = nn.Loop()
        outer.state.s = start()
        with outer:
            outer.state.s = 0.5 * outer.state.s + outer.unstack(frames())
            with nn.Loop() as inner:
                distance = outer.state.s - inner.unstack(keys)
                total = inner.stack(nn.reduce_sum(distance * distance))
            nn.reduce_sum(total, INNER_TIME).mark_as_loss("distance")

    check_agreement(model, INNER_FEEDS)


def test_two_values_of_each_entry_of_a_frame() -> None:
    """The inner loop goes over an axis of fixed size, which what it stacks has only after the loop."""

    def model() -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.t = nn.zeros([nn.batch_dim])
        with outer:
            frame = outer.unstack(frames())
            inner = nn.Loop()
            inner.state.t = outer.state.t
            with inner:
                inner.state.t = nn.tanh(inner.state.t * 0.5 + inner.unstack(frame, axis=FEATURES))
                values, flags = inner.stack(inner.state.t), inner.stack(inner.state.t > 0.0)
            outer.state.t = inner.state.t
            return {"values": outer.stack(values), "flags": outer.stack(flags)}

    run = check_agreement(model, FEEDS).in_numpy
    t = 0.0
    for step in range(LENGTHS[0]):
        for feature in range(5):
            t = numpy.tanh(t * 0.5 + X[0, step, feature])
            numpy.testing.assert_allclose(run.outputs["values"].value[0, step, feature], t, rtol=1e-4)
            assert run.outputs["flags"].value[0, step, feature] == (t > 0.0)
