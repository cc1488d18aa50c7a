"""Wrong states: other dims, dtype or parts, writing into a part, misspelled names (rules L2, L8 and L9)."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..inputs import FEATURES, LABELS, classes, frames
from .wrong_programs import HIDDEN, Wrong, check_error, name_of, start, warnings_of


def state_with_other_dims() -> Any:
    loop = nn.Loop()
    loop.state.s = nn.zeros([nn.batch_dim])
    with loop:
        loop.state.s = loop.unstack(frames())  # MISTAKE
        return loop.stack(loop.state.s)


def state_that_grows() -> Any:
    loop = nn.Loop()
    loop.state.s = start()
    with loop:
        loop.state.s = nn.concat(loop.state.s, loop.unstack(frames()))  # MISTAKE
        return loop.stack(loop.state.s)


def state_with_another_dim_of_that_size() -> Any:
    linear = nn.Linear(HIDDEN)
    loop = nn.Loop()
    loop.state.s = start()
    with loop:
        loop.state.s = linear(loop.unstack(frames()))  # MISTAKE
        return loop.stack(loop.state.s)


def vector_state_gets_a_number() -> Any:
    loop = nn.Loop()
    loop.state.s = start()
    with loop:
        loop.unstack(frames())
        loop.state.s = 1  # MISTAKE
        return loop.stack(loop.state.s)


def float_state_gets_int() -> Any:
    loop = nn.Loop()
    loop.state.s = nn.zeros([nn.batch_dim])
    with loop:
        loop.state.s = loop.unstack(nn.cast(classes(), "int32"))  # MISTAKE
        return loop.stack(loop.state.s)


def int_state_gets_float() -> Any:
    loop = nn.Loop()
    loop.state.count = nn.constant(0)
    with loop:
        loop.unstack(frames())
        loop.state.count = nn.cast(loop.state.count, "float32") + 0.5  # MISTAKE
        return loop.stack(loop.state.count)


def int_state_plus_float() -> Any:
    loop = nn.Loop()
    loop.state.total = 0
    with loop:
        loop.state.total = loop.state.total + nn.reduce_sum(loop.unstack(frames()))  # MISTAKE
        return loop.stack(loop.state.total)


def state_with_other_labels() -> Any:
    loop = nn.Loop()
    loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=nn.Dim(7, name="others"))
    with loop:
        loop.state.label = loop.unstack(classes())  # MISTAKE
        return loop.stack(loop.state.label)


def state_without_labels_embedded() -> Any:
    embedding = nn.Embedding(LABELS, 3)
    loop = nn.Loop()
    loop.state.label = nn.constant(0, [nn.batch_dim])
    with loop:
        y = embedding(loop.state.label)  # MISTAKE
        loop.state.label = loop.unstack(classes())
        return loop.stack(y)


def start_label_out_of_range() -> Any:
    loop = nn.Loop()
    loop.state.label = nn.constant(7, [nn.batch_dim], sparse_dim=LABELS)  # MISTAKE
    with loop:
        loop.state.label = loop.unstack(classes())
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


def results_of_a_cell_swapped() -> Any:
    cell = nn.LstmCell(FEATURES, HIDDEN)
    loop = nn.Loop()
    loop.state.cell = cell.initial_state()
    with loop:
        loop.state.cell, h = cell(loop.unstack(frames()), loop.state.cell)  # MISTAKE
        return loop.stack(h)


def part_of_a_state_with_other_dims() -> Any:
    loop = nn.Loop()
    loop.state.s = {"a": start(), "b": start()}
    with loop:
        x = loop.unstack(frames())
        loop.state.s = {"a": x, "b": nn.reduce_sum(x)}  # MISTAKE
        return loop.stack(loop.state.s["a"])


def write_into_dict() -> Any:
    loop = nn.Loop()
    loop.state.s = {"a": start()}
    with loop:
        loop.state.s["a"] = loop.unstack(frames())  # MISTAKE
        return loop.stack(loop.state.s["a"])


def write_into_list() -> Any:
    loop = nn.Loop()
    loop.state.s = [start(), start()]
    with loop:
        loop.state.s[0] = loop.unstack(frames())  # MISTAKE
        return loop.stack(loop.state.s[0])


def append_to_list() -> Any:
    loop = nn.Loop()
    loop.state.s = [start()]
    with loop:
        loop.state.s.append(loop.unstack(frames()))  # MISTAKE
        return loop.stack(loop.state.s[0])


def write_into_named_tuple() -> Any:
    cell = nn.LstmCell(FEATURES, HIDDEN)
    loop = nn.Loop()
    loop.state.cell = cell.initial_state()
    with loop:
        h, _ = cell(loop.unstack(frames()), loop.state.cell)
        loop.state.cell.h = h  # MISTAKE
        return loop.stack(h)


def part_of_a_tensor() -> Any:
    loop = nn.Loop()
    loop.state.s = start()
    with loop:
        loop.state.s.h = loop.unstack(frames())  # MISTAKE
        return loop.stack(loop.state.s)


def part_before_the_whole() -> Any:
    loop = nn.Loop()
    loop.state.s.h = start()  # MISTAKE
    with loop:
        loop.state.s.h = loop.unstack(frames())
        return loop.stack(loop.state.s.h)


def missing_part_of_dict() -> Any:
    loop = nn.Loop()
    loop.state.s = {"a": start()}
    with loop:
        return loop.stack(loop.unstack(frames()) + loop.state.s["b"])  # MISTAKE


def missing_part_of_tuple() -> Any:
    loop = nn.Loop()
    loop.state.s = (start(),)
    with loop:
        return loop.stack(loop.unstack(frames()) + loop.state.s[1])  # MISTAKE


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


def state_misspelled_where_read() -> Any:
    loop = nn.Loop()
    loop.state.hidden = start()
    with loop:
        loop.state.hidden = loop.state.hiden + loop.unstack(frames())  # MISTAKE
        return loop.stack(loop.state.hidden)


def state_misspelled_after_the_loop() -> Any:
    loop = nn.Loop()
    loop.state.hidden = start()
    with loop:
        loop.state.hidden = loop.state.hidden + loop.unstack(frames())
    return loop.state.hiden  # MISTAKE


def state_read_before_the_loop() -> Any:
    loop = nn.Loop()
    loop.state.other = start()
    return loop.state.s  # MISTAKE


def state_on_the_loop_itself() -> Any:
    loop = nn.Loop()
    loop.h = start()  # MISTAKE
    with loop:
        return loop.stack(loop.unstack(frames()))


def all_states_at_once() -> Any:
    loop = nn.Loop()
    loop.state = {"h": start()}  # type: ignore[misc,assignment]  # MISTAKE
    with loop:
        return loop.stack(loop.unstack(frames()))


def state_as_item() -> Any:
    loop = nn.Loop()
    loop.state["h"] = start()  # MISTAKE
    with loop:
        return loop.stack(loop.unstack(frames()))


def state_read_as_item() -> Any:
    loop = nn.Loop()
    loop.state.h = start()
    with loop:
        return loop.stack(loop.unstack(frames()) + loop.state["h"])  # MISTAKE


def state_deleted() -> Any:
    loop = nn.Loop()
    loop.state.h = start()
    with loop:
        loop.state.h = loop.unstack(frames())
        del loop.state.h  # MISTAKE


def states_as_a_tensor() -> Any:
    loop = nn.Loop()
    loop.state.h = start()
    with loop:
        return loop.stack(loop.unstack(frames()) + loop.state)  # type: ignore[operator]  # MISTAKE


def state_of_two_parts_as_a_tensor() -> Any:
    state = nn.State(nn.LstmCell(FEATURES).initial_state(), name="s")
    with nn.Loop() as loop:
        return loop.stack(loop.unstack(frames()) + state)  # MISTAKE


def initial_value_of_other_dims() -> Any:
    state = nn.State([nn.batch_dim, FEATURES], initial=nn.zeros([nn.batch_dim]), name="s")
    with nn.Loop() as loop:
        state.assign(loop.unstack(frames()))  # MISTAKE
        return loop.stack(state.get())


def initial_value_none() -> Any:
    loop = nn.Loop()
    loop.state.h = None  # MISTAKE


def initial_value_array() -> Any:
    loop = nn.Loop()
    loop.state.h = numpy.zeros(5, "float32")  # MISTAKE


PROGRAMS = [
    Wrong(state_with_other_dims, ["state 's'", "[batch]", "[batch, features=5]", "before the loop", "nn.zeros("]),
    Wrong(state_that_grows, ["state 's'", "[batch, features=5]", "concat [batch, 2*features=10]", "keeps its dims"]),
    Wrong(state_with_another_dim_of_that_size, ["'features' and 'hidden' have the same size", "use one Dim object"]),
    Wrong(vector_state_gets_a_number, ["<number 1>", "nn.constant(1, [nn.batch_dim, FEATURES], dtype='float32')"]),
    Wrong(float_state_gets_int, ["state 's' is float32", "rec_unstack [batch]", "nn.cast(value, 'float32')"]),
    Wrong(int_state_gets_float, ["state 'count' is int32", "float32", "nn.cast(value, 'int32')", "initial value"]),
    Wrong(int_state_plus_float, ["add of int32 and float32", "state 'total' []", "start it with 0.0"]),
    Wrong(
        state_with_other_labels, ["state 'label'", "others=7", "labels=7", "nn.cast(value, 'int32', sparse_dim=dim)"]
    ),
    Wrong(
        state_without_labels_embedded, ["state 'label' [batch]", "labels=7", "nn.constant(0, [nn.batch_dim], sparse"]
    ),
    Wrong(start_label_out_of_range, ["7 is no label of labels=7", "0 to 6"]),
    Wrong(
        state_with_other_structure, ["state 'pair'", "(tensor, tensor)", "but tensor is assigned", "assign them all"]
    ),
    Wrong(state_with_fewer_parts, ["state 's'", "{a: tensor, b: tensor}", "{a: tensor} is assigned"]),
    Wrong(results_of_a_cell_swapped, ["state 'cell'", "LstmState(tensor, tensor)", "but tensor is assigned"]),
    Wrong(part_of_a_state_with_other_dims, ["state \"s['b']\"", "[batch, features=5]", "reduce_sum [batch]"]),
    Wrong(write_into_dict, ["cannot be written into", "loop.state.s = {**loop.state.s"]),
    Wrong(write_into_list, ["cannot be written into", "loop.state.s = [value, *loop.state.s[1:]]"]),
    Wrong(append_to_list, ["cannot be written into", "Assign the whole state"]),
    Wrong(write_into_named_tuple, ["cannot be written into", "loop.state.s._replace(h=value)"]),
    Wrong(part_of_a_tensor, ["state 's' [batch, features=5]", "no part 'h'", "loop.state.s = {'h': value, ...}"]),
    Wrong(part_before_the_whole, ["loop.state.s is read before it was assigned", "assigned as a whole"]),
    Wrong(missing_part_of_dict, ["no part 'b'", "['a']"]),
    Wrong(missing_part_of_tuple, ["no part 1", "0 to 0"]),
    Wrong(
        shape_of_state_unknown, ["shape of state 's'", "initial value before the loop", "nn.zeros([nn.batch_dim, dim])"]
    ),
    Wrong(dims_of_state_needed, ["state 's' [not known yet]", "initial value", "nn.zeros([nn.batch_dim, dim])"]),
    Wrong(state_never_assigned_nor_given, ["state 's' is read, but never assigned"]),
    Wrong(state_misspelled_where_read, ["state 'hiden' is read, but never assigned", "Did you mean 'hidden'?"]),
    Wrong(state_misspelled_after_the_loop, ["loop.state.hiden is read before", "['hidden']", "Did you mean 'hidden'?"]),
    Wrong(state_read_before_the_loop, ["loop.state.s is read before it was assigned", "['other']"]),
    Wrong(state_on_the_loop_itself, ["a Loop has no 'h'", "loop.state.h = value"]),
    Wrong(all_states_at_once, ["assign each by its name", "loop.state.NAME = value"]),
    Wrong(state_as_item, ["loop.state.h = ..., not loop.state['h']"]),
    Wrong(state_read_as_item, ["loop.state.h, not loop.state['h']"]),
    Wrong(state_deleted, ["loop.state.h cannot be deleted"]),
    Wrong(states_as_a_tensor, ["loop.state itself", "loop.state.NAME", "['h']"]),
    Wrong(state_of_two_parts_as_a_tensor, ["LstmState(tensor, tensor)", "value.h, value.c"]),
    Wrong(initial_value_of_other_dims, ["State 's' was declared as [batch, features=5]", "constant 0.0 [batch]"]),
    Wrong(initial_value_none, ["not None"]),
    Wrong(initial_value_array, ["an array (5,)", "nn.Parameter or nn.constant"]),
]


@pytest.mark.parametrize("wrong", PROGRAMS, ids=lambda wrong: name_of(wrong.model))
def test_error(wrong: Wrong) -> None:
    check_error(wrong)


def test_dict_state_may_be_updated_by_operator() -> None:
    """``|=`` on an attribute assigns the whole state."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = {"a": start(), "b": start()}
        with loop:
            loop.state.s |= {"a": loop.unstack(frames())}
            return loop.stack(loop.state.s["a"] + loop.state.s["b"])

    network = nn.Network(model)
    feed = numpy.ones((1, 2, 5), "float32")
    numpy.testing.assert_array_equal(nn.run_numpy(network, {"data": (feed, [2])}).outputs["output"].value, feed)


def test_named_tuple_read_from_a_state_is_still_one() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.cell = nn.LstmState(start(), start())
        with loop:
            assert isinstance(loop.state.cell, nn.LstmState)
            loop.state.cell = loop.state.cell._replace(h=loop.unstack(frames()))
            return loop.stack(loop.state.cell.h)

    assert not warnings_of(model)
