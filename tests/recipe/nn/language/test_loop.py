"""Loop: its length, what enters and what leaves it (rules L1, L3, L6, L7); the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn.numpy_run.interpreter import Result

from ..agreement import check_agreement, ragged_frames
from ..inputs import FEATURES, FEEDS, LABELS, LENGTHS, TIME, classes, frames, other_frames, vector

pytestmark = pytest.mark.xdist_group("returnn-2")


def running_sum(loop: nn.Loop, step: nn.Tensor) -> nn.Tensor:
    """A sum that each step adds to, kept as ``loop.state.total`` which was set before the loop."""
    loop.state.total = loop.state.total + step
    return loop.state.total


def start(loop: nn.Loop) -> None:
    """The sum is 0."""
    loop.state.total = nn.zeros([nn.batch_dim, FEATURES])


def lengths_of(result: Result) -> list[int]:
    """The lengths of the only dim with lengths."""
    (lengths,) = result.lengths.values()
    return list(lengths)


def test_unstack_only() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        start(loop)
        with loop:
            sums = loop.stack(running_sum(loop, loop.unstack(frames())))
        return {"sums": sums, "state": loop.state.total}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    for row, frame_row, total in zip(outputs["sums"].sequences(), FEEDS["data"][0], outputs["state"].value):
        expected = frame_row[: len(row)].cumsum(axis=0)
        numpy.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-5)
        numpy.testing.assert_allclose(total, expected[-1], rtol=1e-4, atol=1e-5)
    assert lengths_of(outputs["sums"]) == list(LENGTHS)


def test_loop_around_a_stateless_module_is_the_module() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, FEATURES)

        def forward(self) -> dict[str, nn.Tensor]:
            with nn.Loop() as loop:
                stepwise = loop.stack(nn.tanh(self.linear(loop.unstack(frames()))))
            return {"loop": stepwise, "sequence": nn.tanh(self.linear(frames()))}

    run = check_agreement(Model(), FEEDS)
    outputs = run.in_numpy.outputs
    numpy.testing.assert_allclose(outputs["loop"].value, outputs["sequence"].value, rtol=1e-5)
    assert sorted(run.in_returnn.parameters) == ["linear/W", "linear/b"]


def test_two_inputs_of_one_axis() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(loop.unstack(frames()) * loop.unstack(other_frames(), axis=TIME))

    check_agreement(model, FEEDS)


def test_result_of_a_loop_goes_into_the_next() -> None:
    def model() -> nn.Tensor:
        first = nn.Loop()
        start(first)
        with first:
            sums = first.stack(running_sum(first, first.unstack(frames())))
        second = nn.Loop()
        second.state.total = first.state.total
        with second:
            return second.stack(running_sum(second, second.unstack(sums)))

    check_agreement(model, FEEDS)


@pytest.mark.parametrize("inside", [True, False])
def test_last(inside: bool) -> None:
    """``last`` inside of the loop and after it, of a value that is no state."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        start(loop)
        with loop:
            frame = loop.unstack(frames())
            product = running_sum(loop, frame) * frame
            last = loop.last(product) if inside else None
            steps = loop.stack(product)
        return {"last": loop.last(product) if last is None else last, "steps": steps}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    expected = [row[-1] for row in outputs["steps"].sequences()]
    numpy.testing.assert_allclose(outputs["last"].value, expected, rtol=1e-5)


def test_last_alone() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.last(loop.unstack(frames()) * 2.0)

    check_agreement(model, FEEDS)


def test_several_stacks() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        start(loop)
        with loop:
            frame = loop.unstack(frames())
            total = running_sum(loop, frame)
            return {
                "frame": loop.stack(frame),
                "total": loop.stack(total),
                "total_again": loop.stack(total),
                "positive": loop.stack(total > 0.0),
                "outer": loop.stack(vector()),
                "outer_label": loop.stack(nn.constant(3, [nn.batch_dim], sparse_dim=LABELS)),
                "outer_condition": loop.stack(vector() > 0.0),
                "computed_outer": loop.stack(nn.tanh(vector())),
                "number": loop.stack(nn.constant(1.5)),
                "label": loop.stack(loop.unstack(classes())),
            }

    check_agreement(model, FEEDS)


