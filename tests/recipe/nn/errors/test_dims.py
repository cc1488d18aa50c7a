"""Dims that do not match, parts that do not add up, inputs that are declared wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from recipe import nn

from ..inputs import FEATURES, LABELS, TIME, frames, other_frames, vector
from .wrong_programs import (
    HIDDEN,
    SHORT,
    SHORT_INPUT,
    Wrong,
    check_error,
    check_parts,
    frame_loop,
    message_of,
    name_of,
)


def sum_of_two_dims_of_one_size() -> Any:
    bias = nn.zeros([nn.batch_dim, HIDDEN])
    return frames() + bias  # MISTAKE


def sum_with_an_int_dim() -> Any:
    return frames() + nn.zeros([5])  # MISTAKE


def product_over_two_axes() -> Any:
    return frames() * nn.get_extern_data(SHORT_INPUT)  # MISTAKE


def comparison_over_two_axes() -> Any:
    return frames() > nn.get_extern_data(SHORT_INPUT)  # MISTAKE


def concat_over_two_axes() -> Any:
    other = nn.get_extern_data(SHORT_INPUT)
    return nn.concat(frames(), other)  # MISTAKE


def concat_of_nothing() -> Any:
    return nn.concat([])  # MISTAKE


def dot_without_common_dim() -> Any:
    return nn.dot(vector(), nn.zeros([HIDDEN, LABELS]))  # MISTAKE


def dot_over_the_wrong_dim() -> Any:
    return nn.dot(frames(), nn.zeros([nn.batch_dim, TIME, HIDDEN]))  # MISTAKE


def two_axes_of_one_dim() -> Any:
    return nn.dot(frames(), nn.zeros([FEATURES, FEATURES]))  # MISTAKE


def split_that_does_not_fit() -> Any:
    return nn.split(frames(), size_splits=[2, 2])[0]  # MISTAKE


def split_in_unequal_parts() -> Any:
    return nn.split(frames(), 2)[0]  # MISTAKE


def split_in_no_parts() -> Any:
    return nn.split(frames(), 0)[0]  # MISTAKE


def split_by_a_list() -> Any:
    return nn.split(frames(), [2, 3])[0]  # type: ignore[arg-type]  # MISTAKE


def negative_size() -> Any:
    return nn.split(frames(), size_splits=[-1, 6])[0]  # MISTAKE


def slice_beyond_the_end() -> Any:
    return nn.slice(frames(), 3, 4)  # MISTAKE


def reduce_over_a_number() -> Any:
    return nn.reduce_sum(frames(), axis=-1)  # MISTAKE


def reduce_over_a_misspelled_name() -> Any:
    return nn.reduce_mean(frames(), axis="feature")  # MISTAKE


def dims_without_a_list() -> Any:
    return nn.zeros(FEATURES) * vector()  # type: ignore[arg-type]  # MISTAKE


def name_and_size_swapped() -> Any:
    return nn.Linear(nn.Dim("hidden", 5))(frames())  # type: ignore[arg-type]  # MISTAKE


def half_a_dim() -> Any:
    return nn.Linear(FEATURES / 2)(frames())  # type: ignore[operator]  # MISTAKE


def part_of_a_dim() -> Any:
    return nn.Linear(FEATURES // 2)(frames())  # MISTAKE


def dim_by_zero() -> Any:
    return nn.Linear(FEATURES // 0)(frames())  # MISTAKE


def dim_plus_text() -> Any:
    return nn.Linear(FEATURES + "a")(frames())  # type: ignore[operator]  # MISTAKE


def size_of_a_length() -> Any:
    return frames() / TIME.size  # MISTAKE


def constant_over_nothing() -> Any:
    words = nn.Dim(None, "words")
    return vector() * nn.reduce_sum(nn.ones([nn.batch_dim, words]), words)  # MISTAKE


def constant_before_its_axis() -> Any:
    offset = nn.zeros([nn.batch_dim, SHORT, FEATURES])  # MISTAKE
    return nn.replace_dim(frames(), out_dim=SHORT) + offset


def constant_over_an_axis_of_a_step() -> Any:
    loop, x = frame_loop()
    with loop:
        halves = nn.pool(x * loop.unstack(x), 2)
        total = loop.stack(nn.reduce_sum(halves, halves.spatial_dim))
    return total * nn.reduce_sum(nn.ones([nn.batch_dim, halves.spatial_dim]), halves.spatial_dim)  # MISTAKE


def other_size_in_place() -> Any:
    return nn.replace_dim(frames(), axis=FEATURES, out_dim=LABELS)  # MISTAKE


def input_that_is_not_declared() -> Any:
    return nn.get_extern_data("data")  # MISTAKE


def input_by_number() -> Any:
    return nn.get_extern_data(5)  # type: ignore[arg-type]  # MISTAKE


def input_without_batch() -> Any:
    return nn.get_extern_data(nn.ExternData("x", [TIME, FEATURES]))  # MISTAKE


def input_with_one_dim_twice() -> Any:
    return nn.get_extern_data(nn.ExternData("x", [nn.batch_dim, TIME, TIME]))  # MISTAKE


def input_declared_twice() -> Any:
    frames()
    return nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME, LABELS]))  # MISTAKE


def output_twice() -> Any:
    frames().mark_as_output("x")
    other_frames().mark_as_output("x")  # MISTAKE


def output_named_by_number() -> Any:
    frames().mark_as_output(5)  # type: ignore[arg-type]  # MISTAKE


PROGRAMS = [
    Wrong(
        sum_of_two_dims_of_one_size,
        [
            "bias <constant 0.0 [batch, hidden=5]",
            "'data' [batch, time, features=5]",
            "same size, but are two dims",
            "one Dim",
        ],
    ),
    Wrong(sum_with_an_int_dim, ["'5' and 'features' have the same size", "use one Dim object in both places"]),
    Wrong(
        product_over_two_axes, ["dims do not match in mul", "has [short]", "'short_input' [batch, short, features=5]"]
    ),
    Wrong(comparison_over_two_axes, ["dims do not match in greater", "has [short]", "nn.expand(x, [dim])"]),
    Wrong(concat_over_two_axes, ["concat joins features", "'short_input' [batch, short, features=5]", "has [short]"]),
    Wrong(concat_of_nothing, ["nn.concat(a, b)"]),
    Wrong(dot_without_common_dim, ["features=5", "constant 0.0 [hidden=5, labels=7]", "share no dim"]),
    Wrong(
        dot_over_the_wrong_dim, ["features=5", "constant 0.0 [batch, time, hidden=5]", "Both have [time]", "reduce=dim"]
    ),
    Wrong(two_axes_of_one_dim, ["the dim features=5 twice", "nn.Dim(5, name=...)"]),
    Wrong(split_that_does_not_fit, ["'data' [batch, time, features=5]", "2 + 2 do not add up to 5"]),
    Wrong(split_in_unequal_parts, ["features=5", "cannot be split into 2 equal parts", "size_splits=[...]"]),
    Wrong(split_in_no_parts, ["into 0 parts", "an int from 1 on"]),
    Wrong(split_by_a_list, ["into [2, 3] parts", "size_splits=[2, 3]"]),
    Wrong(negative_size, ["a Dim or an int of at least 1, not -1"]),
    Wrong(slice_beyond_the_end, ["'data' [batch, time, features=5]", "entries 0 to 4, not 3 to 6"]),
    Wrong(reduce_over_a_number, ["no axis -1", '"F" (features)']),
    Wrong(reduce_over_a_misspelled_name, ["no axis 'feature'", "Did you mean 'features'?"]),
    Wrong(dims_without_a_list, ["[features=5]", "dims come as a list"]),
    Wrong(name_and_size_swapped, ["size of a Dim comes first", "nn.Dim(5, 'hidden')"]),
    Wrong(half_a_dim, ["dim // 2, not dim / 2"]),
    Wrong(part_of_a_dim, ["features=5 is not divisible by 2"]),
    Wrong(dim_by_zero, ["features=5 cannot be divided by 0"]),
    Wrong(dim_plus_text, ["not 'a'"]),
    Wrong(size_of_a_length, ["'time' has no fixed size"]),
    Wrong(
        constant_over_nothing,
        ["<constant 1.0 [batch, words]> has the axis words, but no tensor has it here", "such as x.spatial_dim"],
    ),
    Wrong(
        constant_before_its_axis,
        ["<constant 0.0 [batch, short, features=5]>", "an axis of <replace_dim [batch, short, features=5]", "after it"],
    ),
    Wrong(
        constant_over_an_axis_of_a_step,
        ["the axis time_by_2", "an axis of <pool [batch, time_by_2, features=5]", "in the same loop"],
    ),
    Wrong(other_size_in_place, ["features=5", "labels=7", "different sizes"]),
    Wrong(
        input_that_is_not_declared, ["'data' is not declared", "nn.ExternData('data', [nn.batch_dim, time, feature])"]
    ),
    Wrong(input_by_number, ["its key in the dataset", "not 5"]),
    Wrong(
        input_without_batch,
        ["nn.batch_dim", "[time, features=5]", "nn.ExternData(name, [nn.batch_dim, time, feature])"],
    ),
    Wrong(input_with_one_dim_twice, ["the dim time twice", "[batch, time, time]"]),
    Wrong(input_declared_twice, ["'data' was declared before with other dims", "[batch, time, labels=7]"]),
    Wrong(output_twice, ["already is an output called 'x'", "'data' [batch, time, features=5]"]),
    Wrong(output_named_by_number, ["name of an output is a text, not 5"]),
]


@pytest.mark.parametrize("wrong", PROGRAMS, ids=lambda wrong: name_of(wrong.model))
def test_error(wrong: Wrong) -> None:
    check_error(wrong)


def test_misspelled_input_of_declared_ones() -> None:
    declared = [nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])]
    message = message_of(lambda: nn.get_extern_data("dta"), extern_data=declared)
    check_parts(message, ["'dta' is not declared, only ['data']", "Did you mean 'data'?"])


@pytest.mark.parametrize(
    ("extern_data", "part"),
    [
        (["data"], "'data' is in it"),
        (nn.ExternData("data", [nn.batch_dim, FEATURES]), "extern_data is a list"),
        ({"data": {"dim": 5}}, "{'dim': 5} is in it"),
        ({"x": nn.ExternData("data", [nn.batch_dim, FEATURES])}, "under the name 'x'"),
    ],
)
def test_declarations_that_are_none(extern_data: Any, part: str) -> None:
    check_parts(message_of(frames, extern_data=extern_data), [part])


def test_dim_with_other_number_of_labels() -> None:
    with pytest.raises(nn.NetworkError, match="'letters' has size 3, but 1 labels were given"):
        nn.Dim(3, "letters", labels=["a"])
