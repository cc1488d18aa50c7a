"""Wrong modules: not reached by attributes, made in each call, called with other arguments; sizes that do not fit."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy
import pytest

from recipe import nn

from ..inputs import FEATURES, FEEDS, LABELS, TIME, classes, frames, vector
from .wrong_programs import HIDDEN, Wrong, check_error, name_of, start


def swapped_dims() -> Any:
    linear = nn.Linear(HIDDEN, FEATURES)
    return linear(frames())  # MISTAKE


def other_dim_of_that_size() -> Any:
    linear = nn.Linear(HIDDEN, 7)
    return linear(frames())  # MISTAKE


def labels_in_linear() -> Any:
    linear = nn.Linear(FEATURES, 3)
    return linear(classes())  # MISTAKE


def list_with_a_number() -> Any:
    linear = nn.Linear(3)
    return linear([frames(), 1.0])  # MISTAKE


def three_dims() -> Any:
    return nn.Linear(1, 2, 3)  # MISTAKE


def tensor_as_size() -> Any:
    return nn.Linear(frames())  # type: ignore[arg-type]  # MISTAKE


def float_as_size() -> Any:
    return nn.Linear(5.0)(frames())  # type: ignore[arg-type]  # MISTAKE


def bool_as_size() -> Any:
    return nn.Linear(True)(frames())  # MISTAKE


def nothing_as_size() -> Any:
    return nn.Linear(None)(frames())  # type: ignore[arg-type]  # MISTAKE


def length_as_size() -> Any:
    return nn.Linear(nn.Dim(None, "words"))(frames())  # MISTAKE


def vectors_in_embedding() -> Any:
    embedding = nn.Embedding(LABELS, 3)
    return embedding(frames())  # MISTAKE


def swapped_dims_of_embedding() -> Any:
    embedding = nn.Embedding(HIDDEN, LABELS)
    return embedding(classes())  # MISTAKE


def vector_in_lstm() -> Any:
    lstm = nn.Lstm(FEATURES, HIDDEN)
    return lstm(vector())[0]  # MISTAKE


def frame_in_lstm() -> Any:
    lstm = nn.Lstm(FEATURES, HIDDEN)
    with nn.Loop() as loop:
        return loop.stack(lstm(loop.unstack(frames()))[0])  # MISTAKE


def sequence_in_cell() -> Any:
    cell = nn.LstmCell(FEATURES, HIDDEN)
    y, _ = cell(frames(), cell.initial_state())  # MISTAKE
    return y


def cell_without_state() -> Any:
    cell = nn.LstmCell(FEATURES, 4)
    with nn.Loop() as loop:
        h, _ = cell(loop.unstack(frames()), None)  # type: ignore[arg-type]  # MISTAKE
        return loop.stack(h)


def cell_with_its_output_as_state() -> Any:
    cell = nn.LstmCell(FEATURES, HIDDEN)
    loop = nn.Loop()
    loop.state.h = nn.zeros([nn.batch_dim, HIDDEN])
    with loop:
        loop.state.h, _ = cell(loop.unstack(frames()), loop.state.h)  # MISTAKE
        return loop.stack(loop.state.h)


def cell_state_of_other_size() -> Any:
    cell, other = nn.LstmCell(FEATURES, 4), nn.LstmCell(FEATURES, 3)
    loop = nn.Loop()
    loop.state.cell = other.initial_state()
    with loop:
        h, loop.state.cell = cell(loop.unstack(frames()), loop.state.cell)  # MISTAKE
        return loop.stack(h)


def result_of_cell_not_parted() -> Any:
    cell = nn.LstmCell(FEATURES, HIDDEN)
    loop = nn.Loop()
    loop.state.cell = cell.initial_state()
    with loop:
        y = cell(loop.unstack(frames()), loop.state.cell)
        return loop.stack(y)  # type: ignore[arg-type]  # MISTAKE


def window_with_one_frame_as_state() -> Any:
    window = nn.Window(FEATURES, 3)
    loop = nn.Loop()
    loop.state.window = start()
    with loop:
        y, loop.state.window = window(loop.unstack(frames()), loop.state.window)  # MISTAKE
        return loop.stack(y)


def query_and_frames_swapped() -> Any:
    attention = nn.DotAttention(FEATURES, FEATURES, 3)
    return attention(frames(), vector())  # MISTAKE


def sequence_attends_to_itself() -> Any:
    attention = nn.DotAttention(FEATURES, FEATURES, 3)
    return attention(frames(), frames())  # MISTAKE


def query_of_another_dim() -> Any:
    attention = nn.AdditiveAttention(HIDDEN, FEATURES, 3)
    return attention(vector(), frames())  # MISTAKE


def norm_over_another_dim() -> Any:
    norm = nn.LayerNorm(HIDDEN)
    return norm(frames())  # MISTAKE


def unknown_argument() -> Any:
    linear = nn.Linear(FEATURES, 3)
    return linear(frames(), activation="tanh")  # MISTAKE


def one_argument_too_many() -> Any:
    linear = nn.Linear(FEATURES, 3)
    return linear(frames(), frames())  # MISTAKE


def argument_left_out() -> Any:
    window = nn.Window(FEATURES, 3)
    with nn.Loop() as loop:
        return loop.stack(window(loop.unstack(frames())))  # MISTAKE


def module_without_forward() -> Any:
    class Nameless(nn.Module):
        def call(self, x: nn.Tensor) -> nn.Tensor:
            return x

    return Nameless()(frames())  # MISTAKE


def module_that_calls_itself() -> Any:
    class Endless(nn.Module):
        def forward(self, x: nn.Tensor) -> Any:
            return self(x)  # MISTAKE

    return Endless()(frames())


def parameter_that_is_no_attribute() -> Any:
    weight = nn.Parameter([FEATURES, LABELS])
    return nn.dot(frames(), weight)  # MISTAKE


def forward_of_a_module_that_is_no_attribute() -> Any:
    linear = nn.Linear(FEATURES, 3)
    return linear.forward(frames())  # MISTAKE


def parameter_with_lengths() -> Any:
    return nn.Parameter([TIME, FEATURES])  # MISTAKE


def parameter_of_one_int() -> Any:
    return nn.Parameter(5)  # type: ignore[arg-type]  # MISTAKE


def parameter_with_a_named_initializer() -> Any:
    return nn.Parameter([FEATURES], initial="glorot")  # type: ignore[arg-type]  # MISTAKE


def set_of_modules() -> Any:
    class Layers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = {nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)}

        def forward(self, x: nn.Tensor) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

    return Layers()(frames())  # MISTAKE


PROGRAMS = [
    Wrong(swapped_dims, ["Linear 'linear'", "hidden=5", "'data' [batch, time, features=5]", "Linear(in_dim, out_dim)"]),
    Wrong(other_dim_of_that_size, ["hidden=5", "feature dim features=5", "two dims: use one Dim object"]),
    Wrong(labels_in_linear, ["in_dim features=5", "'classes' [batch, time]", "nn.Embedding(labels, dim)"]),
    Wrong(list_with_a_number, ["<number 1.0>", "no feature dim"]),
    Wrong(three_dims, ["Linear(in_dim, out_dim)", "3 dims"]),
    Wrong(tensor_as_size, ["'data' [batch, time, features=5]", "nn.Linear(size)(x)"]),
    Wrong(float_as_size, ["a Dim or an int of at least 1, not 5.0"]),
    Wrong(bool_as_size, ["a Dim or an int of at least 1, not True"]),
    Wrong(nothing_as_size, ["a Dim or an int of at least 1, not None"]),
    Wrong(length_as_size, ["words", "[features=5, words]", "fixed sizes"]),
    Wrong(vectors_in_embedding, ["labels of labels=7", "'data' [batch, time, features=5]", "nn.Linear"]),
    Wrong(swapped_dims_of_embedding, ["labels of hidden=5", "labels of labels=7", "Embedding(labels, dim)"]),
    Wrong(vector_in_lstm, ["whole sequence", "'vector' [batch, features=5]", "nn.LstmCell"]),
    Wrong(frame_in_lstm, ["whole sequence", "rec_unstack [batch, features=5]", "nn.LstmCell"]),
    Wrong(sequence_in_cell, ["[batch, time, hidden=5]", "'data' [batch, time, features=5]", "nn.Lstm for the whole"]),
    Wrong(cell_without_state, ["LstmCell wants its state", "not None", "cell.initial_state()"]),
    Wrong(cell_with_its_output_as_state, ["LstmCell wants its state, h and c, not tensor", "cell.initial_state()"]),
    Wrong(cell_state_of_other_size, ["state h of LstmCell must be [batch, 4]", "state 'cell.h' [batch, 3]"]),
    Wrong(result_of_cell_not_parted, ["(tensor, LstmState(tensor, tensor))", "y, state = module(x, state)"]),
    Wrong(
        window_with_one_frame_as_state, ["the 2 before", "state 'window' [batch, features=5]", "window.initial_state()"]
    ),
    Wrong(query_and_frames_swapped, ["DotAttention(query, frames)", "'vector' [batch, features=5]", "swapped?"]),
    Wrong(sequence_attends_to_itself, ["'data' [batch, time, features=5]", "axis time itself", "nn.replace_dim"]),
    Wrong(query_of_another_dim, ["Linear 'additive_attention/query'", "hidden=5", "'vector' [batch, features=5]"]),
    Wrong(norm_over_another_dim, ["no axis hidden=5", "'features' has the same size", "use one Dim object"]),
    Wrong(unknown_argument, ["Linear.forward(x)", "unexpected keyword argument 'activation'"]),
    Wrong(one_argument_too_many, ["Linear.forward(x)", "2 positional arguments but 3 were given"]),
    Wrong(argument_left_out, ["Window.forward(x, state)", "missing 1 required positional argument: 'state'"]),
    Wrong(module_without_forward, ["Nameless does not define forward(...)"]),
    Wrong(module_that_calls_itself, ["forward of Endless", "call themselves?"]),
    Wrong(
        parameter_that_is_no_attribute, ["Parameter([features=5, labels=7]) has no name", "an attribute of a Module"]
    ),
    Wrong(forward_of_a_module_that_is_no_attribute, ["has no name", "call modules, not their forward"]),
    Wrong(parameter_with_lengths, ["time of [time, features=5]", "fixed sizes"]),
    Wrong(parameter_of_one_int, ["dims come as a list, even a single one: [5]"]),
    Wrong(parameter_with_a_named_initializer, ["nn.Uniform, nn.Normal, nn.Constant", "not 'glorot'"]),
    Wrong(set_of_modules, ["attribute 'layers' is a set", "use a list"]),
]


@pytest.mark.parametrize("wrong", PROGRAMS, ids=lambda wrong: name_of(wrong.model))
def test_error(wrong: Wrong) -> None:
    check_error(wrong)


def test_error_of_forward_itself_is_not_taken_for_a_wrong_call() -> None:
    """Only arguments that do not fit are told as such; what fails within comes out as it is."""

    class Broken(nn.Module):
        def forward(self, x: nn.Tensor) -> Any:
            return len(5)  # type: ignore[arg-type]

    with pytest.raises(TypeError, match=re.escape("object of type 'int' has no len()")):
        nn.Network(lambda: Broken()(frames()))


class Layered(nn.Module):
    """Modules in a list and a dict, without a call of ``super().__init__()``."""

    def __init__(self) -> None:
        self.layers = [nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)]
        self.heads = {"a": nn.Linear(FEATURES, 2)}

    def forward(self) -> nn.Tensor:
        x = frames()
        for layer in self.layers:
            x = layer(x)
        return self.heads["a"](x)


def test_modules_in_lists_and_dicts_are_found() -> None:
    modules = ["layers/0", "layers/1", "heads/a"]
    assert set(nn.Network(Layered()).parameters) == {f"{name}/{part}" for name in modules for part in ("W", "b")}


def test_copy_of_a_module_has_parameters_and_states_of_its_own() -> None:
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.total = nn.State([nn.batch_dim, FEATURES], initial=0)
            self.scale = nn.Parameter([FEATURES], initial=1.0)

        def forward(self, x: nn.Tensor) -> nn.Tensor:
            self.total.assign(self.total.get() + self.scale * x)
            return self.total.get()

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = Counter()
            self.second = copy.deepcopy(self.first)
            self.again = self.first

        def forward(self) -> tuple[nn.Tensor, ...]:
            with nn.Loop() as loop:
                x = loop.unstack(frames())
                return loop.stack(self.first(x)), loop.stack(self.second(x)), loop.stack(self.again(x))

    network = nn.Network(Two())
    assert set(network.parameters) == {"first/scale", "second/scale"}
    run = nn.run_numpy(network, FEEDS, {"first/scale": numpy.ones(5), "second/scale": numpy.full(5, 3.0)})
    first, second, again = (run.outputs[name].value for name in "012")
    numpy.testing.assert_allclose(first[0, 0] * 3.0, second[0, 0], rtol=1e-6)
    numpy.testing.assert_allclose(first[0, 0] * 2.0, again[0, 0], rtol=1e-6)


def test_list_of_modules_may_have_other_attributes() -> None:
    class Stack(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Linear(FEATURES, 3), nn.tanh)
            self.rate = 0.1

    stack = Stack()
    assert len(stack) == 2 and list(stack)[1] is nn.tanh
    assert len(nn.ModuleList([nn.Linear(3)])) == 1
    assert set(nn.Network(lambda: stack(frames())).parameters) == {"stack/0/W", "stack/0/b"}