def test_only_outer_value_stacked() -> None:
    def model() -> dict[str, nn.Tensor]:
        with nn.Loop() as loop:
            loop.unstack(frames())
            steps = loop.stack(vector())
        return {"steps": steps, "last": loop.last(vector())}

    check_agreement(model, FEEDS)


def test_step_number() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        start(loop)
        with loop:
            scale = nn.cast(loop.iter_idx, "float32") * 0.5
            return loop.stack(running_sum(loop, loop.unstack(frames()) * scale))

    check_agreement(model, FEEDS)


def test_step_number_alone() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(nn.where(loop.iter_idx > 1, loop.unstack(frames()), 0.0))

    check_agreement(model, FEEDS)


def counted_loop(limits: nn.Tensor, include_eos: bool, max_seq_len: int) -> dict[str, nn.Tensor]:
    """Counts 1, 2, 3... per sequence and ends where the limit is reached."""
    loop = nn.Loop(max_seq_len=max_seq_len)
    loop.state.count = nn.zeros([nn.batch_dim], dtype="int32")
    with loop:
        loop.state.count = loop.state.count + 1
        loop.end(loop.state.count >= limits, include_eos=include_eos)
        steps = loop.stack(loop.state.count)
    return {"steps": steps, "state": loop.state.count}


LIMITS = nn.ExternData("limits", [nn.batch_dim], dtype="int32")


@pytest.mark.parametrize(
    ("limits", "include_eos"),
    [((3, 1, 4), True), ((3, 1, 4), False), ((2, 2, 2), True), ((2, 2, 2), False), ((1, 1, 1), True)],
)
def test_end_only(limits: tuple[int, ...], include_eos: bool) -> None:
    def model() -> dict[str, nn.Tensor]:
        return counted_loop(nn.get_extern_data(LIMITS), include_eos, 10)

    outputs = check_agreement(model, {"limits": numpy.array(limits, "int32")}).in_numpy.outputs
    expected = [limit if include_eos else limit - 1 for limit in limits]
    assert lengths_of(outputs["steps"]) == expected
    assert list(outputs["state"].value) == expected


def test_end_with_max_seq_len_first() -> None:
    def model() -> dict[str, nn.Tensor]:
        return counted_loop(nn.get_extern_data(LIMITS), True, 3)

    outputs = check_agreement(model, {"limits": numpy.array([2, 7, 5], "int32")}).in_numpy.outputs
    assert lengths_of(outputs["steps"]) == [2, 3, 3]


def test_max_seq_len_as_tensor() -> None:
    def model() -> dict[str, nn.Tensor]:
        longest = nn.reduce_max(frames().seq_len, nn.batch_dim)
        loop = nn.Loop(max_seq_len=longest - 1)
        loop.state.count = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            loop.state.count = loop.state.count + 1
            loop.end(loop.state.count >= nn.get_extern_data(LIMITS), include_eos=True)
            steps = loop.stack(loop.state.count)
        return {"steps": steps, "state": loop.state.count}

    outputs = check_agreement(model, {**FEEDS, "limits": numpy.array([2, 7, 5], "int32")}).in_numpy.outputs
    assert lengths_of(outputs["steps"]) == [2, 3, 3]


@pytest.mark.parametrize("include_eos", [True, False])
def test_end_and_unstack_whichever_is_first(include_eos: bool) -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        start(loop)
        with loop:
            total = running_sum(loop, loop.unstack(frames()))
            loop.end(loop.iter_idx + 1 >= nn.get_extern_data(LIMITS), include_eos=include_eos)
            sums = loop.stack(total)
        return {"sums": sums, "state": loop.state.total}

    limits = (2, 7, 1)  # against lengths 4, 2, 3
    outputs = check_agreement(model, {**FEEDS, "limits": numpy.array(limits, "int32")}).in_numpy.outputs
    assert lengths_of(outputs["sums"]) == ([2, 2, 1] if include_eos else [1, 2, 0])


def test_unstack_and_max_seq_len() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=3)
        start(loop)
        with loop:
            sums = loop.stack(running_sum(loop, loop.unstack(frames())))
        return {"sums": sums, "state": loop.state.total}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    assert lengths_of(outputs["sums"]) == [3, 2, 3]


def test_include_eos_of_the_loop() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop(max_seq_len=9, include_eos=True)
        loop.state.count = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            loop.state.count = loop.state.count + 1
            loop.end(loop.state.count >= nn.get_extern_data(LIMITS))
            return loop.stack(loop.state.count)

    outputs = check_agreement(model, {"limits": numpy.array([2, 1], "int32")}).in_numpy.outputs
    assert lengths_of(outputs["output"]) == [2, 1]


