"""What is allowed but most likely not meant (rule L9), and good programs, which nothing is said about."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from recipe import nn

from ..inputs import FEATURES, LABELS, classes, frames, other_frames, vector
from .wrong_programs import HIDDEN, Wrong, check_parts, check_warning, name_of, start, warnings_of


class OwnState(NamedTuple):
    """The state of a cell of the user's own."""

    h: nn.Tensor
    count: nn.Tensor


class OwnCell(nn.Module):
    """A cell of the user's own."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, HIDDEN)

    def initial_state(self) -> OwnState:
        """Zeros."""
        return OwnState(nn.zeros([nn.batch_dim, HIDDEN]), nn.zeros([nn.batch_dim]))

    def forward(self, x: nn.Tensor, state: OwnState) -> tuple[nn.Tensor, OwnState]:
        h = nn.tanh(self.linear(x) + state.h)
        return h, OwnState(h, state.count + 1.0)


# states that start anew in each step


def initial_state_in_the_body() -> Any:
    cell = nn.LstmCell(FEATURES, HIDDEN)
    with nn.Loop() as loop:
        h, _ = cell(loop.unstack(frames()), cell.initial_state())  # MISTAKE
        return loop.stack(h)


def initial_state_from_before() -> Any:
    cell = nn.LstmCell(FEATURES, HIDDEN)
    start_state = cell.initial_state()
    with nn.Loop() as loop:
        h, _ = cell(loop.unstack(frames()), start_state)  # MISTAKE
        return loop.stack(h)


def initial_state_rebound() -> Any:
    cell = nn.LstmCell(FEATURES, HIDDEN)
    state = cell.initial_state()
    with nn.Loop() as loop:
        h, state = cell(loop.unstack(frames()), state)  # MISTAKE
        return loop.stack(h)


def zeros_in_the_body() -> Any:
    cell = nn.LstmCell(FEATURES, HIDDEN)
    with nn.Loop() as loop:
        zero = nn.zeros([nn.batch_dim, HIDDEN])
        h, _ = cell(loop.unstack(frames()), nn.LstmState(zero, zero))  # MISTAKE
        return loop.stack(h)


def final_state_of_the_encoder_in_each_step() -> Any:
    _, state = nn.Lstm(FEATURES, HIDDEN)(frames())
    cell = nn.LstmCell(FEATURES, HIDDEN)
    with nn.Loop() as loop:
        h, _ = cell(loop.unstack(other_frames()), state)  # MISTAKE
        return loop.stack(h)


def initial_state_of_an_own_cell() -> Any:
    cell = OwnCell()
    with nn.Loop() as loop:
        h, _ = cell(loop.unstack(frames()), cell.initial_state())  # MISTAKE
        return loop.stack(h)


def initial_state_by_keyword() -> Any:
    cell = OwnCell()
    with nn.Loop() as loop:
        h, _ = cell(loop.unstack(frames()), state=cell.initial_state())  # MISTAKE
        return loop.stack(h)


def initial_state_of_a_window() -> Any:
    window = nn.Window(FEATURES, 3)
    with nn.Loop() as loop:
        y, _ = window(loop.unstack(frames()), window.initial_state())  # MISTAKE
        return loop.stack(y)


class Helper(nn.Module):
    """Hides the state of its cell."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LstmCell(FEATURES, HIDDEN)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        h, _ = self.cell(x, self.cell.initial_state())  # MISTAKE
        return h


