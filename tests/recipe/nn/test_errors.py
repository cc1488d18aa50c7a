"""Rule L9: mistakes are told at once, with the user's own line, the tensors and their dims, and what to do."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from recipe import nn

from .inputs import FEATURES, LABELS, TIME, classes, frames, other_frames, vector

HERE = str(pathlib.Path(__file__))
SHORT = nn.Dim(None, name="short")
SHORT_INPUT = nn.ExternData("short_input", [nn.batch_dim, SHORT, FEATURES])


def start() -> nn.Tensor:
    """Zeros [batch, features]."""
    return nn.zeros([nn.batch_dim, FEATURES])


def inner_value_outside() -> Any:
    with nn.Loop() as loop:
        y = nn.tanh(loop.unstack(frames()))
        loop.stack(y)
    return y + 1.0  # MISTAKE


def inner_value_as_output() -> Any:
    with nn.Loop() as loop:
        y = nn.tanh(loop.unstack(frames()))
    return y  # told where the network is made


def value_of_another_loop() -> Any:
    with nn.Loop() as loop:
        y = nn.tanh(loop.unstack(frames()))
        loop.stack(y)
    with nn.Loop() as second:
        return second.stack(second.unstack(frames()) + y)  # MISTAKE


def stacked_value_inside() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
        y = loop.stack(x)
        return loop.stack(nn.reduce_sum(y, TIME) + x)  # MISTAKE


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


def no_length() -> Any:
    loop = nn.Loop()  # the loop itself
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


def dims_do_not_match() -> Any:
    return frames() + nn.zeros([nn.batch_dim, nn.Dim(5, name="five")])  # MISTAKE


def other_axis_in_sum() -> Any:
    return frames() * nn.get_extern_data(SHORT_INPUT)  # MISTAKE


def types_do_not_match() -> Any:
    return frames() + nn.cast(classes(), "int32")  # MISTAKE


def state_with_other_dims() -> Any:
    loop = nn.Loop()
    loop.state.s = nn.zeros([nn.batch_dim])
    with loop:
        loop.state.s = loop.unstack(frames())  # MISTAKE
        return loop.stack(loop.state.s)


def int_state_gets_float() -> Any:
    loop = nn.Loop()
    loop.state.count = nn.constant(0)
    with loop:
        loop.unstack(frames())
        loop.state.count = nn.cast(loop.state.count, "float32") + 0.5  # MISTAKE
        return loop.stack(loop.state.count)


def state_with_other_labels() -> Any:
    loop = nn.Loop()
    loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=nn.Dim(7, name="others"))
    with loop:
        loop.state.label = loop.unstack(classes())  # MISTAKE
        return loop.stack(loop.state.label)


def state_with_other_structure() -> Any:
    loop = nn.Loop()
    loop.state.pair = (start(), start())
    with loop:
        loop.state.pair = loop.unstack(frames())  # MISTAKE
        return loop.stack(loop.state.pair[0])


def state_with_fewer_parts() -> Any:
    loop = nn.Loop()
    loop.state.s = {"a": start(), "b": start()}
    with loop:
        loop.state.s = {"a": loop.unstack(frames())}  # MISTAKE
        return loop.stack(loop.state.s["a"])


def write_into_part_of_state() -> Any:
    loop = nn.Loop()
    loop.state.s = {"a": start()}
    with loop:
        loop.state.s["a"] = loop.unstack(frames())  # MISTAKE
        return loop.stack(loop.state.s["a"])


def if_of_tensor() -> Any:
    x = nn.reduce_sum(vector())
    return x if x > 0.0 else -x  # MISTAKE


def and_of_tensors() -> Any:
    return (vector() > 0.0) and (vector() < 1.0)  # MISTAKE


def chained_comparison() -> Any:
    return 0.0 < vector() < 1.0  # MISTAKE


def for_over_tensor() -> Any:
    return [frame for frame in frames() if frame]  # MISTAKE


def shape_of_state_unknown() -> Any:
    with nn.Loop() as loop:
        loop.unstack(frames())
        loop.state.s = nn.tanh(loop.state.s)  # MISTAKE
        return loop.stack(loop.state.s)


def dims_of_state_needed() -> Any:
    with nn.Loop() as loop:
        loop.unstack(frames())
        loop.state.s = nn.reduce_sum(loop.state.s)  # MISTAKE
        return loop.stack(loop.state.s)


def state_never_assigned_nor_given() -> Any:
    with nn.Loop() as loop:
        return loop.stack(loop.unstack(frames()) + loop.state.s)  # MISTAKE


def state_read_before_the_loop() -> Any:
    loop = nn.Loop()
    loop.state.other = start()
    return loop.state.s  # MISTAKE


def end_of_numbers() -> Any:
    with nn.Loop(max_seq_len=3) as loop:
        x = loop.unstack(frames())
        loop.end(nn.reduce_sum(x))  # MISTAKE
        return loop.stack(x)


def end_with_features() -> Any:
    with nn.Loop(max_seq_len=3) as loop:
        x = loop.unstack(frames())
        loop.end(x > 0.0)  # MISTAKE
        return loop.stack(x)


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


def stack_after_the_loop() -> Any:
    with nn.Loop() as loop:
        x = loop.unstack(frames())
    return loop.stack(x)  # MISTAKE


def last_before_the_loop() -> Any:
    loop = nn.Loop()
    return loop.last(vector())  # MISTAKE


def targets_of_other_labels() -> Any:
    logits = nn.zeros([nn.batch_dim, TIME, nn.Dim(7, name="others")]) + nn.reduce_sum(frames())
    nn.cross_entropy(logits, classes()).mark_as_loss()  # MISTAKE


def targets_that_are_no_labels() -> Any:
    nn.cross_entropy(frames(), nn.reduce_sum(frames())).mark_as_loss()  # MISTAKE


def same_output_twice() -> Any:
    frames().mark_as_output("x")
    other_frames().mark_as_output("x")  # MISTAKE


def lstm_cell_without_state() -> Any:
    cell = nn.LstmCell(FEATURES, 4)
    with nn.Loop() as loop:
        h, _ = cell(loop.unstack(frames()), None)  # type: ignore[arg-type]  # MISTAKE
        return loop.stack(h)


def lstm_state_of_other_size() -> Any:
    cell, other = nn.LstmCell(FEATURES, 4), nn.LstmCell(FEATURES, 3)
    loop = nn.Loop()
    loop.state.cell = other.initial_state()
    with loop:
        h, loop.state.cell = cell(loop.unstack(frames()), loop.state.cell)  # MISTAKE
        return loop.stack(h)


def split_that_does_not_fit() -> Any:
    return nn.split(frames(), size_splits=[2, 2])[0]  # MISTAKE


def split_in_unequal_parts() -> Any:
    return nn.split(frames(), 2)[0]  # MISTAKE


def no_tensor() -> Any:
    return nn.tanh("text")  # type: ignore[arg-type]  # MISTAKE


def two_axes_of_one_dim() -> Any:
    return nn.dot(frames(), nn.zeros([FEATURES, FEATURES]))  # MISTAKE


CASES: list[tuple[Callable[[], Any], list[str]]] = [
    (inner_value_outside, ["tanh [batch, features=5]", "inside a loop", "loop.stack(value)", "loop.last(value)"]),
    (value_of_another_loop, ["tanh [batch, features=5]", "inside a loop", "loop.stack(value)"]),
    (stacked_value_inside, ["stack [batch, time, features=5]", "exists only after it"]),
    (unstack_of_inner_value, ["rec_unstack [batch, features=5]", "inside this loop already"]),
    (unstack_of_other_axis, ["time", "short", "one loop has one length"]),
    (unstack_without_axis, ["'vector' [batch, features=5]", "0 dims with lengths", "axis=..."]),
    (unstack_of_missing_axis, ["no axis short", "[batch, time, features=5]"]),
    (no_length, ["no length", "unstack", "loop.end(condition)", "axis"]),
    (given_axis_without_lengths, ["no length", "axis of a tensor"]),
    (dims_do_not_match, ["[five=5]", "'data' [batch, time, features=5]", "same size, but are two dims"]),
    (other_axis_in_sum, ["dims do not match in mul", "time", "short"]),
    (types_do_not_match, ["float32 and int32", "nn.cast"]),
    (state_with_other_dims, ["state 's'", "[batch]", "[batch, features=5]", "initial value"]),
    (int_state_gets_float, ["state 'count' is int32", "float32", "nn.cast"]),
    (state_with_other_labels, ["state 'label'", "others=7", "labels=7"]),
    (state_with_other_structure, ["state 'pair'", "(tensor, tensor)", "but tensor is assigned"]),
    (state_with_fewer_parts, ["state 's'", "{a: tensor, b: tensor}", "{a: tensor} is assigned"]),
    (write_into_part_of_state, ["cannot be written into", "loop.state.s = {**loop.state.s"]),
    (if_of_tensor, ["greater [batch]", "nn.where(condition, a, b)"]),
    (and_of_tensors, ["has no value while the network is being written", "nn.logical_and"]),
    (chained_comparison, ["has no value while the network is being written"]),
    (for_over_tensor, ["cannot be iterated over", "nn.Loop"]),
    (shape_of_state_unknown, ["shape of state 's'", "initial value before the loop"]),
    (dims_of_state_needed, ["state", "not known", "initial value"]),
    (state_never_assigned_nor_given, ["state 's' is read, but never assigned"]),
    (state_read_before_the_loop, ["loop.state.s is read before it was assigned", "['other']"]),
    (end_of_numbers, ["must be a comparison (bool)", "float32"]),
    (end_with_features, ["one value per sequence, [batch]", "features=5"]),
    (end_twice, ["was called before", "nn.logical_or"]),
    (loop_twice, ["runs once", "make another nn.Loop()"]),
    (stack_after_the_loop, ["the loop is over", "inside of its `with` block"]),
    (last_before_the_loop, ["inside of `with nn.Loop(...) as loop:`, or after it"]),
    (targets_of_other_labels, ["labels=7", "others=7"]),
    (targets_that_are_no_labels, ["wants labels as targets", "float32"]),
    (same_output_twice, ["already is an output called 'x'"]),
    (lstm_cell_without_state, ["LstmCell wants its state", "cell.initial_state()"]),
    (lstm_state_of_other_size, ["state h of LstmCell must be [batch, 4]", "[batch, 3]"]),
    (split_that_does_not_fit, ["2 + 2 do not add up to 5"]),
    (split_in_unequal_parts, ["cannot be split into 2 equal parts"]),
    (no_tensor, ["a tensor is wanted here, not 'text' (str)"]),
    (two_axes_of_one_dim, ["the dim features=5 twice", "nn.Dim(5, name=...)"]),
]


def line_of_mistake(model: Callable[[], Any]) -> int:
    """The line that is marked in a program above."""
    code = model.__code__
    lines = pathlib.Path(HERE).read_text().splitlines()
    return next(
        number for number in range(code.co_firstlineno, len(lines) + 1) if lines[number - 1].endswith("# MISTAKE")
    )


@pytest.mark.filterwarnings("ignore::recipe.nn.NetworkWarning")
@pytest.mark.parametrize(("model", "parts"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_error(model: Callable[[], Any], parts: list[str]) -> None:
    with pytest.raises(nn.NetworkError) as caught:
        nn.Network(model)
    message = str(caught.value)
    assert message.startswith(f"{HERE}:{line_of_mistake(model)}: "), message
    for part in parts:
        assert part in message, f"{part!r} is not in: {message}"


def test_inner_value_as_result() -> None:
    with pytest.raises(nn.NetworkError, match=r"tanh \[batch, features=5\].*inside a loop.*loop.stack"):
        nn.Network(inner_value_as_output)


def test_message_shows_the_source_line() -> None:
    with pytest.raises(nn.NetworkError, match=re.escape('return nn.tanh("text")')):
        nn.Network(no_tensor)


def test_error_leaves_no_recording_behind() -> None:
    with pytest.raises(nn.NetworkError):
        nn.Network(no_length)
    assert nn.Network(frames).outputs


def test_tensors_outside_of_a_network() -> None:
    with pytest.raises(nn.NetworkError, match="only while a network is being recorded"):
        frames()


def test_tensor_of_another_network() -> None:
    kept: list[nn.Tensor] = []

    def first() -> nn.Tensor:
        kept.append(frames())
        return kept[0]

    nn.Network(first)
    with pytest.raises(nn.NetworkError, match="belongs to another network"):
        nn.Network(lambda: kept[0] + 1.0)


def test_network_without_result() -> None:
    with pytest.raises(nn.NetworkError, match="returns no tensor and marks no loss"):
        nn.Network(lambda: None)


def test_network_of_a_class() -> None:
    with pytest.raises(nn.NetworkError, match="a Module or a function to call"):
        nn.Network(nn.Linear)


def test_network_in_a_network() -> None:
    def model() -> nn.Tensor:
        nn.Network(frames)
        return frames()

    with pytest.raises(nn.NetworkError, match="is being recorded already"):
        nn.Network(model)


def test_input_declared_twice() -> None:
    def model() -> nn.Tensor:
        other = nn.ExternData("data", [nn.batch_dim, SHORT, FEATURES])
        return nn.reduce_sum(frames(), TIME) + nn.reduce_sum(nn.get_extern_data(other), SHORT)

    with pytest.raises(nn.NetworkError, match="'data' was declared before with other dims"):
        nn.Network(model)


# warnings


class Forgetful(nn.Module):
    """A cell that starts anew in each step."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LstmCell(FEATURES, 4)
        self.unused = nn.Linear(FEATURES, LABELS)

    def forward(self, where: str) -> nn.Tensor:
        before = self.cell.initial_state()
        with nn.Loop() as loop:
            state = before if where == "outside" else self.cell.initial_state()
            h, _ = self.cell(loop.unstack(frames()), state)
            y = loop.stack(h)
        nn.reduce_sum(y).mark_as_loss("sum")
        return y


