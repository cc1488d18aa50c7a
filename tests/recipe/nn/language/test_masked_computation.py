"""MaskedComputation: what is in it counts only where the mask is true (rule L5)."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, classes, frames, other_frames, vector

pytestmark = pytest.mark.xdist_group("returnn-1")


def is_odd(labels: nn.Tensor) -> nn.Tensor:
    """A mask from labels."""
    return nn.cast(labels, "int32") % 2 != 0


class Masked(nn.Module):
    """A cell and a linear map in the steps with odd labels, once with the context and once with ``where``."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LstmCell(FEATURES, 4)
        self.linear = nn.Linear(4, 3)

    def forward(self, with_where: bool) -> dict[str, nn.Tensor]:
        """All steps of the kept values, and the last state."""
        labels, x = classes(), frames()
        loop = nn.Loop()
        loop.state.slow = self.cell.initial_state()
        if with_where:
            loop.state.z = nn.zeros([nn.batch_dim, self.linear.out_dim])
        with loop:
            mask = is_odd(loop.unstack(labels))
            if with_where:
                before = loop.state.slow
                h, new = self.cell(loop.unstack(x), before)
                loop.state.slow = nn.LstmState(*(nn.where(mask, a, b) for a, b in zip(new, before)))
                h = loop.state.slow.h
                loop.state.z = z = nn.where(mask, nn.tanh(self.linear(h)), loop.state.z)
            else:
                with nn.MaskedComputation(mask=mask):
                    h, loop.state.slow = self.cell(loop.unstack(x), loop.state.slow)
                    z = nn.tanh(self.linear(h))
            steps = loop.stack(nn.concat(h, z))
        (steps * 1.0).mark_as_loss("loss")
        return {"steps": steps, "last": loop.state.slow.c}


def test_equal_to_where() -> None:
    masked = check_agreement(Masked(), FEEDS, with_where=False, gradients=True, train=True)
    spelled = check_agreement(Masked(), FEEDS, with_where=True)
    for name, result in masked.in_numpy.outputs.items():
        numpy.testing.assert_allclose(result.value, spelled.in_numpy.outputs[name].value, rtol=1e-6)
    assert all(numpy.abs(gradient).max() > 0 for gradient in masked.in_returnn.gradients.values())


def test_one_variable_for_a_state_and_what_is_read_of_it() -> None:
    """``h`` read outside is the state ``slow.h`` itself: no second variable is carried."""
    layers = nn.Network(Masked(), with_where=False).net_dict()["loop"]["unit"]
    carried = [name for name, options in layers.items() if "initial_output" in options]
    assert len(carried) == 3 and {"kept_tanh", "slow_c"} <= set(carried)


def run_once(model: Callable[[], nn.Tensor]) -> numpy.ndarray:
    """The output of a model that RETURNN agrees on."""
    return check_agreement(model, FEEDS).in_numpy.outputs["output"].value


def test_keeps_the_last_value_and_starts_with_zero() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            with nn.MaskedComputation(mask=is_odd(loop.unstack(classes()))):
                y = x * 2.0
            return loop.stack(y)

    value = run_once(model)
    data, labels = FEEDS["data"][0], FEEDS["classes"][0]
    for row, length in enumerate(LENGTHS):
        kept = numpy.zeros(5, "float32")
        for step in range(length):
            if labels[row, step] % 2:
                kept = data[row, step] * 2
            numpy.testing.assert_allclose(value[row, step], kept, rtol=1e-6)


def test_stack_and_last_and_end_inside() -> None:
    def model() -> dict[str, nn.Tensor]:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            with nn.MaskedComputation(mask=is_odd(loop.unstack(classes()))):
                y = nn.tanh(x)
                steps, last = loop.stack(y), loop.last(y)
                loop.end(nn.reduce_sum(x) > 0.0, include_eos=True)
        return {"steps": steps, "last": last}

    run = check_agreement(model, FEEDS)
    data, labels = FEEDS["data"][0], FEEDS["classes"][0]
    (lengths,) = run.in_numpy.outputs["steps"].lengths.values()
    for row, length in enumerate(LENGTHS):
        ends = [t for t in range(length) if labels[row, t] % 2 and data[row, t].sum() > 0]
        assert lengths[row] == (ends[0] + 1 if ends else length)