class InitialStateInAHelper(nn.Module):
    """The mistake is in a module that is called in the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.helper = Helper()

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(self.helper(loop.unstack(frames())))


# Python variables that are bound anew, as in a loop of Python


def variable_for_a_state() -> Any:
    linear = nn.Linear(FEATURES)
    h = start()
    with nn.Loop() as loop:
        h = nn.tanh(linear([h, loop.unstack(frames())]))  # MISTAKE
        return loop.stack(h)


def variable_for_a_state_from_outside() -> Any:
    h = nn.tanh(vector())
    with nn.Loop() as loop:
        h = h + loop.unstack(frames())  # MISTAKE
        return loop.stack(h)


def variables_in_a_list() -> Any:
    states = [start(), start()]
    with nn.Loop() as loop:
        states[1] = states[1] + loop.unstack(frames())  # MISTAKE
        return loop.stack(states[1])


def variable_in_a_dict() -> Any:
    states = {"h": start()}
    with nn.Loop() as loop:
        states["h"] = states["h"] + loop.unstack(frames())  # MISTAKE
        return loop.stack(states["h"])


def variables_of_a_stack_of_layers() -> Any:
    states = [start(), start()]
    with nn.Loop() as loop:
        h = loop.unstack(frames())
        for index in range(2):
            h = states[index] = h + states[index]  # MISTAKE
        return loop.stack(h)


def number_for_a_sum() -> Any:
    total: Any = 0.0
    with nn.Loop() as loop:
        total = total + nn.reduce_sum(loop.unstack(frames()))  # MISTAKE
        return loop.stack(total)


class AttributeForAState(nn.Module):
    """Keeps the state as PyTorch modules sometimes do."""

    def forward(self) -> nn.Tensor:
        self.h = start()
        with nn.Loop() as loop:
            self.h = self.h + loop.unstack(frames())  # MISTAKE
            return loop.stack(self.h)


# states


def state_never_assigned() -> Any:
    loop = nn.Loop()
    loop.state.s = start()
    with loop:
        return loop.stack(loop.unstack(frames()) + loop.state.s)  # MISTAKE


def new_value_in_a_variable() -> Any:
    loop = nn.Loop()
    loop.state.h = start()
    with loop:
        h = loop.state.h + loop.unstack(frames())  # MISTAKE
        return loop.stack(h)


def state_misspelled_where_assigned() -> Any:
    loop = nn.Loop()
    loop.state.hidden = start()
    with loop:
        loop.state.hiden = loop.state.hidden + loop.unstack(frames())  # MISTAKE
        return loop.stack(loop.state.hiden)


def state_misspelled_before_the_loop() -> Any:
    loop = nn.Loop()
    loop.state.hiden = nn.ones([nn.batch_dim, FEATURES])  # MISTAKE
    with loop:
        loop.state.hidden = loop.state.hidden + loop.unstack(frames())
        return loop.stack(loop.state.hidden)


def dict_changed_after_it_was_assigned() -> Any:
    loop = nn.Loop()
    s = {"h": start()}
    loop.state.s = s
    with loop:
        s["h"] = loop.unstack(frames())
        return loop.stack(loop.state.s["h"] + s["h"])  # MISTAKE


# others


class MadeInEachCall(nn.Module):
    """Parameters are not shared between its calls."""

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        return nn.Linear(FEATURES, FEATURES)(x)  # MISTAKE


class CalledTwice(nn.Module):
    """Calls it twice."""

    def __init__(self) -> None:
        super().__init__()
        self.part = MadeInEachCall()

    def forward(self) -> nn.Tensor:
        return self.part(self.part(frames()))


def probabilities_as_logits() -> Any:
    probabilities = nn.softmax(nn.Linear(FEATURES, LABELS)(frames()))
    nn.cross_entropy(probabilities, classes()).mark_as_loss()  # MISTAKE


def choice_from_probabilities_as_logits() -> Any:
    with nn.Loop() as loop:
        probabilities = nn.softmax(nn.Linear(FEATURES, LABELS)(loop.unstack(frames())))
        return loop.stack(nn.choice(probabilities, search=nn.BeamSearch(3)))  # MISTAKE


def label_that_does_not_exist() -> Any:
    return classes() == 7  # MISTAKE


def search_without_limit() -> Any:
    embedding, linear = nn.Embedding(LABELS, HIDDEN), nn.Linear(HIDDEN, LABELS)
    loop = nn.Loop()
    loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
    with loop:  # MISTAKE
        loop.state.label = nn.choice(linear(embedding(loop.state.label)), search=nn.BeamSearch(3))
        loop.end(loop.state.label == 0)
        return loop.stack(loop.state.label)


ANEW = ["LstmCell gets the same state in each step", "loop.state.lstm_cell = lstm_cell.initial_state()"]
OWN = ["OwnCell gets the same state in each step", "h, loop.state.own_cell = own_cell(x, loop.state.own_cell)"[3:]]
PROGRAMS = [
    Wrong(initial_state_in_the_body, [*ANEW, "y, loop.state.lstm_cell = lstm_cell(x, loop.state.lstm_cell)"]),
    Wrong(initial_state_from_before, ANEW),
    Wrong(initial_state_rebound, ANEW),
    Wrong(zeros_in_the_body, ANEW),
    Wrong(final_state_of_the_encoder_in_each_step, ANEW),
    Wrong(initial_state_of_an_own_cell, OWN),
    Wrong(initial_state_by_keyword, OWN),
    Wrong(initial_state_of_a_window, ["Window gets the same state in each step", "window.initial_state()"]),
    Wrong(variable_for_a_state, ["h is read in the loop", "loop.state.h = h before the loop", "in place of h"]),
    Wrong(variable_for_a_state_from_outside, ["h is read in the loop", "does not carry Python variables on"]),
    Wrong(variables_in_a_list, ["states[1] is read in the loop", "loop.state.states"]),
    Wrong(variable_in_a_dict, ["states['h'] is read in the loop", "loop.state.states"]),
    Wrong(
        variables_of_a_stack_of_layers, ["states[0] is read in the loop", "loop.state.states = states before the loop"]
    ),
    Wrong(number_for_a_sum, ["total is read in the loop", "loop.state.total = total before the loop"]),
    Wrong(AttributeForAState, ["self.h is read in the loop", "loop.state.h = self.h before the loop"]),
    Wrong(state_never_assigned, ["state 's' is read in the loop, but never assigned", "loop.state.NAME = ..."]),
    Wrong(new_value_in_a_variable, ["state 'h' is read in the loop, but never assigned"]),
    Wrong(state_misspelled_where_assigned, ["state 'hidden' is read in the loop, but never assigned"]),
    Wrong(
        state_misspelled_before_the_loop, ["loop.state.hiden", "neither reads nor assigns", "Did you mean 'hidden'?"]
    ),
    Wrong(dict_changed_after_it_was_assigned, ["state \"s['h']\" is read in the loop, but never assigned"]),
    Wrong(probabilities_as_logits, ["probabilities <softmax [batch, time, labels=7], line", "what goes into softmax"]),
    Wrong(choice_from_probabilities_as_logits, ["probabilities <softmax [batch, labels=7], line", "input_type='prob'"]),
    Wrong(label_that_does_not_exist, ["'classes' [batch, time]", "never 7", "labels=7 are 0 to 6"]),
    Wrong(search_without_limit, ["no limit", "nn.Loop(max_seq_len=...)"]),
]


@pytest.mark.parametrize("wrong", PROGRAMS, ids=lambda wrong: name_of(wrong.model))
def test_warning(wrong: Wrong) -> None:
    check_warning(wrong)


def test_initial_state_in_a_helper() -> None:
    told = warnings_of(InitialStateInAHelper)
    line = Helper.forward.__code__.co_firstlineno + 1
    assert [(warning.filename, warning.lineno) for warning in told] == [(__file__, line)]
    check_parts(str(told[0].message), ["LstmCell gets the same state", "loop.state.cell = cell.initial_state()"])


def test_module_made_in_each_call() -> None:
    told = warnings_of(CalledTwice)
    line = MadeInEachCall.forward.__code__.co_firstlineno + 1
    assert [(warning.filename, warning.lineno) for warning in told] == [(__file__, line)]
    check_parts(str(told[0].message), ["part/linear and part/linear_2", "in __init__: self.linear = nn.Linear(...)"])


@pytest.mark.parametrize("lazy", [False, True], ids=["known sizes", "sizes of the first input"])
def test_parameters_that_nothing_depends_on(lazy: bool) -> None:
    class Forgetful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used = nn.Linear(FEATURES, LABELS)
            self.forgotten = nn.Linear(LABELS) if lazy else nn.Linear(FEATURES, LABELS, with_bias=False)

        def forward(self) -> None:
            nn.cross_entropy(self.used(frames()), classes()).mark_as_loss()

    told = warnings_of(Forgetful)
    check_parts(str(told[0].message), ["no output and no loss depends on these parameters: forgotten/W."])
    assert len(told) == 1 and told[0].filename.endswith("wrong_programs.py")  # where the network is made


def test_a_line_is_warned_of_once() -> None:
    """However many networks are made of the model; as other warnings of Python."""
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            nn.Network(label_that_does_not_exist)
    assert len(caught) == 1