@pytest.mark.parametrize("lengths", [(3, 0, 2), (0, 1, 0)])
def test_sequence_without_steps(lengths: tuple[int, ...]) -> None:
    """Its state is the initial value."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.total = vector()
        with loop:
            frame = loop.unstack(frames())
            sums = loop.stack(running_sum(loop, frame))
            last = loop.last(frame * 2.0)
        return {"sums": sums, "state": loop.state.total, "last": last}

    feeds = {**FEEDS, "data": ragged_frames(lengths, 5)}
    outputs = check_agreement(model, feeds).in_numpy.outputs
    for index, length in enumerate(lengths):
        if not length:
            numpy.testing.assert_array_equal(outputs["state"].value[index], FEEDS["vector"][index])


def test_given_axis_without_unstack() -> None:
    """The axis alone gives the length."""

    def model() -> dict[str, nn.Tensor]:
        frames()
        loop = nn.Loop(axis=TIME)
        loop.state.count = nn.zeros([nn.batch_dim])
        with loop:
            loop.state.count = loop.state.count + 1.0
            steps = loop.stack(loop.state.count)
        return {"steps": steps, "state": loop.state.count, "frames": frames()}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    assert list(outputs["state"].value) == list(LENGTHS)


@pytest.mark.parametrize("include_eos", [True, False])
def test_end_for_the_whole_batch(include_eos: bool) -> None:
    """A condition without batch dim."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=7)
        loop.state.total = vector()
        with loop:
            total = running_sum(loop, vector())
            loop.end(loop.iter_idx >= 2, include_eos=include_eos)
            steps = loop.stack(total)
        return {"steps": steps, "state": loop.state.total}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    assert lengths_of(outputs["steps"]) == ([3, 3, 3] if include_eos else [2, 2, 2])


@pytest.mark.parametrize("include_eos", [True, False])
def test_end_and_given_axis(include_eos: bool) -> None:
    """The axis of a tensor limits the loop, though nothing is unstacked."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        loop = nn.Loop(axis=TIME)
        loop.state.total = vector()
        with loop:
            total = running_sum(loop, x[loop.iter_idx])
            loop.end(loop.iter_idx + 1 >= nn.get_extern_data(LIMITS), include_eos=include_eos)
            steps = loop.stack(total)
        return {"steps": steps, "state": loop.state.total}

    feeds = {**FEEDS, "limits": numpy.array([2, 7, 5], "int32")}
    outputs = check_agreement(model, feeds).in_numpy.outputs
    assert lengths_of(outputs["steps"]) == ([2, 2, 3] if include_eos else [1, 2, 3])


def test_end_and_new_axis() -> None:
    """A dim that no tensor has names the axis of the steps."""

    def model() -> nn.Tensor:
        loop = nn.Loop(axis=nn.Dim(None, "written"), max_seq_len=9)
        loop.state.total = vector()
        with loop:
            total = running_sum(loop, vector())
            loop.end(loop.iter_idx + 1 >= nn.get_extern_data(LIMITS), include_eos=True)
            return loop.stack(total)

    run = check_agreement(model, {**FEEDS, "limits": numpy.array([2, 7, 5], "int32")})
    assert run.in_returnn.outputs["output"].dims.count("written") == 1


def test_loop_in_a_called_module() -> None:
    """A sub module opens a loop; a loop goes on in sub modules and functions."""

    class Inner(nn.Module):
        def forward(self, loop: nn.Loop, frame: nn.Tensor) -> nn.Tensor:
            return loop.stack(running_sum(loop, frame))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def forward(self) -> nn.Tensor:
            loop = nn.Loop()
            start(loop)
            with loop:
                return self.inner(loop, loop.unstack(frames()))

    check_agreement(Model(), FEEDS)


def test_end_that_does_not_depend_on_the_input() -> None:
    """RETURNN computes on the frames for all steps at once, after the loop."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        with loop:
            y = nn.tanh(loop.unstack(frames()))
            loop.end(loop.iter_idx + 1 >= 2, include_eos=True)
            return loop.stack(y)

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    assert lengths_of(outputs["output"]) == [2, 2, 2]