@pytest.mark.parametrize("where", ["inside", "outside"])
@pytest.mark.filterwarnings("ignore:no output and no loss")
def test_state_that_starts_anew_in_each_step(where: str) -> None:
    with pytest.warns(
        nn.NetworkWarning, match="same state in each step.*loop.state.cell = cell.initial_state"
    ) as caught:
        nn.Network(Forgetful(), where=where)
    told = [warning for warning in caught if "same state" in str(warning.message)]
    assert [warning.filename for warning in told] == [HERE]


@pytest.mark.filterwarnings("ignore:LstmCell gets")
def test_unused_parameters() -> None:
    with pytest.warns(nn.NetworkWarning, match="no output and no loss depends on these parameters: unused/W, unused/b"):
        nn.Network(Forgetful(), where="outside")


def test_state_read_and_never_assigned() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = start()
        with loop:
            return loop.stack(loop.unstack(frames()) + loop.state.s)

    with pytest.warns(nn.NetworkWarning, match="state 's' is read in the loop, but never assigned") as caught:
        nn.Network(model)
    assert caught[0].filename == HERE


def test_good_programs_are_not_warned_of(recwarn: pytest.WarningsRecorder) -> None:
    class Good(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.LstmCell(FEATURES, 4)

        def forward(self) -> nn.Tensor:
            loop = nn.Loop()
            loop.state.cell = self.cell.initial_state()
            with loop:
                h, loop.state.cell = self.cell(loop.unstack(frames()), loop.state.cell)
                y = loop.stack(h)
            nn.reduce_sum(y).mark_as_loss("sum")
            return y

    nn.Network(Good())
    assert not [warning for warning in recwarn if issubclass(warning.category, nn.NetworkWarning)]