def test_masks_in_masks() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.both = loop.state.outer = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            x = loop.unstack(frames())
            with nn.MaskedComputation(mask=is_odd(loop.unstack(classes()))):
                loop.state.outer = loop.state.outer + x
                with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.0):
                    loop.state.both = loop.state.both + x
                    inner = nn.tanh(x)
                between = inner + loop.state.both
            steps = loop.stack(nn.concat(inner, between))
        return {"steps": steps, "both": loop.state.both, "outer": loop.state.outer}

    run = check_agreement(model, FEEDS)
    data, labels = FEEDS["data"][0], FEEDS["classes"][0]
    for row, length in enumerate(LENGTHS):
        counted = [data[row, t] for t in range(length) if labels[row, t] % 2 and data[row, t].sum() > 0]
        expected = numpy.sum(counted, axis=0) if counted else numpy.zeros(5)
        numpy.testing.assert_allclose(run.in_numpy.outputs["both"].value[row], expected, rtol=1e-5, atol=1e-6)


def test_around_a_loop() -> None:
    """Outside of loops, states keep their value, and other values are zero where the mask is false."""

    def model() -> dict[str, nn.Tensor]:
        mask = nn.reduce_sum(vector()) > 0.0
        loop = nn.Loop()
        loop.state.sum = nn.ones([nn.batch_dim, FEATURES])
        with nn.MaskedComputation(mask=mask):
            with loop:
                loop.state.sum = loop.state.sum + loop.unstack(frames())
                steps = loop.stack(loop.state.sum)
        return {"steps": steps, "sum": loop.state.sum}

    run = check_agreement(model, FEEDS)
    for row, length in enumerate(LENGTHS):
        counts = FEEDS["vector"][row].sum() > 0
        expected = 1 + (FEEDS["data"][0][row, :length].sum(axis=0) if counts else 0)
        numpy.testing.assert_allclose(run.in_numpy.outputs["sum"].value[row], expected, rtol=1e-5)
        assert run.in_numpy.outputs["steps"].value[row].any() == counts


def test_with_a_loop_inside_of_a_loop() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            x = loop.unstack(frames())
            with nn.MaskedComputation(mask=is_odd(loop.unstack(classes()))):
                with nn.Loop() as inner:
                    loop.state.a = 0.5 * loop.state.a + inner.unstack(other_frames()) * x
            steps = loop.stack(loop.state.a)
        return {"steps": steps, "a": loop.state.a}

    check_agreement(model, FEEDS)


def test_losses_count_where_the_mask_is_true() -> None:
    def model() -> None:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            with nn.MaskedComputation(mask=is_odd(loop.unstack(classes()))):
                nn.reduce_sum(x * x).mark_as_loss("squares")

    run = check_agreement(model, FEEDS)
    data, labels = FEEDS["data"][0], FEEDS["classes"][0]
    total = sum(
        (data[row, t] ** 2).sum() for row, length in enumerate(LENGTHS) for t in range(length) if labels[row, t] % 2
    )
    numpy.testing.assert_allclose(run.in_numpy.losses["squares"], total / sum(LENGTHS), rtol=1e-5)


def test_a_number_as_state() -> None:
    """Counting, in whole numbers."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.count = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            with nn.MaskedComputation(mask=is_odd(loop.unstack(classes()))):
                loop.state.count = loop.state.count + 1
        return loop.state.count

    labels = FEEDS["classes"][0]
    expected = [sum(labels[row, :length] % 2) for row, length in enumerate(LENGTHS)]
    numpy.testing.assert_array_equal(run_once(model), expected)


def test_state_without_initial_value() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            with nn.MaskedComputation(mask=is_odd(loop.unstack(classes()))):
                loop.state.last_odd = x
            return loop.stack(loop.state.last_odd)

    run_once(model)


def test_result_of_a_cond_in_a_mask() -> None:
    """It is a value of the mask, so outside of it it stays as it was where the mask is false."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0.3):
                with nn.Cond(nn.reduce_sum(x) > 1.0) as cond:
                    cond.true = x * 2.0
                with cond.false_branch():
                    cond.false = x * 3.0
                y = cond.result
            return loop.stack(y)

    value = check_agreement(model, FEEDS).in_numpy.outputs["output"].value
    for row, length in enumerate(LENGTHS):
        kept = numpy.zeros(5, "float32")
        for step in range(length):
            x = FEEDS["data"][0][row, step]
            if x.sum() > 0.3:
                kept = x * (2.0 if x.sum() > 1.0 else 3.0)
            numpy.testing.assert_allclose(value[row, step], kept, rtol=1e-5)


def test_losses_of_a_loop_in_it_count_where_the_mask_is_true() -> None:
    def model() -> None:
        with nn.MaskedComputation(mask=nn.reduce_sum(vector()) > 0.0):
            with nn.Loop() as loop:
                nn.reduce_sum(loop.unstack(frames())).mark_as_loss("sum")

    network = nn.Network(model)
    loss = check_agreement(network, FEEDS).in_numpy.losses["sum"]
    counts = FEEDS["vector"].sum(axis=1) > 0.0
    assert counts.any() and not counts.all()
    value, lengths = FEEDS["data"]
    total = sum(value[row, : lengths[row]].sum() for row in range(len(lengths)) if counts[row])
    assert loss == pytest.approx(total / lengths.sum(), rel=1e-4)


def test_value_of_a_mask_in_a_mask_read_outside_of_both() -> None:
    """It repeats its value of the last step in which both were true, also if nothing between reads it."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            frame = loop.unstack(frames())
            with nn.MaskedComputation(mask=nn.reduce_sum(frame) > -1.0):
                with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 1.0):
                    twice = frame * 2.0
            return loop.stack(twice)

    steps = check_agreement(model, FEEDS).in_numpy.outputs["output"].sequences()
    value, lengths = FEEDS["data"]
    for row, length in enumerate(lengths):
        kept = numpy.zeros(5)
        for step in range(length):
            kept = value[row, step] * 2.0 if value[row, step].sum() > 1.0 else kept
            numpy.testing.assert_allclose(steps[row][step], kept, rtol=1e-5)


def test_value_of_a_mask_that_only_a_loop_inside_reads() -> None:
    """There it is what it is in the loop around: its value of the last step in which the mask was true."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            frame = loop.unstack(frames())
            with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 0.0):
                doubled = frame * 2.0
            with nn.Loop() as inner:
                sums = inner.last(inner.unstack(other_frames()) * 0.0 + doubled)
            return loop.stack(sums)

    steps = check_agreement(model, FEEDS).in_numpy.outputs["output"].sequences()
    value, lengths = FEEDS["data"]
    for row, length in enumerate(lengths):
        kept = numpy.zeros(5)
        for step in range(length):
            kept = value[row, step] * 2.0 if value[row, step].sum() > 0.0 else kept
            numpy.testing.assert_allclose(steps[row][step], kept, rtol=1e-5)


def test_value_of_a_mask_as_the_result_of_a_branch() -> None:
    """It is what it is outside of the mask, as everywhere: kept while the mask is false."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            frame = loop.unstack(frames())
            with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 1.0):
                doubled = frame * 2.0
            with nn.Cond(nn.reduce_sum(frame) > -1.0) as cond:
                cond.true = doubled
            with cond.false_branch():
                cond.false = frame
            return loop.stack(cond.result)

    steps = check_agreement(model, FEEDS).in_numpy.outputs["output"].sequences()
    value, lengths = FEEDS["data"]
    for row, length in enumerate(lengths):
        kept = numpy.zeros(5)
        for step in range(length):
            frame = value[row, step]
            kept = frame * 2.0 if frame.sum() > 1.0 else kept
            numpy.testing.assert_allclose(steps[row][step], kept if frame.sum() > -1.0 else frame, rtol=1e-5)


def test_last_of_a_value_that_only_the_mask_has_seen() -> None:
    """After the loop it is not known any more what the mask kept."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            frame = loop.unstack(frames())
            with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 1.0):
                doubled = frame * 2.0
            loop.stack(frame)
        return loop.last(doubled)

    with pytest.raises(nn.NetworkError, match="doubled.* is a value of a MaskedComputation in a loop, which is over"):
        nn.Network(model)
